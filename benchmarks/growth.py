"""How preview and up grow with the number of resources, and what the engine's switches change about it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.clone import REPOSITORY, Clone
from benchmarks.running import Run

SWITCHES: Mapping[str, Mapping[str, str]] = {
    "as it comes": {},
    "no backup of each state": {"PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true"},
    "no backup, no check of each state": {
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
        "PULUMI_DISABLE_VALIDATION": "true",
    },
    "state only at the end": {"PULUMI_SKIP_CHECKPOINTS": "true"},
}
"""Variables of the engine that change how the file backend keeps the state, from the safest to the fastest."""

_PASSPHRASE = {"PULUMI_CONFIG_PASSPHRASE": "benchmark"}


@dataclass
class Growth:
    """Seconds and resources by size."""

    seconds: dict[int, float] = field(default_factory=dict[int, float])
    program_bytes: dict[int, int] = field(default_factory=dict[int, int])

    def add(self, size: int, run: Run) -> None:
        self.seconds[size] = run.seconds
        self.program_bytes[size] = run.program_bytes


def previews(clone: Clone, sizes: Sequence[int], say: Callable[[str], None]) -> Growth:
    """First previews of ``sizes`` web applications."""
    growth = Growth()
    for size in sizes:
        say(f"preview of {size} web applications")
        with _program(clone, "workloads", size) as folder:
            growth.add(size, clone.pulumi("preview", folder=folder, **_PASSPHRASE))
    return growth


def ups(clone: Clone, sizes: Sequence[int], switch: str, say: Callable[[str], None]) -> Growth:
    """Ups of ``sizes`` small objects with the engine's variables of ``switch``."""
    growth = Growth()
    variables = {**_PASSPHRASE, **SWITCHES[switch]}
    for size in sizes:
        say(f"up of {size} objects, {switch}")
        with _program(clone, "objects", size) as folder:
            growth.add(size, clone.pulumi("up", "--yes", "--skip-preview", folder=folder, **variables))
            fast = {**_PASSPHRASE, **SWITCHES["state only at the end"]}
            clone.pulumi("destroy", "--yes", "--skip-preview", folder=folder, **fast)
    return growth


@contextmanager
def _program(clone: Clone, name: str, count: int) -> Generator[Path]:
    """A stack of its own for one of the programs."""
    folder = clone.folder / f"{name}-{count}"
    shutil.copytree(REPOSITORY / "benchmarks" / "programs" / name, folder)
    (folder / ".venv").symlink_to((clone.folder / ".venv").resolve())
    (folder / "components").symlink_to(clone.folder / "components")
    clone.pulumi("stack", "init", clone.stack, folder=folder, **_PASSPHRASE)
    clone.pulumi("config", "set", "count", str(count), folder=folder, **_PASSPHRASE)
    try:
        yield folder
    finally:
        clone.pulumi("stack", "rm", clone.stack, "--yes", "--force", folder=folder, **_PASSPHRASE)
        shutil.rmtree(folder)
