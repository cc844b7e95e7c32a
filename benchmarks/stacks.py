"""The life of a stack, measured: from nothing to up, to a preview without change, to nothing; and its flat twin's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.clone import Clone, cloned
from benchmarks.figures import Figure
from benchmarks.flat import Program
from benchmarks.running import Run

STEPS = ("first preview", "up", "no-op preview", "destroy")
_UNATTENDED = ("--yes", "--skip-preview")
_PROJECT = "name: flat\nruntime:\n  name: python\n  options:\n    virtualenv: .venv\n"


@dataclass
class Life:
    """All runs of one program."""

    resources: int = 0
    runs: dict[str, list[Run]] = field(default_factory=lambda: {step: [] for step in STEPS})

    def seconds(self, step: str) -> Figure:
        return Figure.of([run.seconds for run in self.runs[step]])

    def milliseconds_each(self, step: str) -> float:
        """Median, by resource."""
        return self.seconds(step).median * 1000 / self.resources

    @property
    def program_bytes(self) -> int:
        return max(run.program_bytes for runs in self.runs.values() for run in runs)

    @property
    def engine_bytes(self) -> int:
        return max(run.engine_bytes for runs in self.runs.values() for run in runs)


@dataclass
class StackFigures:
    """What was measured of one stack."""

    stack: str
    platform: Life = field(default_factory=Life)
    flat: Life = field(default_factory=Life)
    set_up: list[Run] = field(default_factory=list[Run])
    """Starts of an empty sandbox, toolchain there."""
    sandbox_bytes: int = 0
    """All processes of the sandbox after an up, at most."""

    def ratio(self, step: str) -> float:
        """Of the medians: below 1 the platform is faster than the flat program."""
        return self.platform.milliseconds_each(step) / self.flat.milliseconds_each(step)


def measure(stack: str, repeats: int, say: Callable[[str], None]) -> StackFigures:
    """Each repetition lives in a sandbox of its own; platform and flat program take turns in it."""
    figures = StackFigures(stack)
    for repeat in range(1, repeats + 1):
        with cloned(stack) as clone:
            say(f"{stack}, {repeat} of {repeats}: the platform")
            figures.set_up.append(clone.sandbox("start"))
            # prod refuses to be destroyed until that is said; it costs nothing and changes only protection.
            clone.pulumi("config", "set", "platform:removalPolicy", "Delete")
            source = _platform(clone, figures)
            say(f"{stack}, {repeat} of {repeats}: its flat twin")
            _flat(clone, figures.flat, source)
    return figures


def _platform(clone: Clone, figures: StackFigures) -> Program:
    life = figures.platform
    _step(life, "first preview", clone.pulumi("preview"))
    _step(life, "up", clone.pulumi("up", *_UNATTENDED))
    figures.sandbox_bytes = max(figures.sandbox_bytes, clone.resident_bytes())
    state = clone.state()
    life.resources = len(state)
    _step(life, "no-op preview", clone.pulumi("preview", "--expect-no-changes"))
    _step(life, "destroy", clone.pulumi("destroy", *_UNATTENDED))
    return Program(state)


def _flat(clone: Clone, life: Life, source: Program) -> None:
    folder = clone.folder / "flat"
    _write(folder, source, clone)
    environ = {"PULUMI_CONFIG_PASSPHRASE": "benchmark"}
    clone.pulumi("stack", "init", clone.stack, folder=folder, **environ)
    life.resources = len(source) + 1  # and the stack itself
    _step(life, "first preview", clone.pulumi("preview", folder=folder, **environ))
    _step(life, "up", clone.pulumi("up", *_UNATTENDED, folder=folder, **environ))
    _step(life, "no-op preview", clone.pulumi("preview", "--expect-no-changes", folder=folder, **environ))
    _step(life, "destroy", clone.pulumi("destroy", *_UNATTENDED, folder=folder, **environ))


def _write(folder: Path, source: Program, clone: Clone) -> None:
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(_PROJECT)
    (folder / f"Pulumi.{clone.stack}.yaml").write_text('config:\n  pulumi:disable-default-providers: ["*"]\n')
    (folder / "__main__.py").write_text(source.source)
    (folder / ".venv").symlink_to((clone.folder / ".venv").resolve())


def _step(life: Life, step: str, run: Run) -> None:
    life.runs[step].append(run)
