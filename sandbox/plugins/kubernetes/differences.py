"""What separates two versions of an object, and which differences force a replacement."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from sandbox.plugins.kubernetes import objects
from sandbox.plugins.kubernetes.force_new import FORCE_NEW
from sandbox.plugins.protocol import UNKNOWN, Change, Diff, contains_unknown

Path = tuple[str | int, ...]

_MISSING = object()
_REPLACED = {
    Change.ADD: Change.ADD_REPLACE,
    Change.DELETE: Change.DELETE_REPLACE,
    Change.UPDATE: Change.UPDATE_REPLACE,
}

_IDENTITY = ("kind", "metadata.name", "metadata.namespace")


def force_new(obj: Mapping[str, Any], *, mutable_config_maps: bool, mutable_secrets: bool) -> Sequence[str]:
    """The paths whose change replaces this object."""
    group = str(obj.get("apiVersion", "")).rpartition("/")[0]
    kind = str(obj.get("kind"))
    immutable = obj.get("immutable") is True
    if (group, kind) == ("", "Secret") and (immutable or not mutable_secrets):
        return (*_IDENTITY, "type", "stringData", "data")
    if (group, kind) == ("", "ConfigMap") and (immutable or not mutable_config_maps):
        return (*_IDENTITY, "binaryData", "data")
    return (*_IDENTITY, *FORCE_NEW.get((group, kind), ()))


def compare(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    namespaced: bool,
    default_namespace: str,
    mutable_config_maps: bool = False,
    mutable_secrets: bool = False,
) -> Diff:
    """The difference between checked inputs of before and of now."""
    before, after = objects.normalise(old), objects.normalise(new)
    if not contains_unknown(after):
        # While something is unknown stringData can't be turned into data: compare like with like.
        pass
    elif "stringData" in after and "stringData" not in before and "data" in before:
        before["stringData"] = before.pop("data")
    for obj in (before, after):
        _canonical_namespace(obj, namespaced, default_namespace)
    forced = force_new(after, mutable_config_maps=mutable_config_maps, mutable_secrets=mutable_secrets)
    if _group(before) != _group(after):
        forced = (*forced, "apiVersion")
    details: dict[str, Change] = {}
    replaces: list[str] = []
    for path, change, value in _walk((), before, after):
        text = path_text(path)
        if any(_matches(pattern.split("."), path, value) for pattern in forced):
            change = _REPLACED[change]
            replaces.append(text)
        details[text] = change
    same_place = objects.metadata(before).get("name") == objects.metadata(after).get("name") and objects.metadata(
        before
    ).get("namespace") == objects.metadata(after).get("namespace")
    return Diff(
        changes=bool(details),
        replaces=tuple(replaces),
        # A name that the program fixed can't be given to the new object while the old one holds it.
        delete_before_replace=bool(replaces) and same_place and not objects.is_autonamed(after),
        details=details,
    )


def _group(obj: Mapping[str, Any]) -> str:
    return str(obj.get("apiVersion", "")).rpartition("/")[0]


def _canonical_namespace(obj: dict[str, Any], namespaced: bool, default: str) -> None:
    meta = obj.get("metadata")
    if not isinstance(meta, dict):
        return
    fields = cast("dict[str, Any]", meta)
    if namespaced:
        fields["namespace"] = fields.get("namespace") or default
    else:
        fields.pop("namespace", None)


def walk(old: Any, new: Any) -> Iterator[tuple[Path, Change, Any]]:
    """Each smallest difference as (path, change, the value that came or went)."""
    return _walk((), old, new)


def _walk(path: Path, old: Any, new: Any) -> Iterator[tuple[Path, Change, Any]]:
    if old is _MISSING:
        yield path, Change.ADD, new
    elif new is _MISSING:
        yield path, Change.DELETE, old
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        before, after = cast("Mapping[str, Any]", old), cast("Mapping[str, Any]", new)
        for key in sorted(before.keys() | after.keys()):
            yield from _walk((*path, key), before.get(key, _MISSING), after.get(key, _MISSING))
    elif isinstance(old, list) and isinstance(new, list):
        befores, afters = cast("list[Any]", old), cast("list[Any]", new)
        for index in range(max(len(befores), len(afters))):
            before_item = befores[index] if index < len(befores) else _MISSING
            after_item = afters[index] if index < len(afters) else _MISSING
            yield from _walk((*path, index), before_item, after_item)
    elif new is UNKNOWN or not _equal(old, new):
        yield path, Change.UPDATE, new


def _equal(old: Any, new: Any) -> bool:
    return old == new and isinstance(old, bool) == isinstance(new, bool)


def _matches(pattern: Sequence[str], path: Path, value: Any) -> bool:
    """Whether a change at ``path`` touches ``pattern``: lies at it or below it, or brings it along in ``value``."""
    for index, wanted in enumerate(pattern):
        if index >= len(path):
            return _holds(value, pattern[index:])
        if wanted != "*" and wanted != path[index]:
            return False
    return True


def _holds(value: Any, pattern: Sequence[str]) -> bool:
    if not pattern:
        return True
    if pattern[0] == "*":
        return isinstance(value, list) and any(_holds(item, pattern[1:]) for item in cast("list[Any]", value))
    if not isinstance(value, Mapping):
        return value is UNKNOWN
    fields = cast("Mapping[str, Any]", value)
    return pattern[0] in fields and _holds(fields[pattern[0]], pattern[1:])


def path_text(path: Path) -> str:
    """A path as Pulumi writes it: ``spec.containers[0].image``, ``metadata.labels["app.kubernetes.io/name"]``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.search(r'[."\[\]]', part):
            escaped = part.replace('"', '\\"')
            text += f'["{escaped}"]'
        else:
            text += f".{part}" if text else part
    return text
