"""One resource under work: its row, its properties, and the calls made for it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import jmespath

from sandbox.plugins.aws.cloud import MODELS, AwsError, Cloud
from sandbox.plugins.aws.errors import blamed
from sandbox.plugins.aws.mapping import Encoder, find_member, tag_list, zero
from sandbox.plugins.aws.table import Op, Read, Resource, Text
from sandbox.plugins.protocol import Call, ProviderError
from sandbox.plugins.values import contains_unknown
from sandbox.quotas import quota_of

_PLACEHOLDER = re.compile(r"\{([\w.]+)\}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where calls go and as whom."""

    cloud: Cloud
    region: str
    account: str
    partition: str = "aws"
    cancelled: threading.Event = field(default_factory=threading.Event)


@dataclass
class Context:
    """What a row's templates and hooks can see, and the calls they make."""

    row: Resource
    place: Place
    call: Call
    props: dict[str, Any]
    id: str = ""
    live: dict[str, Any] = field(default_factory=dict[str, Any])

    def render(self, template: Any) -> Any:
        """``template`` with its placeholders filled, at any depth. None where the one placeholder has no value."""
        if isinstance(template, Mapping):
            items = cast("Mapping[str, Any]", template).items()
            return {key: self.render(value) for key, value in items}
        if isinstance(template, list):
            return [self.render(item) for item in cast("list[Any]", template)]
        if not isinstance(template, str):
            return template
        whole = _PLACEHOLDER.fullmatch(template)
        if whole:
            return self._value(whole[1])
        return _PLACEHOLDER.sub(lambda match: str(self._value(match[1])), template)

    def _value(self, name: str) -> Any:
        match name.split("."):
            case ["id"]:
                return self.id
            case ["account" | "region" | "partition"]:
                return getattr(self.place, name)
            case ["live", *path]:
                return _walk(self.live, path)
            case path:
                return _walk(self.props, path)

    def aws(
        self, operation: str, params: Mapping[str, Any], service: str | None = None, token: str = ""
    ) -> dict[str, Any]:
        """One call, its failure told with the resource and the property."""
        given = {key: value for key, value in params.items() if value is not None}
        try:
            return self.place.cloud.call(service or self.row.service, self.place.region, operation, given, token)
        except AwsError as error:
            raise self._located(error, given) from error

    def _located(self, error: AwsError, params: Mapping[str, Any]) -> AwsError:
        quota = quota_of(error.operation, error.code, error.reason)
        if quota:
            prop = next((name for name in quota.properties if name in self.props), None)
        else:
            prop = blamed(error, params, self.props, self.row)
        where = f"{self.call.name or self.id} ({self.row.token}{f', property {prop}' if prop else ''})"
        told = str(error)
        if quota:
            # AWS's message does not say which of its many quotas it is about, and so not what to ask for.
            asked = f"The quota is «{quota.name}» ({quota.code}), {quota.default} by default"
            told = f"{told.rstrip('.')}. {asked}"
        located = AwsError(error.operation, error.code, error.reason)
        located.args = (f"{where}: {told}",)
        return located

    def read(self) -> dict[str, Any] | None:
        """What the cloud says of the resource; None when it has none. Kept in ``live``."""
        found: dict[str, Any] = {}
        for index, read in enumerate(self.row.read):
            result = self._read(read, first=index == 0)
            if index == 0 and result is None:
                return None
            if read.into is not None:
                found[read.into] = result
            elif isinstance(result, Mapping):
                found |= cast("Mapping[str, Any]", result)
            self.live = found
        if self.row.gone and jmespath.search(self.row.gone[0], found) in self.row.gone[1]:
            return None
        return found

    def _read(self, read: Read, *, first: bool) -> Any:
        shape = MODELS.operation(self.row.service, read.name).input_shape
        params = self._identity(shape) | self.render(read.fixed)
        if any(value is None for value in params.values()):
            return None
        try:
            answer = self.aws(read.name, params)
        except AwsError as error:
            if error.gone:
                return None
            raise
        expression = _PLACEHOLDER.sub(lambda match: str(self._value(match[1])), read.result)
        result = jmespath.search(expression, answer)
        return None if first and not result else result

    def _identity(self, shape: Any) -> dict[str, Any]:
        """The row's key as the members of ``shape`` take it, a single one or a list."""
        result: dict[str, Any] = {}
        for member, template in self.row.key.items():
            if member in shape.members:
                result[member] = self.render(template)
            elif f"{member}s" in shape.members:
                result[f"{member}s"] = [self.render(template)]
        return result

    def params_of(self, op: Op, values: Mapping[str, Any], tags: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The parameters of ``op`` that carry ``values``."""
        params, encoder = self.encode(op, values)
        if encoder.failures:
            failure = encoder.failures[0]
            raise ProviderError(f"{self.call.name} ({self.row.token}): {failure.property}: {failure.reason}")
        shape = MODELS.operation(self.row.service, op.name).input_shape
        if op is not self.row.create and op not in self.row.create_by.values():
            params = self._identity(shape) | params
        params = merge(params, self.render(op.fixed))
        if tags and self.row.tags:
            if self.row.tags.kind:
                pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
                params["TagSpecifications"] = [
                    *params.get("TagSpecifications", []),
                    {"ResourceType": self.row.tags.kind, "Tags": pairs},
                ]
            elif member := find_member("tags", shape.members):
                params[member] = tag_list(shape.members[member], tags)
        return params

    def encode(self, op: Op, values: Mapping[str, Any]) -> tuple[dict[str, Any], Encoder]:
        """``values`` as parameters, and the encoder that knows where they came from."""
        shape = MODELS.operation(self.row.service, op.name).input_shape
        encoder = Encoder({**self.row.names, **op.names})
        params: dict[str, Any] = {}
        for name in sorted(values):
            path = target(self.row, op, name)
            if path is None or name in op.consumes:
                continue
            inner = shape
            for step in path:
                inner = inner.members[step]
            value = values[name]
            encoded = zero(inner) if value is None else encoder.encode(value, inner, name, ".".join(path), name)
            if encoded is not None:
                put(params, path, encoded)
        consumed = {name: values[name] for name in op.consumes if name in values}
        if op.encode and consumed:
            made = op.encode(consumed)
            for member in made or {}:
                encoder.origins.setdefault(member, next(iter(consumed)))
            params = merge(params, self._fill_texts(made or {}))
        return params, encoder

    def _fill_texts(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: self._fill_texts(item) for key, item in cast("Mapping[str, Any]", value).items()}
        if isinstance(value, list):
            return [self._fill_texts(item) for item in cast("list[Any]", value)]
        return self.render(value) if isinstance(value, Text) else value


def target(row: Resource, op: Op, name: str) -> tuple[str, ...] | None:
    """The member path of ``op``'s input that takes the property ``name``, None when it has none."""
    if name in ("region", "tags") or name in row.local or (op.takes is not None and name not in op.takes):
        return None
    shape = MODELS.operation(row.service, op.name).input_shape
    if shape is None:
        return None
    alias = op.names.get(name) or row.names.get(name)
    creates = op is row.create or op in row.create_by.values()
    taken = op.fixed.keys() if creates else op.fixed.keys() | row.key.keys()
    for prefix in ((), (row.nest,)) if row.nest else ((),):
        inner = shape
        for step in prefix:
            inner = inner.members.get(step) if inner else None
        if inner is None:
            continue
        path = _resolve(alias, name, inner)
        if path and (prefix or path[0] not in taken):
            return (*prefix, *path)
    return None


def _resolve(alias: str | None, name: str, shape: Any) -> tuple[str, ...] | None:
    if alias is None:
        member = find_member(name, shape.members)
        return (member,) if member else None
    path = tuple(alias.split("."))
    for step in path:
        if shape.type_name != "structure" or step not in shape.members:
            return None
        shape = shape.members[step]
    return path


def carries(row: Resource, op: Op, names: Iterable[str]) -> list[str]:
    """Those of ``names`` that ``op`` brings to the cloud."""
    return [name for name in names if name in op.consumes or name in op.deltas or target(row, op, name) is not None]


def is_empty(value: Any) -> bool:
    """Whether Terraform sees no difference between ``value`` and an unset property."""
    return not contains_unknown(value) and not value


def put(params: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set ``value`` at ``path``, making the structures on the way."""
    for step in path[:-1]:
        params = params.setdefault(step, {})
    params[path[-1]] = value


def merge(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    """``left`` with ``right`` laid over it, structure by structure."""
    result = dict(left)
    for key, value in right.items():
        mine = result.get(key)
        if isinstance(mine, Mapping) and isinstance(value, Mapping):
            result[key] = merge(cast("Mapping[str, Any]", mine), cast("Mapping[str, Any]", value))
        else:
            result[key] = value
    return result


def _walk(value: Any, path: Iterable[str]) -> Any:
    for step in path:
        if isinstance(value, list) and step.isdigit():
            items = cast("list[Any]", value)
            value = items[int(step)] if int(step) < len(items) else None
        else:
            value = cast("Mapping[str, Any]", value).get(step) if isinstance(value, Mapping) else None
    return value


def id_parts(row: Resource, id: str) -> dict[str, str] | None:
    """The properties that an id of the row's form tells; None when it has another form."""
    own = row.id if isinstance(row.id, str) and "{" in row.id and "{live." not in row.id else None
    template = row.importing or own
    if template is None:
        return {}
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(template))
    match = re.fullmatch(pattern, id)
    return dict(match.groupdict()) if match else None
