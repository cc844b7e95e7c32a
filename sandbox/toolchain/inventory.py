"""What the Python environment holds, by size, so that a crash of the machine does not show as an odd error later.

Its 48,000 files take 0.2 s to look at. That is done once after each boot, and when something at the top of its
site-packages came or went; sizes tell, as it is files without their content that a crash leaves. The packages' own
records (``RECORD``) would not do: they leave out the bytecode.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from sandbox import files
from sandbox.toolchain import seal

_LIST = ".platform-inventory"
_CHECKED = ".platform-checked"


def take(folder: Path) -> None:
    """Write down what ``folder`` holds."""
    files.write(folder / _LIST, "".join(f"{size} {name}\n" for name, size in sorted(_found(folder))))
    _note(folder)


def damage(folder: Path) -> str | None:
    """What is wrong with ``folder``, for a sentence; None when all is as it was, or when nobody knows how it was."""
    try:
        if (folder / _CHECKED).read_text() == _circumstances(folder):
            return None
    except FileNotFoundError:
        pass
    try:
        listed = (folder / _LIST).read_text()
    except FileNotFoundError:
        # Older sandboxes took no inventory. A cache that can't be written to stays as it is.
        with contextlib.suppress(OSError):
            take(folder)
        return None
    found = dict(_found(folder))
    for line in listed.splitlines():
        size, _, name = line.partition(" ")
        if name not in found:
            return f"{name} is missing"
        if found[name] != int(size):
            return f"{name} has {found[name]} bytes instead of {size}"
    with contextlib.suppress(OSError):
        _note(folder)
    return None


def _note(folder: Path) -> None:
    files.write(folder / _CHECKED, _circumstances(folder))


def _circumstances(folder: Path) -> str:
    packages = sorted(folder.glob("lib/python3*/site-packages"))
    return " ".join([seal.boot(), *(str(path.stat().st_mtime_ns) for path in packages)])


def _found(folder: Path) -> Iterator[tuple[str, int]]:
    """The files of programs and packages with their sizes in bytes."""
    start = len(str(folder)) + 1
    waiting = [str(folder / name) for name in ("bin", "lib") if (folder / name).is_dir()]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                # pytest keeps bytecode of its own there, which comes and goes.
                elif entry.is_file(follow_symlinks=False) and "-pytest-" not in entry.name:
                    yield entry.path[start:], entry.stat(follow_symlinks=False).st_size
