"""Property bags on the wire (google.protobuf.Struct) and as plain Python values.

Secrets are unwrapped on the way in: the providers answer ``acceptSecrets: false``, so the engine strips the marks
before a call and puts them back on outputs of the same name. On the way out a provider marks further values with
:class:`Secret`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from google.protobuf import struct_pb2

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
_ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
_RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
# The engine writes one sentinel per type of a computed value; the type does not matter here.
_UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS: Final = frozenset(
    {
        _UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)


class Unknown:
    """A value that only the cloud can tell: there is one, :data:`UNKNOWN`."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __copy__(self) -> Unknown:
        return self

    def __deepcopy__(self, memo: object) -> Unknown:
        return self


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, slots=True)
class Secret:
    """Marks an output as secret: encrypted in the state, ``[secret]`` on the screen."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(...)"


def contains_unknown(value: Any) -> bool:
    """Whether ``value`` is, or holds at any depth, an unknown."""
    if isinstance(value, Unknown):
        return True
    if isinstance(value, Secret):
        return contains_unknown(value.value)
    if isinstance(value, Mapping):
        return any(contains_unknown(item) for item in cast("Mapping[str, Any]", value).values())
    if isinstance(value, (list, tuple)):
        return any(contains_unknown(item) for item in cast("Sequence[Any]", value))
    return False


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A property bag of the wire in plain Python. Whole numbers come as int."""
    return {key: _from_value(value) for key, value in struct.fields.items()}


def secret_keys(struct: struct_pb2.Struct) -> frozenset[str]:
    """The names whose values are marked secret on the wire, at any depth."""
    return frozenset(key for key, value in struct.fields.items() if _is_marked(value))


def _is_marked(value: struct_pb2.Value) -> bool:
    match value.WhichOneof("kind"):
        case "list_value":
            return any(_is_marked(item) for item in value.list_value.values)
        case "struct_value":
            fields = value.struct_value.fields
            if SIGNATURE in fields and fields[SIGNATURE].string_value == SECRET:
                return True
            return any(_is_marked(item) for item in fields.values())
        case _:
            return False


def _from_value(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
        case "number_value":
            number = value.number_value
            return int(number) if math.isfinite(number) and number == int(number) else number
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_from_value(item) for item in value.list_value.values]
        case "struct_value":
            return _from_object(value.struct_value)
        case _:
            return None


def _from_object(struct: struct_pb2.Struct) -> Any:
    if SIGNATURE not in struct.fields:
        return from_struct(struct)
    fields = struct.fields
    match fields[SIGNATURE].string_value:
        case str(kind) if kind == SECRET:
            return _from_value(fields["value"])
        case str(kind) if kind == _OUTPUT:
            return _from_value(fields["value"]) if "value" in fields else UNKNOWN
        case str(kind) if kind == _RESOURCE:
            return _from_value(fields["id"]) if "id" in fields else fields["urn"].string_value
        case str(kind) if kind in (_ASSET, _ARCHIVE):
            return {key: _from_value(item) for key, item in fields.items() if key != SIGNATURE}
        case kind:
            raise ValueError(f"a property value with the unknown signature {kind!r}")


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Plain Python values (with UNKNOWN and Secret) as a property bag of the wire."""
    return struct_pb2.Struct(fields={key: _to_value(value) for key, value in values.items()})


def _to_value(value: Any) -> struct_pb2.Value:
    match value:
        case None:
            return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        case bool():
            return struct_pb2.Value(bool_value=value)
        case int() | float():
            return struct_pb2.Value(number_value=value)
        case str():
            return struct_pb2.Value(string_value=value)
        case Unknown():
            return struct_pb2.Value(string_value=_UNKNOWN_STRING)
        case Secret():
            mark = struct_pb2.Value(string_value=SECRET)
            wrapped = struct_pb2.Struct(fields={SIGNATURE: mark, "value": _to_value(value.value)})
            return struct_pb2.Value(struct_value=wrapped)
        case Mapping():
            return struct_pb2.Value(struct_value=to_struct(cast("Mapping[str, Any]", value)))
        case list() | tuple():
            items = [_to_value(item) for item in cast("Sequence[Any]", value)]
            return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))
        case _:
            raise TypeError(f"{type(value).__name__} can't be a property value")
