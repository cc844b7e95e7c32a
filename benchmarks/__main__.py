"""``python -m benchmarks``: measures, prints, and writes docs/benchmarks.md. It takes about an hour.

Each part is kept as it is done, so that one can be measured again by itself, and a failure loses that part only.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import growth, report, stacks
from benchmarks.clone import REPOSITORY, bare, cloned
from benchmarks.results import Parts, Results
from benchmarks.running import CommandFailed, run

_BEGAN = time.monotonic()
_PREVIEW_SIZES = (10, 30, 100, 300)
_UP_SIZES = (100, 300, 700, 1500)
_KILL_SIZE = 300
_GROWTH_REPEATS = 3


def main() -> int:
    measures: dict[str, Callable[[Results, int], None]] = {
        "cold": _cold,
        "dev": lambda results, repeats: results.stacks.update(dev=stacks.measure("dev", repeats, say)),
        "prod": lambda results, repeats: results.stacks.update(prod=stacks.measure("prod", repeats, say)),
        "preview": _preview,
        "up": _up,
    }
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(measures)} (default: all)")
    parser.add_argument("--repeats", type=int, default=5, help="lives of each stack (default: 5)")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(measures):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(measures)}")
    parts = Parts(REPOSITORY / ".benchmarks")
    try:
        for name in options.parts or measures:
            results = Results()
            measures[name](results, options.repeats)
            parts.keep(name, results)
    except CommandFailed as error:
        print(f"error: nothing was measured by this: {error}", file=sys.stderr)
        return 1
    results = parts.all()
    print(report.text(results))
    missing = [name for name in measures if not parts.has(name)]
    if missing:
        say(f"docs/benchmarks.md is as it was: {', '.join(missing)} was not measured yet")
        return 0
    report.write(results, REPOSITORY / "docs")
    return 0


def _cold(results: Results, _: int) -> None:
    """The two commands of a newcomer, with a home folder that has nothing."""
    say("first set-up with an empty home folder")
    with TemporaryDirectory(prefix="platform-home-") as home, cloned("dev") as clone:
        (clone.folder / ".venv").unlink()
        # Nobody's caches, but the user's own way to the network.
        environ = {**bare(os.environ), "HOME": home, "XDG_CACHE_HOME": f"{home}/.cache"}
        results.cold.append(run(["make", "environment"], folder=clone.folder, environ=environ))
        results.cold.append(run(["make", "start"], folder=clone.folder, environ=environ))
        results.kept_bytes, results.environment_bytes = left_in(Path(home))
        run(["make", "reset"], folder=clone.folder, environ=environ)


def left_in(home: Path) -> tuple[int, int]:
    """Bytes that a set-up has left in the folder ``home``: all, and what of that is the Python environment."""
    sizes = {file: file.stat().st_size for file in home.rglob("*") if file.is_file() and not file.is_symlink()}
    environment = home / ".cache" / "platform-sandbox" / "python-"
    return sum(sizes.values()), sum(size for file, size in sizes.items() if str(file).startswith(str(environment)))


def _preview(results: Results, _: int) -> None:
    with cloned("dev") as clone:
        clone.sandbox("up")
        for collector in ("off", "on"):
            results.previews[collector] = growth.previews(
                clone, "workloads", _PREVIEW_SIZES, _GROWTH_REPEATS, say, collector=collector
            )


def _up(results: Results, _: int) -> None:
    with cloned("dev") as clone:
        clone.sandbox("up")
        results.small = growth.previews(clone, "objects", _UP_SIZES, 1, say)
        for switch in growth.SWITCHES:
            results.ups[switch.name] = growth.ups(clone, _UP_SIZES, switch, say)
            results.killed[switch.name] = growth.killed(clone, _KILL_SIZE, switch, say)


def say(text: str) -> None:
    """Progress, with the time since the start."""
    print(f"[{time.monotonic() - _BEGAN:4.0f} s] {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
