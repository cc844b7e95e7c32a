"""What the provider plugins create and change, noted durably before an engine hears of it.

The engine writes down that it is about to create a resource, asks a provider to do so, and writes down the answer. Its
state can't tell what became of a creation whose answer it did not live to write down; these notes can. Each connection
of an engine to a provider has a folder of them. They hold inputs and outputs, and so are sealed with the sandbox's key.
"""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
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
_ENDED = ".ended"
"""Ends the name of a note of a change that has come to its end."""


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
    failed: bool = False
    """Whether a defect of the sandbox kept it from its end."""

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
                "failed": creation.failed,
            },
        )

    def end(self, creation: Creation, *, made: Made | None = None, refused: str | None = None) -> None:
        """Note what became of ``creation``."""
        self.write(replace(creation, made=made, refused=refused))

    def change(self, urn: str) -> Path:
        """Note that ``urn`` is about to be updated or deleted. Returns the note."""
        return files.write(self._new("changed"), urn)

    def end_change(self, note: Path) -> None:
        """Note that the change of ``note`` was made, or refused."""
        note.rename(note.with_name(f"{note.name}{_ENDED}"))

    def hear(self) -> None:
        """Note that the engine came to its end in good order: it heard of all that has ended."""
        if self.folder.exists():
            files.write(self.folder / _HEARD, "\n".join(path.name for path in self._ended()))

    def forget_ended(self) -> None:
        """Forget what has ended, and all once nothing is open: whoever comes next has to bring the rest to its end."""
        for path in self._ended():
            path.unlink(missing_ok=True)
        if not any(self.folder.glob("c*-*")):
            self.forget()

    @property
    def unheard(self) -> list[Creation]:
        """The creations whose end no engine may have heard of, oldest first."""
        heard = self._heard()
        return [creation for creation in self.all() if creation.path.name not in heard]

    @property
    def unheard_changes(self) -> list[str]:
        """The URNs that were, or may have been, updated or deleted, and no engine may have heard of it."""
        heard = self._heard()
        return [urn for path, urn in _texts(self.folder.glob("changed-*")) if path.name not in heard]

    @property
    def provider(self) -> tuple[str, bytes]:
        """The provider's package and its ConfigureRequest."""
        content = self._unsealed((self.folder / _PROVIDER).read_text())
        return content["package"], base64.b64decode(content["configure"])

    def all(self) -> list[Creation]:
        """The creations, oldest first."""
        return [self._creation(path, text) for path, text in _texts(self.folder.glob("created-*"))]

    def forget(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _heard(self) -> set[str]:
        path = self.folder / _HEARD
        return set(path.read_text().split()) if path.exists() else set()

    def _ended(self) -> list[Path]:
        ended = [creation.path for creation in self.all() if creation.ended]
        return ended + list(self.folder.glob(f"changed-*{_ENDED}"))

    def _new(self, kind: str) -> Path:
        """The path of the next note."""
        with self._lock:
            if self._count == 0:
                self._write(self.folder / _PROVIDER, self._provider)
            self._count += 1
            return self.folder / f"{kind}-{self._count:06}"

    def _creation(self, path: Path, sealed: str) -> Creation:
        content = self._unsealed(sealed)
        made = content["made"]
        return Creation(
            path,
            content["urn"],
            content["token"],
            base64.b64decode(content["request"]),
            made and Made(base64.b64decode(made["response"]), tuple(made["reasons"])),
            content["refused"],
            bool(content.get("failed")),
        )

    @cached_property
    def _vault(self) -> Vault:
        # Only here, as it imports a library that most commands do not need.
        from sandbox.secrets import Vault

        return Vault(self._home.root / "secrets.key")

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        sealed = self._vault.encrypt(_text(json.dumps(content).encode()))
        files.write(path, sealed, mode=files.PRIVATE)

    def _unsealed(self, sealed: str) -> dict[str, Any]:
        return json.loads(base64.b64decode(self._vault.decrypt(sealed)))


def noted(home: Home) -> list[Notes]:
    """The notes of all connections that changed something, oldest first."""
    root = _root(home)
    if not root.exists():
        return []
    return [Notes(home, folder) for folder in sorted(root.iterdir()) if (folder / _PROVIDER).exists()]


def _texts(paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """The contents of the notes ``paths``, oldest first."""
    for path in sorted(paths):
        with contextlib.suppress(FileNotFoundError):  # forgotten meanwhile, as its engine came to its end
            yield path, path.read_text()


def _root(home: Home) -> Path:
    return home.root / "creations"


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
