"""``python -m sandbox.secrets --home DIR``: keeps the stack's secrets encrypted.

The engine's passphrase provider writes a salt into ``Pulumi.<stack>.yaml``, and so would change a committed file. The
provider of the Pulumi service leaves the file alone: it sends values to a service. This process is that service, as
far as secrets go, with a key that never leaves the sandbox's home.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sandbox import files
from sandbox.home import Home

_NONCE = 12


class Vault:
    """AES-GCM with the key of one sandbox. Values come and go as base64, as in the service's protocol."""

    def __init__(self, key_file: Path) -> None:
        if not key_file.exists():
            with files.locked(key_file.with_name(f".{key_file.name}.lock")):
                if not key_file.exists():
                    files.write(key_file, AESGCM.generate_key(bit_length=256), mode=files.PRIVATE)
        self._cipher = AESGCM(key_file.read_bytes())

    def encrypt(self, plaintext: str) -> str:
        nonce = secrets.token_bytes(_NONCE)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, base64.b64decode(plaintext), None)).decode()

    def decrypt(self, ciphertext: str) -> str:
        """Raises ValueError when this vault did not encrypt it."""
        sealed = base64.b64decode(ciphertext)
        try:
            return base64.b64encode(self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], None)).decode()
        except InvalidTag:
            raise ValueError("this secret was encrypted by another sandbox") from None


def answer(vault: Vault, operation: str, request: dict[str, Any]) -> dict[str, Any] | None:
    """The service's answer to ``operation`` on a stack, or None when it is unknown."""
    operations: dict[str, Callable[[], dict[str, Any]]] = {
        "encrypt": lambda: {"ciphertext": vault.encrypt(request["plaintext"])},
        "decrypt": lambda: {"plaintext": vault.decrypt(request["ciphertext"])},
        "batch-encrypt": lambda: {"ciphertexts": [vault.encrypt(value) for value in request["plaintexts"]]},
        "batch-decrypt": lambda: {"plaintexts": {value: vault.decrypt(value) for value in request["ciphertexts"]}},
    }
    return operations[operation]() if operation in operations else None


def serve(home: Home) -> ThreadingHTTPServer:
    """A server on the sandbox's port for secrets, ready to ``serve_forever``."""
    vault = Vault(home.root / "secrets.key")
    token = (home.root / "secrets.token").read_text()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == "/api/capabilities":
                self._reply(200, {"capabilities": [{"capability": "batch-encrypt", "version": 1}]})
            else:
                self._reply(404, {"code": 404, "message": f"the sandbox has no {self.path}"})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Authorization") != f"token {token}":
                self._reply(401, {"code": 401, "message": "not the token of this sandbox"})
                return
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            try:
                found = answer(vault, self.path.rpartition("/")[2], json.loads(body))
            except (ValueError, KeyError) as error:
                self._reply(400, {"code": 400, "message": str(error)})
                return
            if found is None:
                self._reply(404, {"code": 404, "message": f"the sandbox has no {self.path}"})
            else:
                self._reply(200, found)

        def log_message(self, format: str, *args: Any) -> None:
            """Only errors are worth a line: an up asks hundreds of times."""

        def _reply(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return ThreadingHTTPServer(("127.0.0.1", home.port_for("secrets")), Handler)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="sandbox.secrets", description="Keep the secrets of one sandbox.")
    parser.add_argument("--home", type=Path, required=True, help="the sandbox's folder")
    home = Home(parser.parse_args(arguments).home)
    server = serve(home)

    def end(*_: object) -> None:
        # In a thread, because shutdown() waits for the very loop that this signal has interrupted.
        threading.Thread(target=server.shutdown).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    home.announce("secrets", os.getpid(), server.server_address[1])
    server.serve_forever()
    home.withdraw("secrets")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
