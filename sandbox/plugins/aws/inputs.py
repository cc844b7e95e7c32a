"""Checking inputs: what the table knows, what the service model allows, and the defaults of the genuine provider."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from typing import Any, cast

from sandbox.plugins.aws.cloud import MODELS
from sandbox.plugins.aws.context import Context, Place, carries, target
from sandbox.plugins.aws.schema import Schema
from sandbox.plugins.aws.table import AutoName, Op, Resource
from sandbox.plugins.aws.validation import check_formats, validate
from sandbox.plugins.protocol import Call, Failure
from sandbox.plugins.values import Unknown, contains_unknown

DEFAULTS = "__defaults"
"""The input in which the genuine provider keeps which names it made itself."""


def known_inputs(row: Resource, schema: Schema) -> frozenset[str]:
    """The inputs that the row models; the others are refused."""
    names = {"tags"} if row.tags else set[str]()
    if row.regional:
        names.add("region")
    names |= set(row.local) & schema.inputs
    for op in (row.create, *row.create_by.values(), *row.update):
        names |= set(carries(row, op, schema.inputs))
    return frozenset(names)


def unchangeable(row: Resource, schema: Schema) -> frozenset[str]:
    """The inputs that no operation of the row changes on an existing resource."""
    changeable = {"tags", "region", *row.local}
    for op in row.update:
        changeable |= set(carries(row, op, schema.inputs))
    return schema.inputs - changeable


def auto_name(rule: AutoName, logical: str, olds: Mapping[str, Any]) -> str:
    """The name that ``olds`` have, when the provider made it; otherwise a fresh one."""
    if is_auto_named(rule, logical, olds):
        return str(olds[rule.property])
    return f"{_stem(rule, logical)}-{secrets.token_hex(4)[:7]}"


def is_auto_named(rule: AutoName, logical: str, inputs: Mapping[str, Any]) -> bool:
    """Whether the provider made the name in ``inputs``: as these say, for a resource may be called another by now."""
    name = inputs.get(rule.property)
    if not isinstance(name, str):
        return False
    made = cast("list[str]", inputs.get(DEFAULTS) or [])
    return rule.property in made or bool(re.fullmatch(rf"{re.escape(_stem(rule, logical))}-[0-9a-f]{{7}}", name))


def _stem(rule: AutoName, logical: str) -> str:
    return f"{rule.prefix}{logical.lower() if rule.lower else logical}"[: rule.length - 8]


def with_defaults(row: Resource, logical: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
    """``news`` with what the genuine provider fills in."""
    result: dict[str, Any] = {key: value for key, value in news.items() if value is not None}
    for path, default in row.defaults.items():
        bag: Any = result
        *parents, name = path.split(".")
        for parent in parents:
            bag = cast("Mapping[str, Any]", bag).get(parent) if isinstance(bag, Mapping) else None
        if isinstance(bag, dict) and name not in bag:
            # The parents are the program's own objects: copy them before writing.
            _put_copy(result, [*parents, name], default)
        elif isinstance(bag, list):
            entries = cast("list[Any]", bag)
            filled: list[Any] = [{name: default, **entry} if isinstance(entry, dict) else entry for entry in entries]
            _put_copy(result, parents, filled)
    if row.autoname and row.autoname.property not in result:
        name = row.autoname.property
        if f"{name}Prefix" in result:
            prefixed = AutoName(name, row.autoname.length)
            result[name] = auto_name(prefixed, str(result[f"{name}Prefix"]).rstrip("-"), olds)
        else:
            result[name] = auto_name(row.autoname, logical, olds)
        result[DEFAULTS] = [name]
    for name in row.json:
        if isinstance(result.get(name), dict | list) and not contains_unknown(result[name]):
            result[name] = json.dumps(result[name])
    return result


def _put_copy(bag: dict[str, Any], path: list[str], value: Any) -> None:
    for step in path[:-1]:
        bag[step] = dict(bag[step])
        bag = bag[step]
    bag[path[-1]] = value


def check_inputs(row: Resource, schema: Schema, call: Call, place: Place, inputs: Mapping[str, Any]) -> list[Failure]:
    """Everything that is wrong with ``inputs``, each told once."""
    known = known_inputs(row, schema)
    failures: list[Failure] = []
    for name in sorted(inputs):
        if name == DEFAULTS:
            continue
        if name not in schema.inputs:
            failures.append(Failure(name, f"{row.token} has no property {name}"))
        elif name not in known:
            failures.append(Failure(name, f"the sandbox does not model property {name} of type {row.token}"))
        elif name == "tags" and not isinstance(inputs[name], Mapping | Unknown):
            failures.append(Failure(name, "must be a map of texts"))
    for name in row.json:
        value = inputs.get(name)
        if isinstance(value, str) and value:
            try:
                json.loads(value)
            except ValueError as error:
                failures.append(Failure(name, f"is not JSON: {error}"))
    values = {name: value for name, value in inputs.items() if name in known}
    context = Context(row, place, call, dict(inputs))
    done: set[str] = set()
    creation = row.creation(inputs)
    for op in (creation, *row.update):
        mine = [name for name in carries(row, op, values) if name not in done]
        if op is creation or mine:
            failures += _check_op(context, op, {name: values[name] for name in mine}, schema)
        done |= set(mine)
    for name, value in values.items():
        if name not in row.json:
            failures += check_formats(value, name, name)
    if row.check:
        failures += [Failure(name, reason) for name, reason in row.check(dict(inputs))]
    return list(dict.fromkeys(failures))


def _check_op(context: Context, op: Op, values: Mapping[str, Any], schema: Schema) -> list[Failure]:
    row = context.row
    shape = MODELS.operation(row.service, op.name).input_shape
    params, encoder = context.encode(op, {name: value for name, value in values.items() if name not in op.deltas})
    failures = [Failure(failure.property, f"{failure.reason} of type {row.token}") for failure in encoder.failures]
    missing_as: dict[str, str] = {}
    if op is row.creation(context.props):
        for name in schema.inputs - set(op.consumes):
            path = target(row, op, name)
            if path:
                missing_as[".".join(path)] = name
    return failures + validate(params, shape, encoder.origins, missing_as)
