"""docs/benchmarks.md, from what was measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from benchmarks.figures import Figure, exponent, marginal
from benchmarks.growth import SWITCHES, Growth
from benchmarks.running import Run
from benchmarks.stacks import STEPS, StackFigures

_MIB = 1024 * 1024


@dataclass
class Results:
    """Everything that one ``make bench`` measured; what was not stays empty and is said so."""

    stacks: list[StackFigures] = field(default_factory=list[StackFigures])
    cold: list[Run] = field(default_factory=list[Run])
    previews: Growth = field(default_factory=Growth)
    ups: dict[str, Growth] = field(default_factory=dict[str, Growth])


def machine() -> str:
    """The machine in a sentence."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB of memory, {platform.system()} "
        f"{platform.release().split('-')[0]}, Python {platform.python_version()}"
    )


def text(results: Results) -> str:
    return "\n".join(_lines(results)) + "\n"


def _lines(results: Results) -> Iterator[str]:
    yield "# Benchmarks"
    yield ""
    yield f"Written by `make bench` on {date.today().isoformat()}: {machine()}."
    yield "Seconds are medians, with the lowest and the highest. The flat twin is a program generated from the stack:"
    yield "as many resources of the same types, with the same properties and references, registered one after"
    yield "the other through the same providers. Both take turns in the same sandboxes."
    yield ""
    for stack in results.stacks:
        yield from _stack(stack)
    if results.cold:
        seconds = Figure.of([run.seconds for run in results.cold])
        yield "## First set-up"
        yield ""
        yield f"`make up` with an empty home folder, with all of the toolchain: {seconds}; {len(results.cold)} runs."
        yield ""
    if results.previews.seconds:
        yield from _growth(results)


def _stack(figures: StackFigures) -> Iterator[str]:
    platform_, flat = figures.platform, figures.flat
    repeats = len(figures.set_up)
    yield f"## {figures.stack}: {platform_.resources} resources, {repeats} times"
    yield ""
    yield "| | Platform | ms each | Flat twin | ms each | Ratio |"
    yield "|---|---|---|---|---|---|"
    for step in STEPS:
        yield (
            f"| {step} | {platform_.seconds(step)} | {platform_.milliseconds_each(step):.1f} | {flat.seconds(step)} | "
            f"{flat.milliseconds_each(step):.1f} | {figures.ratio(step):.2f} |"
        )
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| Start of an empty sandbox, toolchain there | {Figure.of([run.seconds for run in figures.set_up])} |"
    yield f"| Program, at most | {platform_.program_bytes / _MIB:.0f} MiB |"
    yield f"| Engine, at most | {platform_.engine_bytes / _MIB:.0f} MiB |"
    yield f"| The sandbox's processes after an up, at most | {figures.sandbox_bytes / _MIB:.0f} MiB |"
    yield ""


def _growth(results: Results) -> Iterator[str]:
    yield "## Growth"
    yield ""
    previews = results.previews
    yield "First preview of web applications, each of 12 resources:"
    yield ""
    yield from _table("Applications", previews.seconds, {"Seconds": previews.seconds})
    yield ""
    yield (
        f"It grows with the {exponent(previews.seconds):.2f}th power of their number, and without the time that any "
        f"preview takes with the {exponent(_without_first(marginal(previews.seconds))):.2f}th."
    )
    yield ""
    yield "![Growth of preview](benchmarks/preview.svg)"
    yield ""
    yield "Up of small objects (ConfigMaps), by the engine's switches for the file backend:"
    yield ""
    sizes = next(iter(results.ups.values())).seconds
    yield from _table("Objects", sizes, {name: growth.seconds for name, growth in results.ups.items()})
    yield ""
    for name, growth in results.ups.items():
        variables = ", ".join(f"`{variable}`" for variable in SWITCHES[name]) or "no variable"
        yield f"- {name} ({variables}): exponent {exponent(growth.seconds):.2f}"
    yield ""
    yield "![Growth of up](benchmarks/up.svg)"
    yield ""


def _table(
    head: str, sizes: Sequence[int] | Mapping[int, float], columns: Mapping[str, Mapping[int, float]]
) -> Iterator[str]:
    yield f"| {head} | {' | '.join(columns)} |"
    yield f"|---|{'---|' * len(columns)}"
    for size in sizes:
        yield f"| {size} | {' | '.join(f'{points[size]:.1f} s' for points in columns.values())} |"


def _without_first(points: dict[int, float]) -> dict[int, float]:
    return dict(list(points.items())[1:])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
