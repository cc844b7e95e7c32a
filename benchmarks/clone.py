"""A clone of the committed tree in which a benchmark brings stacks up and down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.running import Run, run
from sandbox import environment
from sandbox.engine import Engine
from sandbox.home import Home
from sandbox.stack_file import StackFile, read

REPOSITORY = Path(__file__).parents[1]

State = list[dict[str, Any]]


def bare(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` without what would change what is measured: the sandbox's conditions, the engine's switches."""
    return {name: value for name, value in environ.items() if not name.startswith(("SANDBOX_", "PULUMI_", "AWS_"))}


class Clone:
    """One stack in a clone of its own, and other projects in the same sandbox."""

    def __init__(self, folder: Path, stack: str) -> None:
        self.folder = folder
        self.stack = stack
        (folder / ".venv").symlink_to(sys.prefix)

    @property
    def home(self) -> Home:
        return Home(self.folder / ".sandbox" / self.stack)

    def sandbox(self, command: str, *arguments: str) -> Run:
        """What ``make COMMAND`` runs."""
        return run(
            [sys.executable, "-m", "sandbox", command, "--stack", self.stack, *arguments],
            folder=self.folder,
            environ=bare(os.environ),
            sandbox=self._processes,
        )

    def pulumi(self, *arguments: str, folder: Path | None = None, **environ: str) -> Run:
        """The engine as the sandbox runs it, in ``folder`` (by default the clone's own program)."""
        return run(
            [*self.engine, *arguments],
            folder=folder or self.folder,
            environ={**self.environ, **environ},
            sandbox=self._processes,
        )

    @property
    def engine(self) -> list[str]:
        """The beginning of every command of it."""
        return [str(self.home.root / "engine" / "pulumi"), "--non-interactive"]

    @cached_property
    def environ(self) -> Mapping[str, str]:
        """The engine's, without the policy pack: programs that are here to be counted only keep to no rules."""
        environ = bare(os.environ) | environment.for_engine(self.home, self._stack_file.region)
        return {name: value for name, value in environ.items() if name != environment.POLICY_PACK}

    def make_stack(self, folder: Path) -> None:
        """Make the stack of another project in ``folder``, its secrets kept as the platform's are."""
        self._engine_of(folder).ensure_stack()

    def resources(self, folder: Path | None = None) -> State:
        """What the state file says, secrets encrypted."""
        return self._engine_of(folder or self.folder).resources()

    def latest(self, folder: Path) -> dict[str, Any]:
        """The state of the project in ``folder``, with what the engine was about to do."""
        return self._engine_of(folder).export()["deployment"]

    def state(self) -> State:
        """The stack's resources, secrets in plain."""
        exported = self.folder / "state.json"
        self.pulumi("stack", "export", "--stack", self.stack, "--show-secrets", "--file", str(exported))
        content: dict[str, Any] = json.loads(exported.read_text())
        exported.unlink()
        return content["deployment"]["resources"]

    @property
    def _stack_file(self) -> StackFile:
        return read(self.folder, self.stack)

    def _engine_of(self, folder: Path) -> Engine:
        return Engine(folder, self.home, read(folder, self.stack), self.environ)

    def _processes(self) -> list[int]:
        return [process.pid for process in self.home.processes()] if self.home.root.exists() else []


def types(resources: State) -> Counter[str]:
    """How many resources of which type, the stack itself aside."""
    return Counter(str(one["type"]) for one in resources if one["type"] != "pulumi:pulumi:Stack")


@contextmanager
def cloned(stack: str) -> Generator[Clone]:
    """A fresh clone, whose sandbox is gone at the end whatever happened."""
    with TemporaryDirectory(prefix="platform-benchmark-") as scratch:
        folder = Path(scratch) / "platform"
        subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(folder)], check=True)
        clone = Clone(folder, stack)
        try:
            yield clone
        finally:
            subprocess.run(
                [sys.executable, "-m", "sandbox", "reset", "--stack", stack], cwd=folder, capture_output=True
            )
