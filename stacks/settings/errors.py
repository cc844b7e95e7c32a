"""How mistakes in the configuration are told: all at once, each on one line with what is allowed and what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pulumi
from pydantic import ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from components.refusals import Refusal, nearest
from stacks.settings.schema import PROJECT, allowed, resolved
from stacks.settings.settings import Settings

Location = tuple[int | str, ...]

NO_VALUE: Any = object()
"""Of a mistake that is no value's."""

_VALUE_LENGTH, _PROBLEM_LENGTH = 80, 300
_PLAIN = re.compile(r"[\w-]+", re.ASCII)
_OF_A_KEY = "[key]"
"""How pydantic marks that a mistake is in the key itself."""


class SettingsError(pulumi.RunError):
    """The configuration can't be used. Pulumi shows the message and ends, without a traceback."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something that is wrong in the configuration."""

    location: Location
    """Keys and positions below the project's configuration; empty: it is the stack's own name, or ``elsewhere``."""
    value: Any
    """What is there; NO_VALUE where nothing is, or where it does not help to see it."""
    refusal: Refusal
    elsewhere: str = ""
    """The whole key, of one that is not in the project's configuration."""


def told(mistakes: Sequence[Mistake], *, stack: str, values: Mapping[str, Any]) -> str:
    """The message. ``values`` is the configuration."""
    count = "One setting" if len(mistakes) == 1 else f"{len(mistakes)} settings"
    lines = [_line(mistake, values) for mistake in mistakes]
    return "\n".join([f"{count} of stack {stack} can't be used (Pulumi.{stack}.yaml):", *lines])


def mistakes_of(error: ValidationError) -> list[Mistake]:
    """What pydantic found, in the order of the sections."""
    schema = _schema()
    return [_mistake(detail, schema) for detail in error.errors(include_url=False)]


@cache
def _schema() -> Mapping[str, Any]:
    return Settings.model_json_schema()


def _line(mistake: Mistake, values: Mapping[str, Any]) -> str:
    refusal, key, shown = mistake.refusal, mistake.elsewhere or _key(mistake.location), _shown(mistake, values)
    problem = refusal.problem
    problem = problem if len(problem) <= _PROBLEM_LENGTH else problem[:_PROBLEM_LENGTH] + "..."
    # They may repeat the value, and that may be anything.
    text = " ".join(f"{problem}; allowed: {refusal.allowed}; fix: {refusal.fix}".split())
    return f"  {key}{shown}: {''.join(each if each.isprintable() else '?' for each in text)}"


def _shown(mistake: Mistake, values: Mapping[str, Any]) -> str:
    if mistake.value is NO_VALUE:
        return ""
    value = json.dumps(mistake.value, default=str)
    shown = value if len(value) <= _VALUE_LENGTH else value[:_VALUE_LENGTH] + "..."
    return f" = {shown}" if not mistake.location or _is_there(mistake.location, values) else f" = {shown} (the default)"


def _is_there(location: Location, values: Any) -> bool:
    for step in location:
        try:
            values = values[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _key(location: Location) -> str:
    """The path, as `pulumi config set --path` takes it."""
    if not location:
        return "the stack's name"
    key = f"{PROJECT}:"
    for index, part in enumerate(location):
        plain = isinstance(part, str) and _PLAIN.fullmatch(part)
        key += (f".{part}" if index else str(part)) if plain else f"[{json.dumps(part)}]"
    return key


def _mistake(detail: ErrorDetails, schema: Mapping[str, Any]) -> Mistake:
    location, value = detail["loc"], detail["input"]
    definitions: Mapping[str, Any] = schema.get("$defs", {})
    if location[-1] == _OF_A_KEY:
        # The key tells itself.
        location, value = location[:-1], NO_VALUE
    elif detail["type"] == "value_error":
        alias, section = to_camel(str(location[-1])), _place(location[:-1], schema, definitions)
        # Of a default, pydantic tells the field's name.
        location = (*location[:-1], alias) if alias in section.get("properties", {}) else location
    place = _place(location, schema, definitions)
    context: Mapping[str, Any] = detail.get("ctx", {})
    match detail["type"]:
        case "value_error" if isinstance(context["error"], Refusal):
            refusal = context["error"]
        case "extra_forbidden":
            refusal = _unknown(str(location[-1]), _place(location[:-1], schema, definitions))
        case "missing":
            value, refusal = NO_VALUE, Refusal("it is missing", allowed=allowed(place, definitions), fix="add it")
        case "enum" if isinstance(value, str):
            close = nearest(value, [str(option) for option in place["enum"]])
            fix = f"write {close}" if close else "choose one of them"
            refusal = Refusal("there is no such choice", allowed=allowed(place, definitions), fix=fix)
        case _:
            fix = _fix_of_type(value, place)
            refusal = Refusal(f"it is {_kind(value)}", allowed=allowed(place, definitions), fix=fix)
    return Mistake(location, value, refusal)


def _unknown(key: str, section: Mapping[str, Any]) -> Refusal:
    known = list(section["properties"])
    close = nearest(key, known)
    fix = f"write {close}" if close else "leave it out"
    return Refusal("there is no such key", allowed=", ".join(sorted(known)), fix=fix)


def _kind(value: Any) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case int():
            return "a number"
        case float():
            return "a number with a fraction"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _fix_of_type(value: Any, place: Mapping[str, Any]) -> str:
    """What makes another type of ``value``."""
    if "enum" in place:
        return "choose one of them"
    if "properties" in place:
        return "write its keys below it" if place.get("required") else "write its keys below it, or {} for all defaults"
    match place["type"]:
        case "array":
            return "write a list"
        case "object":
            return "write a mapping"
        case "integer":
            return "write it without quotes" if isinstance(value, str) and value.isdecimal() else "write a whole number"
        case _:
            return "put it in quotes" if isinstance(value, int | float) else "write a text"


def _place(location: Location, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema at a location."""
    place = resolved(schema, definitions)
    for part in location:
        if isinstance(part, int):
            inner = place.get("items")
        else:
            # A section has properties, a mapping by name has one schema for all its values.
            inner = place.get("properties", {}).get(part, place.get("additionalProperties"))
        place = resolved(inner, definitions)
    return place
