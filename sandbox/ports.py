"""Ports on 127.0.0.1: which are free, and who has the others."""

from __future__ import annotations

import contextlib
import json
import random
import socket
from collections.abc import Collection, Generator
from contextlib import contextmanager
from pathlib import Path

from sandbox import files
from sandbox.toolchain.cache import cache_root

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


def choose(home: Path, known: Collection[int] = ()) -> int:
    """A port for the sandbox in ``home``, which knows ``known`` already: free, and of no other sandbox, running or not.

    It is below those that the system hands out: any program's outgoing connection may take one of these while the
    sandbox is stopped.
    """
    with _registry() as taken:
        port = _free({*known, *(int(port) for port in taken)})
        taken[str(port)] = str(home)
    return port


def _free(taken: Collection[int]) -> int:
    highest = int(_EPHEMERAL.read_text().split()[0]) - 1 if _EPHEMERAL.exists() else 32767
    for port in random.sample(range(min(_LOWEST, highest // 2), highest), _TRIES):
        if port not in taken and is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return probe.getsockname()[1]


@contextmanager
def _registry() -> Generator[dict[str, str]]:
    """Which port is whose, of all sandboxes of this user that there are: port to home. What is put in stays."""
    path = cache_root() / "ports.json"
    with contextlib.ExitStack() as stack:
        # Where the cache can't be written to, there is no telling; a port that is not free is still not chosen.
        with contextlib.suppress(OSError):
            stack.enter_context(files.locked(path.with_name(".ports.lock")))
        found: dict[str, str] = {}
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):  # not there yet, or damaged
            kept = json.loads(path.read_text()).items()
            found = {port: home for port, home in kept if int(port) and Path(home).exists()}
        yield found
        with contextlib.suppress(OSError):
            files.write(path, json.dumps(found, indent=2))


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
