"""What the provider plugins create and change, noted durably before an engine hears of it.

The engine writes down that it is about to create a resource, asks a provider to do so, and writes down the answer. Its
state can't tell what became of a creation whose answer it did not live to write down; these notes can. Each connection
of an engine to a provider has a folder of them. They hold inputs and outputs, and so are sealed with the sandbox's key.
"""

from __future__ import annotations

import base64
import json
import secrets
import shutil
import threading
import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox import files
from sandbox.home import Home

if TYPE_CHECKING:
    from sandbox.secrets import Vault

_HEARD = "heard"
_PROVIDER = "provider"


@dataclass(frozen=True)
class Made:
    """A resource that exists."""

    response: bytes
    """The CreateResponse of the provider's protocol."""
    reasons: tuple[str, ...] = ()
    """Why it is not ready."""


@dataclass(frozen=True)
class Creation:
    """One attempt to create a resource."""

    path: Path
    urn: str
    token: str
    """Told to the cloud with the request, which answers the same token only once."""
    request: bytes
    """The CreateRequest of the provider's protocol."""
    made: Made | None = None
    refused: str | None = None
    """Why nothing was made."""

    @property
    def ended(self) -> bool:
        return self.made is not None or self.refused is not None


class Notes:
    """The creations and changes of one connection."""

    def __init__(self, home: Home, folder: Path) -> None:
        self._home, self.folder = home, folder
        self._lock = threading.Lock()
        self._count = 0
        self._provider: dict[str, Any] = {}

    @classmethod
    def new(cls, home: Home, package: str) -> Notes:
        """Those of a new connection to the provider ``package``. Nothing is written before the first change."""
        notes = cls(home, _root(home) / f"{time.time_ns():020}-{secrets.token_hex(4)}")
        notes._provider = {"package": package, "configure": ""}
        return notes

    def configured(self, request: bytes) -> None:
        """Remember the ConfigureRequest: whoever ends a creation needs a provider like the one that began it."""
        self._provider["configure"] = _text(request)

    def begin(self, urn: str, request: bytes) -> Creation:
        """Note that ``urn`` is about to be created."""
        creation = Creation(self._new("created"), urn, secrets.token_hex(16), request)
        self.write(creation)
        return creation

    def write(self, creation: Creation) -> None:
        made = creation.made
        self._write(
            creation.path,
            {
                "urn": creation.urn,
                "token": creation.token,
                "request": _text(creation.request),
                "made": made and {"response": _text(made.response), "reasons": made.reasons},
                "refused": creation.refused,
            },
        )

    def end(self, creation: Creation, *, made: Made | None = None, refused: str | None = None) -> None:
        """Note what became of ``creation``."""
        self.write(replace(creation, made=made, refused=refused))

    def change(self, urn: str) -> None:
        """Note that ``urn`` is about to be updated or deleted."""
        files.write(self._new("changed"), urn)

    @property
    def changed(self) -> list[str]:
        """The URNs that were, or may have been, updated or deleted."""
        return [path.read_text() for path in sorted(self.folder.glob("changed-*"))]

    def hear(self) -> None:
        """Note that the engine came to its end in good order: it heard all answers."""
        if self.folder.exists():
            (self.folder / _HEARD).touch()

    @property
    def heard(self) -> bool:
        return (self.folder / _HEARD).exists()

    @property
    def provider(self) -> tuple[str, bytes]:
        """The provider's package and its ConfigureRequest."""
        content = self._read(self.folder / _PROVIDER)
        return content["package"], base64.b64decode(content["configure"])

    def all(self) -> list[Creation]:
        """The creations, oldest first."""
        return [self._creation(path) for path in sorted(self.folder.glob("created-*"))]

    def forget(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _new(self, kind: str) -> Path:
        """The path of the next note."""
        with self._lock:
            if self._count == 0:
                self._write(self.folder / _PROVIDER, self._provider)
            self._count += 1
            return self.folder / f"{kind}-{self._count:06}"

    def _creation(self, path: Path) -> Creation:
        content = self._read(path)
        made = content["made"]
        return Creation(
            path,
            content["urn"],
            content["token"],
            base64.b64decode(content["request"]),
            made and Made(base64.b64decode(made["response"]), tuple(made["reasons"])),
            content["refused"],
        )

    @cached_property
    def _vault(self) -> Vault:
        # Only here, as it imports a library that most commands do not need.
        from sandbox.secrets import Vault

        return Vault(self._home.root / "secrets.key")

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        sealed = self._vault.encrypt(_text(json.dumps(content).encode()))
        files.write(path, sealed, mode=files.PRIVATE)

    def _read(self, path: Path) -> dict[str, Any]:
        return json.loads(base64.b64decode(self._vault.decrypt(path.read_text())))


def noted(home: Home) -> list[Notes]:
    """The notes of all connections that changed something, oldest first."""
    root = _root(home)
    if not root.exists():
        return []
    return [Notes(home, folder) for folder in sorted(root.iterdir()) if (folder / _PROVIDER).exists()]


def _root(home: Home) -> Path:
    return home.root / "creations"


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
