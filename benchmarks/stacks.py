"""The life of a stack, measured: from nothing to up, to a preview without change, to nothing; and its flat twin's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from benchmarks.clone import Clone, cloned, types
from benchmarks.figures import Figure
from benchmarks.flat import Program
from benchmarks.running import CommandFailed, Run

STEPS = ("first preview", "up", "no-op preview", "destroy")
_UNATTENDED = ("--yes", "--skip-preview")
_Result = TypeVar("_Result")
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

    def peak(self, part: str) -> int:
        """Bytes that ``program``, ``engine`` or ``sandbox`` had at most. Raises ValueError when none was seen."""
        peak = max(getattr(run, f"{part}_bytes") for runs in self.runs.values() for run in runs)
        if not peak:
            raise ValueError(f"no {part} was seen while it was measured")
        return peak


@dataclass
class StackFigures:
    """What was measured of one stack."""

    stack: str
    platform: Life = field(default_factory=Life)
    flat: Life = field(default_factory=Life)
    set_up: list[Run] = field(default_factory=list[Run])
    """Starts of an empty sandbox, toolchain there."""

    @property
    def start(self) -> Figure:
        return Figure.of([run.seconds for run in self.set_up])

    def ratio(self, step: str) -> float:
        """Of the medians: below 1 the platform is faster than the flat program."""
        return self.platform.milliseconds_each(step) / self.flat.milliseconds_each(step)


def measure(stack: str, repeats: int, say: Callable[[str], None]) -> StackFigures:
    """Each repetition has a sandbox of its own, in which platform and flat program take turns to be the first."""
    figures = StackFigures(stack)
    twin: Program | None = None
    for repeat in range(1, repeats + 1):
        with cloned(stack) as clone:
            figures.set_up.append(clone.sandbox("start"))
            # prod refuses to be destroyed until that is said; it costs nothing and changes only protection.
            clone.pulumi("config", "set", "--stack", stack, "platform:removalPolicy", "Delete")
            # The sandbox loads the models of AWS's services when they are asked for first: neither of the two pays.
            clone.pulumi("preview", "--stack", stack)
            if twin is not None and repeat % 2 == 0:
                say(f"{stack}, {repeat} of {repeats}: the flat twin, then the platform")
                _flat(clone, figures.flat, twin)
                _platform(clone, figures.platform)
            else:
                say(f"{stack}, {repeat} of {repeats}: the platform, then its flat twin")
                twin = _platform(clone, figures.platform)
                _flat(clone, figures.flat, twin)
    return figures


def _platform(clone: Clone, life: Life) -> Program:
    def read() -> Program:
        state = clone.state()
        life.resources = len(state)
        return Program(state)

    return _live(clone, life, clone.folder, read)


def _flat(clone: Clone, life: Life, twin: Program) -> None:
    folder = clone.folder / "flat"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(_PROJECT)
    (folder / f"Pulumi.{clone.stack}.yaml").write_text('config:\n  pulumi:disable-default-providers: ["*"]\n')
    (folder / "__main__.py").write_text(twin.source)
    (folder / ".venv").symlink_to((clone.folder / ".venv").resolve())
    clone.make_stack(folder)

    def compare() -> None:
        found = clone.resources(folder)
        life.resources = len(found)
        if types(found) != twin.types:
            raise CommandFailed(f"the flat twin has other resources than the platform: {twin.types} and {types(found)}")

    _live(clone, life, folder, compare)


def _live(clone: Clone, life: Life, folder: Path, when_up: Callable[[], _Result]) -> _Result:
    def step(name: str, *command: str) -> None:
        life.runs[name].append(clone.pulumi(*command, "--stack", clone.stack, folder=folder))

    policies = ("--policy-pack", str(clone.folder / "policies"))
    step("first preview", "preview", *policies)
    step("up", "up", *_UNATTENDED, *policies)
    result = when_up()
    step("no-op preview", "preview", "--expect-no-changes", *policies)
    step("destroy", "destroy", *_UNATTENDED)
    return result
