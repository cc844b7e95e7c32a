"""How mistakes in the configuration are told."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_VALUE_LENGTH = 80


class SettingsError(pulumi.RunError):
    """The configuration can't be used. Pulumi shows the message and ends, without a traceback."""


def describe(error: ValidationError, *, stack: str, model: type[BaseModel]) -> str:
    """All mistakes at once: the key, its value, what is allowed and what to do."""
    mistakes = [mistake for detail in error.errors(include_url=False) for mistake in _mistakes(detail, model)]
    count = "One setting" if len(mistakes) == 1 else f"{len(mistakes)} settings"
    return "\n\n".join([f"{count} of stack {stack} can't be used (Pulumi.{stack}.yaml):", *mistakes])


def _mistakes(detail: ErrorDetails, model: type[BaseModel]) -> list[str]:
    key, problem = _key(detail["loc"]), _problem(detail, model)
    if not key:
        # Rules between sections name the keys themselves, one a line.
        return [f"  platform:{line}" for line in problem.splitlines()]
    lines = [f"  {key}"]
    if detail["type"] not in ("missing", "extra_forbidden"):
        value = json.dumps(detail["input"], default=str)
        lines.append(f"    value: {value if len(value) <= _VALUE_LENGTH else value[:_VALUE_LENGTH] + '...'}")
    # It may repeat the value, and that may be anything.
    return ["\n".join([*lines, f"    {' '.join(problem.split())}"])]


def _key(location: Sequence[int | str]) -> str:
    key = ""
    for part in location:
        if isinstance(part, int):
            key += f"[{part}]"
        elif part != "[key]":
            key += f".{_word(part)}" if key else _word(part)
    return f"platform:{key}" if key else ""


def _word(part: str) -> str:
    """A key as it is, or in quotes where its end would not be seen."""
    return part if part.isprintable() and part and " " not in part else json.dumps(part)


def _problem(detail: ErrorDetails, model: type[BaseModel]) -> str:
    context: Mapping[str, Any] = detail.get("ctx", {})
    match detail["type"]:
        case "missing":
            return "is missing; add it"
        case "extra_forbidden":
            return _unknown_key(detail["loc"], model)
        case "value_error":
            return str(context["error"])
        case "enum":
            return f"allowed are {context['expected']}"
        case "string_type":
            return "allowed is text; put the value in quotes"
        case "int_type" | "int_from_float":
            return "allowed is a whole number, without quotes"
        case "model_type" | "model_attributes_type" | "dict_type":
            return "allowed is a mapping of keys to values; {} takes all defaults"
        case "tuple_type" | "list_type":
            return "allowed is a list"
        case "too_short":
            return f"allowed is a list with at least {context['min_length']} in it"
        case _:
            return detail["msg"]


def _unknown_key(location: Sequence[int | str], model: type[BaseModel]) -> str:
    known = _known_keys(location[:-1], model)
    if not known:
        return "is not known; remove it"
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    guess = f"did you mean {close[0]}?" if close else "remove it."
    return f"is not known; {guess} Known here are {', '.join(sorted(known))}"


def _known_keys(location: Sequence[int | str], model: type[BaseModel]) -> list[str]:
    """Keys of the section at this place, found in the model's JSON schema."""
    schema = model.model_json_schema()
    definitions: dict[str, Any] = schema.get("$defs", {})
    place = _section(schema, definitions)
    for part in location:
        if isinstance(part, int):
            place = _section(place.get("items", {}), definitions)
        else:
            # A section has properties, a mapping by name has one schema for all its values.
            values: Mapping[str, Any] = place.get("additionalProperties") or {}
            place = _section(place.get("properties", {}).get(part, values), definitions)
    return list(place.get("properties", {}))


def _section(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself, behind references and alternatives with null."""
    for alternative in schema.get("anyOf", ()):
        if alternative.get("type") != "null":
            return _section(alternative, definitions)
    reference = schema.get("$ref")
    return definitions[reference.rpartition("/")[2]] if reference else schema
