"""Properties as they travel between a program and the engine, and the wrappers in which they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"


def plain(properties: struct_pb2.Struct) -> tuple[dict[str, Any], set[str]]:
    """The properties without wrappers, and the paths of those that were secret."""
    secrets = set[str]()
    plain = _unwrap(json_format.MessageToDict(properties), "", secrets)
    return cast("dict[str, Any]", plain), secrets


def _unwrap(value: Any, path: str, secrets: set[str]) -> Any:
    if isinstance(value, list):
        return [_unwrap(item, f"{path}[{index}]", secrets) for index, item in enumerate(cast("list[Any]", value))]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, dict):
        return None if value == rpc.UNKNOWN else value
    properties = cast("dict[str, Any]", value)
    match properties.get(_SIGNATURE):
        case str(signature) if signature == _SECRET:
            secrets.add(path)
            return _unwrap(properties.get("value"), path, secrets)
        case str(signature) if signature == _OUTPUT:
            if properties.get("secret"):
                secrets.add(path)
            return _unwrap(properties.get("value"), path, secrets)
        case str(signature) if signature == _RESOURCE:
            return properties.get("urn")
        case _:
            return {key: _unwrap(item, f"{path}.{key}" if path else key, secrets) for key, item in properties.items()}


def with_secrets(state: Mapping[str, Any], secrets: set[str]) -> dict[str, Any]:
    """The engine answers secret inputs as secret outputs."""
    top = {path.split(".")[0].split("[")[0] for path in secrets}
    return {
        key: {_SIGNATURE: _SECRET, "value": value} if key in top else value
        for key, value in state.items()
        if value is not None
    }
