"""``python -m benchmarks``: measures, prints and writes docs/benchmarks.md. It takes about half an hour."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import growth, report, stacks
from benchmarks.clone import REPOSITORY, cloned
from benchmarks.plot import plot
from benchmarks.running import Run, run

_BEGAN = time.monotonic()
_PREVIEW_SIZES = (10, 30, 100, 300)
_UP_SIZES = (100, 300, 700, 1500)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="lives of each stack (default: 5)")
    parser.add_argument("--stacks", nargs="*", default=["dev", "prod"], help="the stacks (default: dev prod)")
    parser.add_argument("--cold", type=int, default=0, help="first set-ups with an empty home folder (default: 0)")
    parser.add_argument("--no-growth", action="store_true", help="leave growth out")
    options = parser.parse_args()
    results = report.Results()
    for _ in range(options.cold):
        say("first set-up with an empty home folder")
        results.cold.append(_cold())
    for stack in options.stacks:
        results.stacks.append(stacks.measure(stack, options.repeats, say))
    if not options.no_growth:
        _grow(results)
    text = report.text(results)
    print(text)
    (REPOSITORY / "docs" / "benchmarks.md").write_text(text)
    return 0


def _cold() -> Run:
    with TemporaryDirectory(prefix="platform-home-") as home, cloned("dev") as clone:
        (clone.folder / ".venv").unlink()
        bare = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return run(["make", "up"], folder=clone.folder, environ={**bare, "HOME": home})


def _grow(results: report.Results) -> None:
    folder = REPOSITORY / "docs" / "benchmarks"
    folder.mkdir(exist_ok=True)
    with cloned("dev") as clone:
        clone.sandbox("up")
        results.previews = growth.previews(clone, _PREVIEW_SIZES, say)
        for switch in growth.SWITCHES:
            results.ups[switch] = growth.ups(clone, _UP_SIZES, switch, say)
    _draw(folder / "preview.svg", "First preview", "web applications", {"preview": results.previews.seconds})
    lines = {name: grown.seconds for name, grown in results.ups.items()}
    _draw(folder / "up.svg", "Up, by how the engine keeps its state", "objects", lines)


def _draw(path: Path, title: str, x_label: str, lines: dict[str, dict[int, float]]) -> None:
    path.write_text(plot(title, x_label, "seconds", lines))


def say(text: str) -> None:
    """Progress, with the time since the start."""
    print(f"[{time.monotonic() - _BEGAN:4.0f} s] {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
