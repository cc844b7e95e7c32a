"""Inputs against botocore's service model: what botocore checks itself, and the enums, ranges, lengths and patterns
that it leaves to the service."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, ClassVar, cast

from botocore.validate import ParamValidator, ValidationErrors

from sandbox.plugins.protocol import Failure
from sandbox.plugins.values import Unknown

# Java's character classes, as the service models write them, in Python's terms.
_CLASSES = {
    r"\p{L}": r"^\W\d_",
    r"\p{LD}": "A-Za-z0-9",
    r"\p{M}": r"\u0300-\u036f",
    r"\p{Z}": r"\s",
    r"\p{N}": r"\d",
    r"\p{S}": r"$+<=>^`|~",
    r"\p{P}": r"!-/:-@\[-_{-}",
    r"\p{Alnum}": "A-Za-z0-9",
    r"\p{ASCII}": r"\x00-\x7f",
    r"\p{Graph}": r"\x21-\x7e",
    r"\p{Print}": r"\x20-\x7e",
}


class ModelValidator(ParamValidator):
    """botocore's validator, with UNKNOWN accepted anywhere and the model's constraints on scalars and lists."""

    # botocore's short cut for lists of unconstrained scalars would not know UNKNOWN.
    SCALAR_TYPES: ClassVar[dict[str, Any]] = {}

    def _validate(self, params: Any, shape: Any, errors: Any, name: str) -> None:
        if isinstance(params, Unknown):
            return
        before = len(errors._errors)
        cast("Any", super())._validate(params, shape, errors, name)
        if len(errors._errors) == before:
            for reason in broken_constraints(params, shape):
                errors.report(name, "constraint", broken=reason, param=params)


def broken_constraints(value: Any, shape: Any) -> Iterable[str]:
    """What ``value`` breaks of the constraints that the service model puts on ``shape``."""
    if isinstance(value, str):
        shown = "the secret value" if shape.metadata.get("sensitive") else repr(value)
        if shape.enum and value not in shape.enum:
            yield f"{shown} is none of {', '.join(shape.enum)}"
            return
        pattern = shape.metadata.get("pattern")
        if pattern and (compiled := _compile(pattern)) and not compiled.fullmatch(value):
            yield f"{shown} does not match {pattern}"
    if isinstance(value, bool):
        return
    size: Any = value if isinstance(value, int | float) else len(value) if hasattr(value, "__len__") else None
    if size is None:
        return
    what = "" if isinstance(value, int | float) else "length " if isinstance(value, str) else "number of items "
    if (least := shape.metadata.get("min")) is not None and size < least:
        yield f"{what}{size} is less than {least}"
    if (most := shape.metadata.get("max")) is not None and size > most:
        yield f"{what}{size} is more than {most}"


@cache
def _compile(pattern: str) -> re.Pattern[str] | None:
    for java, python in _CLASSES.items():
        if java in pattern:
            # A negated class has no spelling inside of another class: letters are then all word characters.
            pattern = pattern.replace(java, r"\w" if java == r"\p{L}" else python)
    try:
        return re.compile(pattern)
    except re.error:
        return None


def validate(
    params: Mapping[str, Any], shape: Any, origins: Mapping[str, str], missing_as: Mapping[str, str]
) -> list[Failure]:
    """The failures of ``params``, told by the properties they came from.

    ``missing_as`` names the property that would fill a required parameter; one that is not in it is filled elsewhere.
    """
    report: Any = ValidationErrors()
    ModelValidator()._validate(dict(params), shape, report, name="")  # pyright: ignore[reportPrivateUsage]
    failures: list[Failure] = []
    for reason, name, additional in cast("list[tuple[str, str, dict[str, Any]]]", report._errors):
        if reason == "missing required field":
            where = f"{name}.{additional['required_name']}".lstrip(".")
            if "." not in where and where not in missing_as:
                continue
            parent = origins.get(name.lstrip("."), "")
            wanted = missing_as.get(where) or f"{parent}.{_camel(additional['required_name'])}".lstrip(".")
            failures.append(Failure(wanted, "is required"))
        else:
            failures.append(Failure(_origin(name.lstrip("."), origins), _explain(reason, additional)))
    return failures


def _camel(member: str) -> str:
    return member[:1].lower() + member[1:]


def _origin(param: str, origins: Mapping[str, str]) -> str:
    while param and param not in origins:
        shorter = re.sub(r"(\.[^.\[]+|\[\d+\])$", "", param)
        if shorter == param:
            break
        param = shorter
    return origins.get(param, param)


def _explain(reason: str, additional: Mapping[str, Any]) -> str:
    match reason:
        case "constraint":
            return str(additional["broken"])
        case "invalid type":
            expected = ", ".join(str(name) for name in additional["valid_types"])
            return f"is {type(additional['param']).__name__}, and must be {expected}"
        case "invalid range":
            return f"{additional['param']} is less than {additional['min_allowed']}"
        case "invalid length":
            return f"length {additional['param']} is less than {additional['min_allowed']}"
        case "unknown field":
            return f"takes no {additional['unknown_param']}"
        case _:
            return reason


def check_formats(value: Any, path: str, name: str) -> Iterable[Failure]:
    """What the genuine provider checks of addresses and ARNs before any call."""
    if isinstance(value, Mapping):
        for key, item in cast("Mapping[str, Any]", value).items():
            yield from check_formats(item, f"{path}.{key}", key)
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[Any]", value)):
            yield from check_formats(item, f"{path}[{index}]", name)
    elif isinstance(value, str) and value and "cidr" in name.lower() and "group" not in name.lower():
        try:
            ipaddress.ip_network(value)
        except ValueError as error:
            yield Failure(path, f"{value!r} is not a network in CIDR notation: {error}")
    elif isinstance(value, str) and value and name.endswith(("Arn", "arn")) and not value.startswith("arn:"):
        yield Failure(path, f"{value!r} is not an ARN")
