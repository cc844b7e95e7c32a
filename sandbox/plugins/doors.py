"""What is said to the plugins' process on its port: a provider's name, or one of these."""

from __future__ import annotations

import json
import socket
from typing import Any

from sandbox.home import Home

FINISH = "finish"
"""Bring all creations to their end. Answered by a JSON object of URNs and problems."""

REMOVE = "remove"
"""Delete what the creations made whose paths the next line lists in JSON. Answered likewise."""

HEARD = "heard"
"""Said by a plugin's executable whose engine stops it in good order: it heard all that it asked."""


def ask(home: Home, *lines: str) -> dict[str, Any]:
    """Say ``lines``. Returns the answer. Raises OSError, or ValueError when the process ended before it answered."""
    plugins = home.running("plugins")
    if plugins is None:
        raise ConnectionRefusedError("the plugins do not run")
    with socket.create_connection(("127.0.0.1", plugins.port)) as connection:
        connection.sendall("".join(f"{line}\n" for line in lines).encode())
        return json.loads(connection.makefile().readline())
