"""A clone of the committed tree in which a benchmark brings stacks up and down."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.running import Run, resident_bytes, run
from sandbox.home import Home

REPOSITORY = Path(__file__).parents[1]


class Clone:
    """One stack in a clone of its own."""

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
            environ=os.environ,
        )

    def pulumi(self, *arguments: str, folder: Path | None = None, **environ: str) -> Run:
        """Plain ``pulumi`` in the environment that ``make env`` prints."""
        variables = {**self.environ, **environ}
        program = shutil.which("pulumi", path=variables["PATH"]) or "pulumi"
        return run([program, "--non-interactive", *arguments], folder=folder or self.folder, environ=variables)

    @cached_property
    def environ(self) -> Mapping[str, str]:
        script = f"{self.sandbox('env').output}\nenv -0"
        answer = subprocess.run(["bash", "-c", script], capture_output=True, check=True, cwd=self.folder)
        return dict(entry.split("=", 1) for entry in answer.stdout.decode().split("\0") if "=" in entry)

    def state(self) -> list[dict[str, Any]]:
        """The stack's resources, secrets in plain."""
        exported = self.folder / "state.json"
        self.pulumi("stack", "export", "--show-secrets", "--file", str(exported))
        content: dict[str, Any] = json.loads(exported.read_text())
        exported.unlink()
        return content["deployment"]["resources"]

    def resident_bytes(self) -> int:
        """What all processes of the sandbox have in memory now."""
        return sum(resident_bytes(process.pid) for process in self.home.processes())


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
            clone.sandbox("reset")
