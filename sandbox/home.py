"""Where one sandbox keeps its files: a folder per stack inside the clone."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import files, ports


@dataclass(frozen=True)
class Running:
    """A process of the sandbox that has said that it listens."""

    name: str
    pid: int
    port: int
    started: float
    """Seconds since the epoch."""

    @property
    def alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        # A zombie still has a pid, but serves nobody.
        with contextlib.suppress(OSError):
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        return True


@dataclass(frozen=True)
class Home:
    """The folder of one sandbox. Everything that it writes outside of the toolchain's cache is below it."""

    root: Path

    @classmethod
    def from_environ(cls) -> Home:
        """The sandbox that SANDBOX_HOME names. Raises KeyError when the variable is not set."""
        return cls(Path(os.environ["SANDBOX_HOME"]))

    @property
    def stack(self) -> str:
        return self.root.name

    @property
    def logs(self) -> Path:
        return self._folder("logs")

    @property
    def pki(self) -> Path:
        return self._folder("pki")

    @property
    def etcd(self) -> Path:
        return self._folder("etcd")

    @property
    def backend(self) -> Path:
        return self._folder("backend")

    @property
    def pulumi_home(self) -> Path:
        return self._folder("pulumi-home")

    @property
    def admin_kubeconfig(self) -> Path:
        return self.root / "admin.kubeconfig"

    @property
    def made(self) -> bool:
        """Whether a sandbox was ever started here."""
        return self._facts.exists()

    @property
    def facts(self) -> dict[str, Any]:
        """What the CLI wrote down before anything started: tools, Kubernetes version, CRDs."""
        return json.loads(self._facts.read_text())

    def write_facts(self, facts: dict[str, Any]) -> None:
        _write(self._facts, facts)

    @property
    def _facts(self) -> Path:
        return self.root / "sandbox.json"

    @property
    def ports(self) -> dict[str, int]:
        """The ports that were ever used, by the name of what listens there."""
        path = self.root / "ports.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def port_for(self, name: str) -> int:
        """A free port for ``name``, the same one each time: addresses live on in the stack's state."""
        with files.locked(self.root / ".ports.lock"):
            known = self.ports
            if name not in known:
                known[name] = ports.choose()
                _write(self.root / "ports.json", known)
        return known[name]

    def forget_port(self, name: str) -> None:
        """Let ``port_for`` choose another one."""
        with files.locked(self.root / ".ports.lock"):
            _write(self.root / "ports.json", {other: port for other, port in self.ports.items() if other != name})

    def announce(self, name: str, pid: int, port: int) -> None:
        """Record that process ``name`` listens on ``port``."""
        _write(self._folder("run") / f"{name}.json", {"pid": pid, "port": port, "started": time.time()})

    def withdraw(self, name: str) -> None:
        (self._folder("run") / f"{name}.json").unlink(missing_ok=True)

    def running(self, name: str) -> Running | None:
        """The process ``name`` when it was announced and still lives."""
        try:
            entry = json.loads((self._folder("run") / f"{name}.json").read_text())
        except FileNotFoundError:
            return None
        process = Running(name, entry["pid"], entry["port"], entry["started"])
        return process if process.alive else None

    def processes(self) -> list[Running]:
        """All announced processes that live, by name."""
        names = sorted(path.stem for path in self._folder("run").glob("*.json"))
        return [process for name in names if (process := self.running(name)) is not None]

    def _folder(self, name: str) -> Path:
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _write(path: Path, content: dict[str, Any]) -> None:
    files.write(path, json.dumps(content, indent=2, sort_keys=True) + "\n")
