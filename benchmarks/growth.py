"""How preview and up grow with the number of resources, and what the engine's switches change about it."""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.clone import REPOSITORY, Clone
from benchmarks.running import CommandFailed, Run
from sandbox import backend
from sandbox.kube import KubeClient

Say = Callable[[str], None]


@dataclass(frozen=True)
class Switch:
    """A way to tell the engine how to keep the state."""

    name: str
    environ: Mapping[str, str] = field(default_factory=dict[str, str])
    arguments: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """As a user gives it."""
        return " ".join(f"`{word}`" for word in (*map("=".join, self.environ.items()), *self.arguments))


SWITCHES = (
    Switch("as it comes"),
    Switch("without checks", arguments=("--disable-integrity-checking",)),
    Switch("compressed", {"PULUMI_DIY_BACKEND_GZIP": "true"}),
    Switch("only at the end", {"PULUMI_SKIP_CHECKPOINTS": "true"}),
)
"""What the engine (3.255) has for the file backend. Its other switches change nothing of this: the one against backups
(``PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS``) leaves out one copy at the end of an update, ``DISABLE_VALIDATION``
the check of a stack's name, and journals of changes are for Pulumi's service only."""

_FAST = SWITCHES[-1]
_KIND = "kubernetes:core/v1:ConfigMap"


@dataclass
class Growth:
    """What was measured, by size; several runs of one size are one after the other."""

    runs: dict[int, list[Run]] = field(default_factory=dict[int, list[Run]])

    @property
    def seconds(self) -> dict[int, float]:
        """Medians."""
        return {size: statistics.median(run.seconds for run in runs) for size, runs in self.runs.items()}

    @property
    def program_bytes(self) -> dict[int, int]:
        return {size: max(run.program_bytes for run in runs) for size, runs in self.runs.items()}


@dataclass(frozen=True)
class Killed:
    """What an engine left that was killed in the middle."""

    made: int
    """Objects in the cluster."""
    known: int
    """Objects in the state, those in the making included."""


def previews(clone: Clone, program: str, sizes: Sequence[int], repeats: int, say: Say, **config: str) -> Growth:
    """First previews of one of the programs beside this module."""
    growth = Growth()
    for size in sizes:
        say(f"preview of {size} {program} {' '.join(config.values())}".rstrip())
        with _stack(clone, program, size, config) as folder:
            growth.runs[size] = [clone.pulumi("preview", "--stack", clone.stack, folder=folder) for _ in range(repeats)]
    return growth


def ups(clone: Clone, sizes: Sequence[int], switch: Switch, say: Say) -> Growth:
    """Ups of ``sizes`` small objects."""
    growth = Growth()
    for size in sizes:
        say(f"up of {size} objects, state {switch.name}")
        with _stack(clone, "objects", size, {}) as folder:
            growth.runs[size] = [_run(clone, "up", folder, switch)]
            _run(clone, "destroy", folder, _FAST if switch.name != "compressed" else switch)
    return growth


def killed(clone: Clone, size: int, switch: Switch, say: Say) -> Killed:
    """Kill an up of ``size`` objects when half of them are there. Raises CommandFailed when it ends before that."""
    say(f"kill an up of {size} objects, state {switch.name}")
    client = KubeClient.from_kubeconfig(clone.home.admin_kubeconfig.read_text())
    with _stack(clone, "objects", size, {}) as folder:
        process = subprocess.Popen(
            [*clone.engine, *_command(clone, "up", switch)],
            cwd=folder,
            env={**clone.environ, **switch.environ},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while _count(client) < size // 2:
            if process.poll() is not None:
                raise CommandFailed(f"an up of {size} objects ended with {process.returncode} before it was killed")
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        time.sleep(2)  # what the plugins had begun comes to its end
        backend.wait_until_free(clone.home)  # and mend what it tore
        latest = clone.latest(folder)
        known = {one["urn"] for one in latest.get("resources") or () if one["type"] == _KIND}
        known |= {one["resource"]["urn"] for one in latest.get("pending_operations") or ()}
        result = Killed(_count(client), len([urn for urn in known if _KIND in urn]))
        # It takes away what no state knows: the stack of the platform, whose plugins made it, does not.
        clone.sandbox("settle")
        if left := _count(client):
            raise CommandFailed(f"{left} objects are left of an up that was killed")
    return result


def _count(client: KubeClient) -> int:
    found = client.list("v1", "ConfigMap")
    return sum(one["metadata"]["name"].startswith("object-") for one in found)


def _run(clone: Clone, command: str, folder: Path, switch: Switch) -> Run:
    return clone.pulumi(*_command(clone, command, switch), folder=folder, **switch.environ)


def _command(clone: Clone, command: str, switch: Switch) -> list[str]:
    return [*switch.arguments, command, "--yes", "--skip-preview", "--stack", clone.stack]


@contextmanager
def _stack(clone: Clone, name: str, count: int, config: Mapping[str, str]) -> Generator[Path]:
    """A stack of its own for one of the programs, which is gone at the end."""
    folder = clone.folder / f"{name}-{count}"
    shutil.copytree(REPOSITORY / "benchmarks" / "programs" / name, folder)
    (folder / ".venv").symlink_to((clone.folder / ".venv").resolve())
    (folder / "components").symlink_to(clone.folder / "components")
    values = "".join(f'  {name}:{key}: "{value}"\n' for key, value in {"count": count, **config}.items())
    (folder / f"Pulumi.{clone.stack}.yaml").write_text(f"config:\n{values}")
    clone.make_stack(folder)
    try:
        yield folder
    finally:
        clone.pulumi("stack", "rm", clone.stack, "--yes", "--force", "--preserve-config", folder=folder)
        shutil.rmtree(folder)
