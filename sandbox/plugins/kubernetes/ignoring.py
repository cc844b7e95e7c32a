"""What ``ignore_changes`` means for an object whose fields have owners."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from sandbox.plugins.kubernetes import objects

Object = dict[str, Any]

_PART = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[\]]+)')


def under(path: str, ignored: Sequence[str]) -> bool:
    """Whether a path is one of those, or below one."""
    return any(path == entry or path.startswith((f"{entry}.", f"{entry}[")) for entry in ignored)


def parse_path(text: str) -> list[str]:
    """The parts of ``spec.replicas`` or ``metadata.annotations["example.com/key"]``."""
    return [quoted.replace('\\"', '"') or index or plain for quoted, index, plain in _PART.findall(text)]


def leave_to_others(obj: Object, live: Mapping[str, Any], manager: str, ignored: Sequence[str]) -> Object:
    """The object to apply, ignored fields left as they are: a field of another manager isn't claimed at all.

    So an autoscaler keeps ``spec.replicas`` that the program ignores.
    """
    result = copy.deepcopy(obj)
    entries = cast("list[Object]", objects.metadata(live).get("managedFields") or [])
    ours: list[Object] = [entry.get("fieldsV1", {}) for entry in entries if entry.get("manager") == manager]
    theirs: list[Object] = [entry.get("fieldsV1", {}) for entry in entries if entry.get("manager") != manager]
    for text in ignored:
        *parents, last = parse_path(text)
        here, there = _descend(result, parents), _descend(live, parents)
        if here is None:
            continue
        path = [*parents, last]
        if any(_owns(fields, path) for fields in theirs) and not any(_owns(fields, path) for fields in ours):
            here.pop(last, None)
        elif there is not None and last in there:
            here[last] = copy.deepcopy(there[last])
    return result


def _descend(value: Any, parts: Sequence[str]) -> Object | None:
    for part in parts:
        value = cast("Object", value).get(part) if isinstance(value, dict) else None
    return cast("Object", value) if isinstance(value, dict) else None


def _owns(fields: Mapping[str, Any], path: Sequence[str]) -> bool:
    for part in path:
        if f"f:{part}" not in fields:
            return False
        fields = fields[f"f:{part}"]
    return True
