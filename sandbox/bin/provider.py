"""Stands on PATH as a provider plugin: asks the sandbox's daemon for a server, prints its port, waits to be stopped.

Runs on the bare interpreter (no site-packages), because the engine starts it for every command.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path

_WATCH = 0.5
"""Seconds between two looks at whether the engine lives: killed, it leaves its plugins behind."""


def leave(_signal: int, _frame: object) -> None:
    os._exit(0)


def main(package: str) -> int:
    engine = os.getppid()
    signal.signal(signal.SIGINT, leave)
    signal.signal(signal.SIGTERM, leave)
    if "SANDBOX_HOME" not in os.environ:
        sys.stderr.write('SANDBOX_HOME is not set: run `eval "$(make -s env)"` in the clone first\n')
        return 1
    home = Path(os.environ["SANDBOX_HOME"])
    try:
        port = json.loads((home / "run" / "plugins.json").read_text())["port"]
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    except (OSError, ValueError, KeyError):
        sys.stderr.write(f"the sandbox of stack {home.name} is not running: `make up STACK={home.name}` starts it\n")
        return 1
    connection.settimeout(60)
    connection.sendall(package.encode() + b"\n")
    answer = connection.makefile().readline().strip()
    if not answer.isdigit():
        sys.stderr.write(answer + "\n")
        return 1

    def stopped(_signal: int, _frame: object) -> None:
        """So the engine ends its plugins, once it has noted all that they told it."""
        with contextlib.suppress(OSError):
            connection.sendall(b"heard\n")
        os._exit(0)

    signal.signal(signal.SIGINT, stopped)
    print(answer, flush=True)
    # The daemon only closes the connection when it stops.
    while os.getppid() == engine:
        if select.select([connection], [], [], _WATCH)[0]:
            break
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
