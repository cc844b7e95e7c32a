"""Where one sandbox keeps its files: a folder per stack inside the clone."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import files, ports, process_facts


@dataclass(frozen=True)
class Running:
    """A process of the sandbox that has said that it listens."""

    name: str
    pid: int
    port: int
    started: float
    """Seconds since the epoch."""
    identity: str = ""
    """What tells it from another process of the same pid, as there may be one after a reboot; empty when unknown."""

    @property
    def alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # somebody else's
            return False
        if self.identity and process_facts.identity(self.pid) != self.identity:
            return False
        # A zombie still has a pid, but serves nobody.
        return not process_facts.is_zombie(self.pid)


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
    def argument(self) -> str:
        """What a ``make`` command needs to mean this stack."""
        return "" if self.stack == "dev" else f" STACK={self.stack}"

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
    def kept_kubernetes(self) -> str | None:
        """The Kubernetes version of the cluster that this sandbox holds, running or not; None without a cluster."""
        with contextlib.suppress(FileNotFoundError):
            return self._cluster_version.read_text()
        return None

    def keep_kubernetes(self, version: str | None) -> None:
        if version is None:
            self._cluster_version.unlink(missing_ok=True)
        else:
            files.write(self._cluster_version, version)

    @property
    def _cluster_version(self) -> Path:
        return self.root / "cluster-version"

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
                known[name] = ports.choose(self.root, known.values())
                _write(self.root / "ports.json", known)
        return known[name]

    def forget_port(self, name: str) -> None:
        """Let ``port_for`` choose another one."""
        with files.locked(self.root / ".ports.lock"):
            _write(self.root / "ports.json", {other: port for other, port in self.ports.items() if other != name})

    def announce(self, name: str, pid: int, port: int) -> None:
        """Record that process ``name`` listens on ``port``."""
        self._record(f"{name}.json", pid, port)

    def note_start(self, name: str, pid: int) -> None:
        """Record that process ``name`` was started, and is to announce itself once it listens."""
        self._record(f"{name}.starting", pid, 0)

    def withdraw(self, name: str) -> None:
        for kind in ("json", "starting"):
            (self._folder("run") / f"{name}.{kind}").unlink(missing_ok=True)

    def running(self, name: str) -> Running | None:
        """The process ``name`` when it was announced and still lives."""
        return self._alive(f"{name}.json")

    def starting(self, name: str) -> Running | None:
        """The process ``name`` when it was started and still lives, announced or not."""
        return self._alive(f"{name}.starting")

    def processes(self) -> list[Running]:
        """All announced processes that live, by name."""
        return [process for name in self._announced() if (process := self.running(name)) is not None]

    def ended(self) -> list[str]:
        """The names of announced processes that have ended without taking leave."""
        return [name for name in self._announced() if self.running(name) is None]

    def _announced(self) -> list[str]:
        return sorted(path.stem for path in self._folder("run").glob("*.json"))

    def _record(self, file: str, pid: int, port: int) -> None:
        entry = {"pid": pid, "port": port, "started": time.time(), "identity": process_facts.identity(pid)}
        _write(self._folder("run") / file, entry)

    def _alive(self, file: str) -> Running | None:
        path = self._folder("run") / file
        try:
            entry = json.loads(path.read_text())
        except FileNotFoundError:
            return None
        process = Running(path.stem, entry["pid"], entry["port"], entry["started"], entry.get("identity", ""))
        return process if process.alive else None

    def _folder(self, name: str) -> Path:
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _write(path: Path, content: dict[str, Any]) -> None:
    files.write(path, json.dumps(content, indent=2, sort_keys=True) + "\n")
