"""docs/benchmarks.md, from what was measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from benchmarks.figures import exponent, marginal
from benchmarks.growth import SWITCHES
from benchmarks.plot import plot
from benchmarks.results import Results
from benchmarks.stacks import STEPS, StackFigures
from sandbox.durations import exact

_MB = 1e6
_BEGIN, _END = "<!-- generated: figures -->\n", "<!-- end of generated -->\n"

_RATIO, _PREVIEW_SECONDS, _PROGRAM_MB, _SANDBOX_MB, _EXPONENT, _KEPT_MB = 1.0, 5.0, 300, 1500, 1.1, 700
"""The targets."""


def write(results: Results, docs: Path) -> None:
    """Bring the figures and the plots in ``docs`` up to date; what people have written around them stays."""
    document = docs / "benchmarks.md"
    head, begin, rest = document.read_text().partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{document} has no {_BEGIN.strip()} ... {_END.strip()}")
    document.write_text("".join((head, begin, text(results), end, tail)))
    (docs / "benchmarks").mkdir(exist_ok=True)
    for name, image in plots(results).items():
        (docs / "benchmarks" / name).write_text(image)


def text(results: Results) -> str:
    return "\n".join(_lines(results)) + "\n"


def plots(results: Results) -> dict[str, str]:
    """The images, by file name."""
    previews = {_COLLECTOR[name]: growth.seconds for name, growth in results.previews.items()}
    ups = {f"up, {name}": growth.seconds for name, growth in results.ups.items()}
    return {
        "preview.svg": plot("First preview of web applications", "web applications", "seconds", previews),
        "up.svg": plot("Small objects", "objects", "seconds", {**ups, "first preview": results.small.seconds}),
    }


_COLLECTOR = {"off": "garbage collector off", "on": "garbage collector on"}


def _lines(results: Results) -> Iterator[str]:
    yield f"Written by `make bench` on {date.today().isoformat()}: {machine()}."
    yield "Seconds are medians, with the lowest and the highest."
    yield ""
    yield from _targets(results)
    if results.cold:
        yield from _cold(results)
    for figures in results.stacks.values():
        yield from _stack(figures)
    if results.previews:
        yield from _previews(results)
    if results.ups:
        yield from _ups(results)


def _targets(results: Results) -> Iterator[str]:
    yield "| Target | Measured | Met |"
    yield "|---|---|---|"
    for figures in results.stacks.values():
        for step in STEPS:
            yield _target(
                f"{figures.stack}: {step}, against the flat twin", figures.ratio(step), _RATIO, "{:.2f} times"
            )
    if dev := results.stacks.get("dev"):
        seconds = dev.platform.seconds("no-op preview").median
        yield _target("dev: no-op preview", seconds, _PREVIEW_SECONDS, "{:.1f} s")
    if stacks := results.stacks.values():
        program = max(figures.platform.peak("program") for figures in stacks) / _MB
        sandbox = max(figures.platform.peak("sandbox") for figures in stacks) / _MB
        yield _target("program's memory", program, _PROGRAM_MB, "{:.0f} MB")
        yield _target(
            "memory of the sandbox's own processes (without program and engine)", sandbox, _SANDBOX_MB, "{:.0f} MB"
        )
    if "off" in results.previews:
        grown = exponent(results.previews["off"].seconds)
        yield _target("growth of preview, exponent", grown, _EXPONENT, "{:.2f}")
    if results.cold:
        yield from _left(results)
    yield ""


def _left(results: Results) -> Iterator[str]:
    programs = "programs that the first set-up leaves"
    if results.environment_bytes:
        yield _target(programs, (results.kept_bytes - results.environment_bytes) / _MB, _KEPT_MB, "{:.0f} MB")
    else:
        yield f"| {programs}: at most {_KEPT_MB} MB | not measured apart | |"
    yield _target("all that it leaves, with the Python environment", results.kept_bytes / _MB, _KEPT_MB, "{:.0f} MB")


def _target(what: str, measured: float, most: float, shape: str) -> str:
    met = "yes" if measured <= most else "**no**"
    return f"| {what}: at most {shape.format(most)} | {shape.format(measured)} | {met} |"


def _cold(results: Results) -> Iterator[str]:
    environment, toolchain = results.cold
    yield "## First set-up"
    yield ""
    yield "With an empty home folder, everything downloaded and compiled, once:"
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| `make environment` | {exact(environment.seconds)} |"
    yield f"| `make start`, with the toolchain | {exact(toolchain.seconds)} |"
    yield f"| The home folder then has | {results.kept_bytes / _MB:.0f} MB, {_environment(results)} |"
    yield ""


def _environment(results: Results) -> str:
    if not results.environment_bytes:
        return "the Python environment included"
    return f"{results.environment_bytes / _MB:.0f} MB of them the Python environment"


def _stack(figures: StackFigures) -> Iterator[str]:
    own, flat = figures.platform, figures.flat
    yield f"## {figures.stack}: {own.resources} resources, {len(figures.set_up)} times"
    yield ""
    yield "| | Platform | ms each | Flat twin | ms each | Ratio |"
    yield "|---|---|---|---|---|---|"
    for step in STEPS:
        yield (
            f"| {step} | {own.seconds(step)} | {own.milliseconds_each(step):.1f} | {flat.seconds(step)} | "
            f"{flat.milliseconds_each(step):.1f} | {figures.ratio(step):.2f} |"
        )
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| Start of an empty sandbox, toolchain there | {figures.start} |"
    for part, name in (("program", "Program"), ("engine", "Engine"), ("sandbox", "The sandbox's processes together")):
        yield f"| {name}, at most | {own.peak(part) / _MB:.0f} MB |"
    yield ""


def _previews(results: Results) -> Iterator[str]:
    off, on = results.previews["off"], results.previews["on"]
    yield "## Growth of preview"
    yield ""
    yield "First previews of web applications of 12 resources each, and the program's memory, without and with the"
    yield "interpreter's garbage collector:"
    yield ""
    yield "| Applications | Off | On | Off | On |"
    yield "|---|---|---|---|---|"
    for size in off.runs:
        yield (
            f"| {size} | {off.seconds[size]:.1f} s | {on.seconds[size]:.1f} s | "
            f"{off.program_bytes[size] / _MB:.0f} MB | {on.program_bytes[size] / _MB:.0f} MB |"
        )
    yield ""
    for name, growth in results.previews.items():
        yield (
            f"- {_COLLECTOR[name]}: exponent {exponent(growth.seconds):.2f}; without the time that any preview takes, "
            f"{exponent(_without_first(marginal(growth.seconds))):.2f}"
        )
    yield ""
    yield "![Growth of preview](benchmarks/preview.svg)"
    yield ""


def _ups(results: Results) -> Iterator[str]:
    yield "## Growth of up"
    yield ""
    yield "Small objects (ConfigMaps), by how the file backend keeps the state, and their first preview beside it; and"
    yield "what is in the state when the engine is killed with half of the objects made:"
    yield ""
    columns = {"First preview": results.small.seconds} | {name: one.seconds for name, one in results.ups.items()}
    yield from _table("Objects", columns)
    after = [f"{killed.known} of {killed.made}" for killed in results.killed.values()]
    yield f"| known after a kill | | {' | '.join(after)} |"
    yield ""
    yield f"- first preview: exponent {exponent(results.small.seconds):.2f}"
    for switch in SWITCHES:
        told = f" ({switch.told})" if switch.told else ""
        yield f"- {switch.name}{told}: exponent {exponent(results.ups[switch.name].seconds):.2f}"
    yield ""
    yield "![Growth of up](benchmarks/up.svg)"
    yield ""


def _table(head: str, columns: Mapping[str, Mapping[int, float]]) -> Iterator[str]:
    yield f"| {head} | {' | '.join(columns)} |"
    yield f"|---|{'---|' * len(columns)}"
    for size in next(iter(columns.values())):
        yield f"| {size} | {' | '.join(f'{points[size]:.1f} s' for points in columns.values())} |"


def _without_first(points: dict[int, float]) -> dict[int, float]:
    return dict(list(points.items())[1:])


def machine() -> str:
    """The machine in a sentence."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB of memory, {platform.system()} "
        f"{platform.release().split('-')[0]}, Python {platform.python_version()}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
