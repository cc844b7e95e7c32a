"""Where the compiler works: what it keeps for itself takes some 9 GB, and goes when the set-up ends, however it ends.

Set-ups that run at the same time share it, and so do the tools of one: they have most of their modules in common. The
last one to leave tidies up. What a killed set-up left behind, the next command removes, or uses if it has to build.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sandbox.toolchain import cache
from sandbox.toolchain.pins import ToolchainError

_ROOM, _ROOM_PER_TOOL = 2.2e9, 1.3e9
"""Bytes: the largest tool alone took 3.5 GB with Go, its modules and all it compiled, and the six of them 9 GB."""


@dataclass(frozen=True)
class Workshop:
    """A folder below the cache's."""

    folder: Path

    def environ(self, go: str | None) -> dict[str, str]:
        """The variables that ``go`` runs with, None for one that is yet to come.

        Its caches are the user's where there are any, or where the user names or wants them: who compiles Go has most
        of what is needed, and knows of these folders. All others get theirs in the workshop.
        """
        folder = self.folder / "tmp"
        folder.mkdir(exist_ok=True)
        # A workspace around the clone, or flags for the user's own projects, must not change what is built. The proxy
        # stays the user's.
        fixed = {"GOWORK": "off", "GOFLAGS": "", "CGO_ENABLED": "0", "GOTMPDIR": str(folder)}
        return {**os.environ, **fixed, **self._caches(go)}

    def has_room(self, environ: Mapping[str, str], tools: int) -> None:
        """Raises ToolchainError when the disk can't take what building so many tools takes."""
        if str(self.folder) not in environ.get("GOCACHE", ""):
            return  # the user's own cache has most of it
        need, free = _ROOM + tools * _ROOM_PER_TOOL, shutil.disk_usage(self.folder).free
        if tools and free < need:
            raise ToolchainError(
                f"building the toolchain takes {need / 1e9:.0f} GB for a while (a tenth of it stays), but the disk of "
                f"{self.folder.parent} has only {free / 1e9:.1f} GB left: free some, or name a folder on another disk "
                "in XDG_CACHE_HOME"
            )

    def _caches(self, go: str | None) -> dict[str, str]:
        if cache.keeps_caches():
            return {}
        names = ("GOCACHE", "GOMODCACHE")
        users: dict[str, str] = {}
        if go is not None:
            asked = subprocess.run([go, "env", *names], capture_output=True, text=True)
            users = dict(zip(names, asked.stdout.splitlines(), strict=False))
        return {
            name: str(self.folder / name.lower())
            for name in names
            if name not in os.environ and not (users.get(name) and _in_use(name, Path(users[name])))
        }


def _in_use(name: str, folder: Path) -> bool:
    """Whether there is more than the empty folders that Go makes when it is asked anything."""
    pattern = "??/*" if name == "GOCACHE" else "cache/download/*"
    return next(folder.glob(pattern), None) is not None


@contextmanager
def workshop() -> Generator[Workshop]:
    """The workshop for as long as the block takes."""
    folder = _folder()
    with _door() as door:
        fcntl.flock(door, fcntl.LOCK_SH)
        folder.mkdir(exist_ok=True)
        try:
            yield Workshop(folder)
        finally:
            _leave(door, folder)


def sweep() -> None:
    """Remove what a set-up that was killed has left behind."""
    if _folder().exists() and os.access(_folder(), os.W_OK):
        with _door() as door:
            _leave(door, _folder())


def _folder() -> Path:
    return cache.cache_root() / "workshop"


def _door() -> IO[str]:
    locks = cache.cache_root() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    return (locks / "workshop.lock").open("w")


def _leave(door: IO[str], folder: Path) -> None:
    try:
        fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # somebody else is at work, and tidies up
    for place, _, _ in os.walk(folder):
        # Go makes the folders of modules read-only.
        Path(place).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
