"""What a refresh tells of an object: the program's inputs, with what others have changed since."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, cast

from sandbox.kube import ApiError, KubeClient
from sandbox.plugins.kubernetes import objects
from sandbox.plugins.kubernetes.differences import Path, walk

Object = dict[str, Any]

_MISSING = object()


def drifted(client: KubeClient, inputs: Object, live: Object, field_manager: str) -> Object:
    """``inputs`` with each field that differs in the live object.

    The server compares: what applying the inputs again would change has drifted. So ``1000m`` is no drift from
    ``1``, and what the server or another manager added is none either.
    """
    try:
        again = client.apply(inputs, field_manager=field_manager, force=True, dry_run=True)
    except ApiError:
        # An immutable field differs: nothing but the live values can be told.
        return cast("Object", prune(live, inputs))
    return merge(inputs, again, live)


def merge(inputs: Object, wanted: Mapping[str, Any], live: Mapping[str, Any]) -> Object:
    """``inputs`` where ``wanted`` and ``live`` agree, the live values where they don't."""
    result = copy.deepcopy(inputs)
    # From the end, so that removing an element leaves the earlier ones in place.
    for path, _, _ in reversed(list(walk(_comparable(wanted), _comparable(live)))):
        if _at(inputs, path) is _MISSING:
            continue
        _put(result, path, _at(live, path))
    return result


def as_inputs(live: Mapping[str, Any]) -> Object:
    """The inputs that would make an object: what an import takes over."""
    obj = objects.normalise({key: value for key, value in live.items() if key != "status"})
    found = cast("Object", obj.get("metadata", {}).get("annotations") or {})
    for key in (objects.LAST_APPLIED, "deployment.kubernetes.io/revision"):
        found.pop(key, None)
    if not found:
        obj.get("metadata", {}).pop("annotations", None)
    return obj


def prune(source: Any, shape: Any) -> Any:
    """The part of ``source`` that ``shape`` has, too."""
    if isinstance(source, Mapping) and isinstance(shape, Mapping):
        fields, wanted = cast("Mapping[str, Any]", source), cast("Mapping[str, Any]", shape)
        return {key: prune(fields[key], wanted[key]) for key in wanted if key in fields}
    if isinstance(source, list) and isinstance(shape, list):
        items, shapes = cast("list[Any]", source), cast("list[Any]", shape)
        return [prune(item, part) for item, part in zip(items, shapes, strict=False)]
    return cast("Any", source)


def _comparable(obj: Mapping[str, Any]) -> Object:
    return objects.normalise({key: value for key, value in obj.items() if key != "status"})


def _at(value: Any, path: Path) -> Any:
    for part in path:
        if isinstance(part, int):
            items = cast("list[Any]", value) if isinstance(value, list) else []
            value = items[part] if part < len(items) else _MISSING
        else:
            value = cast("Object", value).get(part, _MISSING) if isinstance(value, dict) else _MISSING
    return value


def _put(obj: Object, path: Path, value: Any) -> None:
    parent: Any = _at(obj, path[:-1])
    if value is _MISSING:
        del parent[path[-1]]
    else:
        parent[path[-1]] = copy.deepcopy(value)
