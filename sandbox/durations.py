"""How long each step took the last time on this machine, and how to say that."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from sandbox import files


@dataclass(frozen=True)
class Durations:
    """Seconds by step, kept in ``file``. They are only ever an estimate: a file that can't be used is no error."""

    file: Path

    def last(self, step: str) -> float | None:
        """Seconds, None for a step that was never done here."""
        found = self._read().get(step)
        return float(found) if isinstance(found, int | float) else None

    def note(self, step: str, seconds: float) -> None:
        with contextlib.suppress(OSError), files.locked(self.file.with_name(f".{self.file.name}.lock")):
            files.write(self.file, json.dumps({**self._read(), step: round(seconds, 1)}, indent=2, sort_keys=True))

    def _read(self) -> dict[str, object]:
        try:
            content = json.loads(self.file.read_text())
        except (OSError, ValueError):
            return {}
        return cast("dict[str, object]", content) if isinstance(content, dict) else {}


def exact(seconds: float) -> str:
    """``40 s``, ``3 min 40 s``, ``1 h 5 min``."""
    hours, rest = divmod(round(seconds), 3600)
    minutes, left = divmod(rest, 60)
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes else "", f"{left} s" if left else ""]
    return " ".join(filter(None, parts)) or "0 s"


def about(seconds: float) -> str:
    """``a few seconds``, ``about 40 s``, ``about 4 min``."""
    if seconds < 10:
        return "a few seconds"
    return f"about {round(seconds, -1):.0f} s" if seconds < 55 else f"about {round(seconds / 60)} min"


def estimate(elapsed: float, last: float | None) -> str:
    """What is known about a step after ``elapsed`` seconds: ``about 3 min, 3 min 40 s the last time``; may be empty."""
    if last is None:
        return ""
    if elapsed > last:
        return f"{exact(last)} the last time"
    return f"{about(last - elapsed)}{' left' if elapsed >= 1 else ''}, {exact(last)} the last time"
