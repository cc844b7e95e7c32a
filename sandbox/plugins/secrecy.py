"""Secrets on their way through a provider: known by their marks, kept out of what is said, marked again on the way out.

A provider that does not accept secrets gets them unmarked, and so can't tell which words of an error, such as
``Invalid value: "hunter2"``, nobody may read. So the marks are accepted here, around the provider.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from sandbox.plugins.interception import Handle, Interceptor
from sandbox.plugins.values import SECRET, SIGNATURE, Secret, to_struct

SHOWN = "[secret]"
SHORTEST = 4
"""Characters. A shorter secret is none, and what it would blot out are other words."""

_MARK = SECRET.encode()

# Each answer's property bags, and the request's whose marks they take over: what the engine does by itself for a
# provider that does not accept secrets.
_MARKED: Mapping[str, Mapping[str, str]] = {
    "Check": {"inputs": "news"},
    "Create": {"properties": "properties"},
    "Update": {"properties": "news"},
    "Read": {"properties": "properties", "inputs": "inputs"},
}


class Words:
    """The secret texts that have been seen."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._texts: frozenset[str] = frozenset()
        self.learn(texts)

    def learn(self, texts: Iterable[str]) -> None:
        found = {form for text in texts for form in _forms(text)}
        with self._lock:
            self._texts |= found

    def blot(self, text: str) -> str:
        """``text`` with each secret taken out."""
        # The longest first, as one may be a part of another.
        for secret in sorted(self._texts, key=len, reverse=True):
            text = text.replace(secret, SHOWN)
        return text


class Secrecy(Interceptor):
    """Keeps the secrets of one provider instance."""

    def __init__(self) -> None:
        self.words = Words()

    def around(self, method: str, request: Any, context: Any, handle: Handle) -> Any:
        bags = [bag for _, bag in request.ListFields() if isinstance(bag, struct_pb2.Struct) and _has_secrets(bag)]
        for bag in bags:
            self.words.learn(secret_texts(bag))
        answer = handle(request, _Discreet(context, self.words, method, request if bags else None))
        if method == "Handshake":
            answer.accept_secrets = True
        elif method == "Configure":
            answer.acceptSecrets = True
        elif method in ("Check", "CheckConfig"):
            for failure in answer.failures:
                failure.reason = self.words.blot(failure.reason)
        if bags:
            _mark_again(_MARKED.get(method, {}), answer, request)
        return answer


class _Discreet:
    """A call's context that takes secrets out of errors."""

    def __init__(self, context: Any, words: Words, method: str, request: Any) -> None:
        self._context = context
        self._words = words
        self._method = method
        self._request = request

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def abort(self, code: Any, details: str) -> None:
        self._context.abort(code, self._words.blot(details))

    def set_trailing_metadata(self, metadata: Any) -> None:
        self._context.set_trailing_metadata(
            tuple((key, self._status(value) if key == "grpc-status-details-bin" else value) for key, value in metadata)
        )

    def _status(self, packed: bytes) -> bytes:
        """Details of an error: a resource that exists but is not ready has reasons, and goes into the state."""
        status = status_pb2.Status.FromString(packed)
        status.message = self._words.blot(status.message)
        for detail in status.details:
            found = provider_pb2.ErrorResourceInitFailed()
            if detail.Unpack(found):
                reasons = [self._words.blot(reason) for reason in found.reasons]
                del found.reasons[:]
                found.reasons.extend(reasons)
                if self._request is not None:
                    names = _MARKED[self._method]
                    _mark_again({**names, "inputs": names.get("inputs", names["properties"])}, found, self._request)
                detail.Pack(found)
        return status.SerializeToString()


def secret_texts(bag: struct_pb2.Struct) -> Iterator[str]:
    """Every text inside of a value that is marked as secret, at any depth."""
    for value in bag.fields.values():
        yield from _texts(value, secret=False)


def _texts(value: struct_pb2.Value, *, secret: bool) -> Iterator[str]:
    match value.WhichOneof("kind"):
        case "string_value":
            if secret:
                yield value.string_value
        case "list_value":
            for item in value.list_value.values:
                yield from _texts(item, secret=secret)
        case "struct_value":
            if _is_secret(value):
                yield from _texts(value.struct_value.fields["value"], secret=True)
            else:
                for item in value.struct_value.fields.values():
                    yield from _texts(item, secret=secret)
        case _:
            return


def _forms(text: str) -> Iterator[str]:
    """A secret as it may be met: as it is, escaped, and with base64 on or off, as Kubernetes has it."""
    if len(text) < SHORTEST:
        return
    yield text
    yield json.dumps(text)[1:-1]
    yield base64.b64encode(text.encode()).decode()
    try:
        decoded = base64.b64decode(text, validate=True).decode()
    except ValueError:
        return
    if len(decoded) >= SHORTEST and decoded.isprintable():
        yield decoded


def _mark_again(names: Mapping[str, str], answer: Any, request: Any) -> None:
    for name, source in names.items():
        if answer.HasField(name) and request.HasField(source):
            mark_alike(getattr(answer, name), getattr(request, source))


def mark_alike(bag: struct_pb2.Struct, pattern: struct_pb2.Struct) -> None:
    """Mark as secret in ``bag`` what is so in ``pattern``. A list is one as a whole, as its items may have moved."""
    for key, marked in pattern.fields.items():
        if key not in bag.fields:
            continue
        value = bag.fields[key]
        plain = value.WhichOneof("kind") == "struct_value" and not _is_secret(value)
        if plain and marked.WhichOneof("kind") == "struct_value" and not _is_secret(marked):
            mark_alike(value.struct_value, marked.struct_value)
        elif not _is_secret(value) and _MARK in marked.SerializeToString():
            kept = struct_pb2.Value()
            kept.CopyFrom(value)
            value.CopyFrom(to_struct({"": Secret(None)}).fields[""])
            value.struct_value.fields["value"].CopyFrom(kept)


def _has_secrets(bag: struct_pb2.Struct) -> bool:
    return _MARK in bag.SerializeToString()


def _is_secret(value: struct_pb2.Value) -> bool:
    if value.WhichOneof("kind") != "struct_value":
        return False
    fields = value.struct_value.fields
    return SIGNATURE in fields and fields[SIGNATURE].string_value == SECRET
