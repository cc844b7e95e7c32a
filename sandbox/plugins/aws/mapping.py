"""Property bags in Pulumi's camelCase to parameters in botocore's shapes, and descriptions back to properties."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, cast

from sandbox.plugins.aws.schema import Type
from sandbox.plugins.protocol import UNKNOWN, Failure
from sandbox.plugins.values import Unknown

Shape = Any
"""A botocore.model.Shape (botocore carries no types)."""


class MappingError(Exception):
    """A value that has no place in the operation's input."""


@cache
def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


@cache
def _spellings(name: str) -> tuple[str, ...]:
    """``name`` as a member may spell it: lists are plural in Pulumi, and often singular in AWS, or the reverse."""
    plain = _plain(name)
    forms = [plain, f"{plain}s"]
    if plain.endswith("ies"):
        forms.append(f"{plain[:-3]}y")
    if plain.endswith("s"):
        forms.append(plain[:-1])
    return tuple(forms)


def find_member(name: str, members: Iterable[str]) -> str | None:
    """The member that ``name`` means, by case and plural; None when there is none."""
    by_plain = {_plain(member): member for member in members}
    return next((by_plain[form] for form in _spellings(name) if form in by_plain), None)


def pair_members(names: Iterable[str]) -> tuple[str, str] | None:
    """The members of a key-value structure (a tag) among ``names``, None when it is another structure."""
    members = list(names)
    if len(members) != 2:
        return None
    key = next((member for member in members if _plain(member).endswith("key")), None)
    value = next((member for member in members if _plain(member).endswith("value")), None)
    return (key, value) if key and value else None


def tag_list(shape: Shape, tags: Mapping[str, Any]) -> Any:
    """``tags`` as the operation takes them: a map, or a list of key-value structures."""
    if shape.type_name == "map":
        return dict(tags)
    pair = pair_members(shape.member.members)
    if pair is None:
        raise MappingError(f"{shape.name} takes no tags")
    return [{pair[0]: key, pair[1]: value} for key, value in tags.items()]


@dataclass
class Encoder:
    """Maps properties into one operation's input. ``origins`` tells which property a parameter came from."""

    names: Mapping[str, str]
    origins: dict[str, str] = field(default_factory=dict[str, str])
    failures: list[Failure] = field(default_factory=list[Failure])

    def encode(self, value: Any, shape: Shape, path: str, param: str, named: str) -> Any:
        """``value`` of the property at ``path`` for ``shape`` at ``param``; ``named`` is the path without indices."""
        self.origins[param] = path
        if isinstance(value, Unknown):
            return UNKNOWN
        match shape.type_name:
            case "structure":
                return self._structure(value, shape, path, param, named)
            case "list":
                return self._list(value, shape, path, param, named)
            case "map":
                if not isinstance(value, Mapping):
                    return value
                items = cast("Mapping[str, Any]", value).items()
                return {
                    key: self.encode(item, shape.value, f"{path}.{key}", f"{param}.{key}", f"{named}.{key}")
                    for key, item in items
                    if item is not None
                }
            case _:
                return _scalar(value, shape)

    def _structure(self, value: Any, shape: Shape, path: str, param: str, named: str) -> Any:
        if isinstance(value, list):
            items = cast("list[Any]", value)
            if len(items) > 1:
                self.failures.append(
                    Failure(path, f"{len(items)} items are too many: one fits into the property {named}")
                )
            return self._structure(items[0], shape, f"{path}[0]", param, named) if items else {}
        if not isinstance(value, Mapping):
            # An attribute that AWS wraps: EnableDnsHostnames={"Value": true}.
            only = list(shape.members.items())
            if len(only) == 1:
                member, inner = only[0]
                return {member: self.encode(value, inner, path, f"{param}.{member}", named)}
            return value
        result: dict[str, Any] = {}
        for key, item in cast("Mapping[str, Any]", value).items():
            if item is None:
                continue
            where = f"{named}.{key}"
            member = self.names.get(where) or find_member(key, shape.members)
            if member is None or member not in shape.members:
                self.failures.append(Failure(f"{path}.{key}", f"the sandbox does not model property {where}"))
                continue
            result[member] = self.encode(
                item, shape.members[member], f"{path}.{key}", f"{param}.{member}".lstrip("."), where
            )
        return result

    def _list(self, value: Any, shape: Shape, path: str, param: str, named: str) -> Any:
        item_shape = shape.member
        if isinstance(value, Mapping):
            items = cast("Mapping[str, Any]", value)
            if item_shape.type_name == "structure" and pair_members(item_shape.members) and not _is_pair(items):
                for index, key in enumerate(items):
                    self.origins[f"{param}[{index}]"] = f"{path}.{key}"
                return tag_list(shape, items)
            return [self.encode(items, item_shape, path, f"{param}[0]", named)]
        if not isinstance(value, list):
            return [self.encode(value, item_shape, path, f"{param}[0]", named)]
        return [
            self.encode(item, item_shape, f"{path}[{index}]", f"{param}[{index}]", named)
            for index, item in enumerate(cast("list[Any]", value))
            if item is not None
        ]


def _is_pair(value: Mapping[str, Any]) -> bool:
    return pair_members(value) is not None


def _scalar(value: Any, shape: Shape) -> Any:
    """``value`` with the type that the shape wants: some of Terraform's booleans and numbers are texts."""
    match shape.type_name, value:
        case "boolean", "true" | "false":
            return value == "true"
        case "integer" | "long", str() if value.lstrip("-").isdigit():
            return int(value)
        case "integer" | "long", float() if value.is_integer():
            return int(value)
        case "float" | "double", int() if not isinstance(value, bool):
            return float(value)
        case "string", bool():
            return str(value).lower()
        case "string", int() | float():
            return str(value)
        case "string", dict() | list():
            return json.dumps(value)
        case "blob", str():
            return base64.b64decode(value)
        case _:
            return value


def zero(shape: Shape) -> Any:
    """What an update sends for a property that the program no longer sets; None when nothing says «none»."""
    zeros: dict[str, Any] = {"string": "", "list": [], "map": {}, "boolean": False}
    return zeros.get(shape.type_name)


@dataclass(frozen=True)
class Decoder:
    """Maps a description by the cloud to properties of the genuine provider's types."""

    names: Mapping[str, str]

    def member(self, name: str, where: str, live: Mapping[str, Any]) -> Any:
        """The value in ``live`` for the property ``name``; ``where`` is its path."""
        target = self.names.get(where)
        if target is None:
            found = find_member(name, live)
            return None if found is None else live[found]
        value: Any = live
        for step in target.split("."):
            value = cast("Mapping[str, Any]", value).get(step) if isinstance(value, Mapping) else None
        return value

    def decode(self, value: Any, kind: Type, where: str) -> Any:
        """``value`` as the property at ``where`` has it."""
        if value is None:
            return None
        match kind.kind:
            case "object":
                return self._object(value, kind, where)
            case "list":
                items = cast("list[Any]", value) if isinstance(value, list) else [value]
                item = kind.item or Type("any")
                return [self.decode(entry, item, where) for entry in items if entry is not None]
            case "map":
                return _decode_map(value)
            case _:
                return _decode_scalar(value, kind)

    def _object(self, value: Any, kind: Type, where: str) -> Any:
        if isinstance(value, list):
            items = cast("list[Any]", value)
            return self._object(items[0], kind, where) if items else None
        if not isinstance(value, Mapping):
            return None
        live = cast("Mapping[str, Any]", value)
        result: dict[str, Any] = {}
        for name, inner in (kind.fields or {}).items():
            path = f"{where}.{name}"
            decoded = self.decode(self.member(name, path, live), inner, path)
            if decoded is not None:
                result[name] = decoded
        return result


def _decode_map(value: Any) -> Any:
    if isinstance(value, list):
        result: dict[str, Any] = {}
        for entry in cast("list[Mapping[str, Any]]", value):
            pair = pair_members(entry) or pair_members([name for name in entry if _plain(name) in _TAG])
            if pair:
                result[entry[pair[0]]] = entry[pair[1]]
        return result
    return dict(cast("Mapping[str, Any]", value)) if isinstance(value, Mapping) else value


_TAG = frozenset({"key", "value", "tagkey", "tagvalue"})


def _decode_scalar(value: Any, kind: Type) -> Any:
    return _scalar_of(_unwrapped(value), kind)


def _unwrapped(value: Any) -> Any:
    """The value that AWS wraps in a structure of its own."""
    if not isinstance(value, Mapping):
        return value
    members = list(cast("Mapping[str, Any]", value).values())
    return members[0] if len(members) == 1 and not isinstance(members[0], Mapping | list) else cast("Any", value)


def _scalar_of(value: Any, kind: Type) -> Any:
    match kind.kind, value:
        case "text" | "any", datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%SZ")
        case "text", bool():
            return str(value).lower()
        case "text", int() | float():
            return str(value)
        case "text", bytes():
            return base64.b64encode(value).decode()
        case "text", dict() | list():
            return json.dumps(value)
        case "number", str() if value.lstrip("-").isdigit():
            return int(value)
        case "bool", str():
            return value.lower() in ("true", "enabled")
        case _:
            return value


def normal_json(value: Any) -> Any:
    """A JSON document's meaning: AWS takes a list of one for its item, and lists of statements in any order."""
    if isinstance(value, str):
        try:
            return _normal(json.loads(value))
        except ValueError:
            return value
    return _normal(value)


def _normal(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _normal(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        items = [_normal(item) for item in cast("Sequence[Any]", value)]
        return items[0] if len(items) == 1 else sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
    return value
