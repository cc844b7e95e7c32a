"""AWS requests as the journal keeps them: which ones change something, and how they are written down."""

from __future__ import annotations

import base64
import io
import re
import sys
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import parse_qs

Record = dict[str, Any]
Environ = dict[str, Any]

_READS = re.compile(r"(Describe|List|Get|Head|BatchGet|Decrypt$|ReceiveMessage$)")
"""How operations begin that only look. A received message is hidden for a while: that passes by itself."""
_OWN_KEY = b"alias/aws/"
"""In what is asked about a service's own key: moto makes it when somebody looks for it."""
_KEPT = (
    "REQUEST_METHOD",
    "PATH_INFO",
    "QUERY_STRING",
    "REQUEST_URI",
    "CONTENT_TYPE",
    "SERVER_NAME",
    "SERVER_PORT",
    "moto.preserved_header_names",
)
_WITHOUT_EFFECT = frozenset(
    {"HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING", "HTTP_AMZ_SDK_INVOCATION_ID", "HTTP_AMZ_SDK_REQUEST", "HTTP_CONNECTION"}
    # The body is kept as one piece.
    | {"HTTP_TRANSFER_ENCODING", "HTTP_EXPECT"}
)


def changes(environ: Mapping[str, Any], body: bytes) -> bool:
    """Whether a request may change anything: all do of which it is not sure that they only look."""
    operation = _operation(environ, body)
    if operation is not None:
        return not _READS.match(operation) or _OWN_KEY in body
    return environ["REQUEST_METHOD"] not in ("GET", "HEAD", "OPTIONS")


def _operation(environ: Mapping[str, Any], body: bytes) -> str | None:
    """The operation where the protocol names it: in a header, in a form, or in the path. REST has only the method."""
    if target := str(environ.get("HTTP_X_AMZ_TARGET", "")):
        return target.rpartition(".")[2]
    if action := parse_qs(str(environ.get("QUERY_STRING", ""))).get("Action"):
        return action[0]
    if str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded"):
        action = parse_qs(body.decode("latin-1")).get("Action")
        return action[0] if action else None
    found = re.fullmatch(r"/service/\w+/operation/(\w+)", str(environ.get("PATH_INFO", "")))
    return found[1] if found else None


def kept(environ: Mapping[str, Any], body: bytes) -> Record:
    """The request in JSON-able form."""
    record = {key: environ[key] for key in _KEPT if environ.get(key)}
    signed = "HTTP_AUTHORIZATION" in environ
    record |= {
        key: value
        for key, value in environ.items()
        # moto looks for the region of unsigned requests in the user agent.
        if key.startswith("HTTP_") and key not in _WITHOUT_EFFECT and not (signed and key == "HTTP_USER_AGENT")
    }
    try:
        return {"environ": record, "body": body.decode()}
    except UnicodeDecodeError:
        return {"environ": record, "base64": base64.b64encode(body).decode()}


def restored(record: Record) -> tuple[Environ, bytes]:
    """The request's WSGI environment and its body."""
    body = base64.b64decode(record["base64"]) if "base64" in record else str(record["body"]).encode()
    environ: Environ = {
        "SCRIPT_NAME": "",
        "PATH_INFO": "",
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **cast("Environ", record["environ"]),
    }
    environ["RAW_URI"] = environ.get("REQUEST_URI", "")
    return environ, body
