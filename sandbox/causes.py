"""Why something failed that is nobody's mistake in the code: a full disk, no network, a folder that is read-only."""

from __future__ import annotations

import errno
import re
import shutil
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT)
_REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)

_NO_SPACE = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_NO_NETWORK = re.compile(
    "no such host|name resolution|name or service not known|network is unreachable|no route to host|"
    "failed to establish a new connection|connection refused|connection timed out|i/o timeout|tls handshake timeout|"
    "server misbehaving|nodename nor servname",
    re.IGNORECASE,
)
_READ_ONLY = re.compile(r"read-only file system|permission denied", re.IGNORECASE)

NO_NETWORK = "the network can't be reached"
NO_SPACE = "there is no space left on the disk"

_LEAST = 100_000
"""Bytes: with less, a program can't even say what it lacks."""


def in_folder(error: OSError, folder: Path, remedy: str) -> str | None:
    """The sentence for what kept the sandbox from writing below ``folder``, None for any other error.

    ``remedy`` completes it: ``put the clone on another disk``.
    """
    if error.errno in _FULL:
        return f"there is no space left on the disk of {folder}: free some, or {remedy}"
    if error.errno in _REFUSED:
        return f"{error.filename or folder} can't be written to ({error.strerror}): change that, or {remedy}"
    return None


def of_disk(folder: Path) -> str | None:
    """NO_SPACE when the disk of ``folder`` is full."""
    return NO_SPACE if shutil.disk_usage(folder).free < _LEAST else None


def told_by(text: str) -> str | None:
    """The cause that a program's output gives away: it may say much else besides."""
    if _NO_SPACE.search(text):
        return NO_SPACE
    if _NO_NETWORK.search(text):
        return NO_NETWORK
    if _READ_ONLY.search(text):
        return "a folder can't be written to"
    return None
