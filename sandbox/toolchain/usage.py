"""When the cache's entries were last used, so that those which newer ones have superseded do not stay for ever."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from sandbox.toolchain import cache

_MARK = ".used"
_DAY = 24 * 3600.0
KEPT = 30 * _DAY
"""Seconds for which an entry that nobody uses stays: other clones may be at other versions."""


def note(entry: Path) -> None:
    """Mark ``entry`` as used; once a day will do. A cache that can't be written to stays as it is."""
    with contextlib.suppress(OSError):
        if _unused_for(entry) > _DAY:
            (entry / _MARK).touch()


def remove_superseded(current: Iterable[Path]) -> list[Path]:
    """Remove the entries beside ``current``, of the same names but other pins, that nobody has used for KEPT.

    Returns what was removed. One that has no mark was used by an older sandbox at best: its time begins now.
    """
    removed: list[Path] = []
    for entry in current:
        name = entry.name.rpartition("-")[0]
        others = [path for path in entry.parent.glob(f"{name}-*") if path != entry]
        for other in others:
            if not re.fullmatch(rf"{re.escape(name)}-[0-9a-f]{{12}}", other.name):
                continue
            if not (other / _MARK).exists():
                note(other)
            elif _unused_for(other) > KEPT:
                removed += [other] if _removed(name, other) else []
    return removed


def _removed(name: str, entry: Path) -> bool:
    with contextlib.suppress(OSError), cache.lock(name):
        # Somebody may have come in the meantime, or be at work with it since.
        if _unused_for(entry) > KEPT and not _is_running(entry):
            doomed = entry.with_name(f".{entry.name}.old")
            entry.rename(doomed)
            shutil.rmtree(doomed, ignore_errors=True)
            return True
    return False


def _unused_for(entry: Path) -> float:
    """Seconds."""
    try:
        return time.time() - (entry / _MARK).stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _is_running(entry: Path) -> bool:
    """Whether a process runs a program or has loaded a library out of ``entry``; False where nobody can tell."""
    place = f" {entry.resolve()}/".encode()
    for maps in Path("/proc").glob("[0-9]*/maps"):
        with contextlib.suppress(OSError):
            if place in maps.read_bytes():
                return True
    return False
