"""Stands on PATH as a provider plugin: asks the sandbox's daemon for a server, prints its port, waits to be stopped.

Runs on the bare interpreter (no site-packages), because the engine starts it for every command.
"""

import json
import os
import signal
import socket
import sys


def main(package: str) -> int:
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    home = os.environ.get("SANDBOX_HOME")
    if not home:
        sys.stderr.write('SANDBOX_HOME is not set: run `eval "$(make -s env)"` in the clone first\n')
        return 1
    try:
        with open(os.path.join(home, "run", "plugins.json"), encoding="utf-8") as file:
            port = json.load(file)["port"]
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    except (OSError, ValueError, KeyError):
        sys.stderr.write(
            f"the sandbox of stack {os.path.basename(home)} is not running: start it with `make start` or `make up`\n"
        )
        return 1
    connection.settimeout(60)
    connection.sendall(package.encode() + b"\n")
    answer = connection.makefile().readline().strip()
    if not answer.isdigit():
        sys.stderr.write(answer + "\n")
        return 1
    print(answer, flush=True)
    connection.settimeout(None)
    # The daemon only closes the connection when it stops.
    while connection.recv(1024):
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
