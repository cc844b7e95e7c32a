"""Ports on 127.0.0.1: which are free, and who has the others."""

from __future__ import annotations

import contextlib
import random
import socket
from pathlib import Path

_HOST = "127.0.0.1"
_LOWEST = 20000
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_TRIES = 200


def is_free(port: int) -> bool:
    """Whether a server could listen on ``port``."""
    with socket.socket() as probe:
        # As servers do: connections that have ended keep a port for a minute otherwise.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True


def choose() -> int:
    """A free port below those that the system hands out: any program's outgoing connection may take one of these while
    the sandbox is stopped."""
    highest = int(_EPHEMERAL.read_text().split()[0]) - 1 if _EPHEMERAL.exists() else 32767
    for port in random.sample(range(min(_LOWEST, highest // 2), highest), _TRIES):
        if is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return probe.getsockname()[1]


def holder(port: int) -> str:
    """Who has ``port``, for a sentence: ``python3 (process 4711)``."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    for process in Path("/proc").glob("[0-9]*") if sockets else ():
        # Processes end, and those of other users do not tell.
        with contextlib.suppress(OSError):
            if any(str(entry.readlink()) in sockets for entry in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return "a process of another user" if sockets else "another process"


def _inodes(port: int) -> set[str]:
    """The sockets whose own port this is, as the kernel numbers them."""
    found: set[str] = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        rows = [line.split() for line in table.read_text().splitlines()[1:]] if table.exists() else []
        found |= {row[9] for row in rows if int(row[1].rpartition(":")[2], 16) == port}
    return found - {"0"}
