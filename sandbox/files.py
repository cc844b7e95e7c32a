"""Files that several processes and threads share: whole or not there, and changed by one at a time."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

PRIVATE = 0o600
"""For what only the user may read."""


def write(path: Path, content: str | bytes, *, mode: int = 0o644) -> Path:
    """Write ``path`` so that nobody ever reads a half of it, and return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            os.fchmod(descriptor, mode)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return path


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold ``path``, a file made for this, against all other threads and processes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
