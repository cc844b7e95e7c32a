"""The cache that all clones share: each entry is a folder named after what it holds and the hash of its pins."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

KEEP_CACHES = "SANDBOX_KEEP_CACHES"
"""Set to 1, it keeps the caches of Go and pip (some 8 GB), for who works on the toolchain."""


def cache_root() -> Path:
    """``${XDG_CACHE_HOME:-~/.cache}/platform-sandbox``."""
    base = os.environ.get("XDG_CACHE_HOME") or ""
    # The XDG specification says to ignore relative paths.
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "platform-sandbox"


def key(*parts: str | bytes | Path) -> str:
    """12 hex digits that change when any of ``parts`` does. A path counts by its content."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()[:12]


@contextmanager
def lock(name: str) -> Generator[None]:
    """Hold the cache's lock ``name``: of two set-ups at once the second waits, and finds the work done."""
    folder = cache_root() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another set-up that works on {name}", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def entry_being_made(target: Path) -> Generator[Path]:
    """A scratch folder beside ``target`` that takes its place when the block ends well, so that no half entry is found.

    The caller holds the entry's lock.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    for abandoned in target.parent.glob(f".{target.name}.*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield scratch
        scratch.chmod(0o755)
        if target.exists():
            # What runs out of a damaged entry goes on: its files live until it closes them.
            target.rename(scratch.with_name(f"{scratch.name}.old"))
        scratch.rename(target)
    finally:
        for rest in target.parent.glob(f"{scratch.name}*"):
            shutil.rmtree(rest, ignore_errors=True)


def keeps_caches() -> bool:
    """Whether the user asks that what compiler and installer keep for themselves stays after the set-up."""
    return os.environ.get(KEEP_CACHES, "") not in ("", "0")
