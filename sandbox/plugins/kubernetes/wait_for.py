"""The annotation ``pulumi.com/waitFor``: conditions that a resource names itself. No requests are made here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.ext.parser import parse

from sandbox.plugins.kubernetes import objects

Object = Mapping[str, Any]


class WaitForError(ValueError):
    """An annotation that says nothing that could be waited for."""


@dataclass(frozen=True)
class Wanted:
    """One condition."""

    text: str
    """As the user wrote it."""
    met: Callable[[Object], bool]


def wanted_conditions(inputs: Object) -> list[Wanted]:
    """The conditions of an object's annotation: one text, or a JSON list of them. Raises WaitForError."""
    text = objects.annotation(inputs, objects.WAIT_FOR)
    if not text:
        return []
    try:
        decoded: Any = json.loads(text)
    except ValueError:
        decoded = None
    if not isinstance(decoded, list):
        return [_wanted(text)]
    texts = [str(item) for item in cast("list[Any]", decoded)]
    if not texts:
        raise WaitForError("is an empty list: name at least one condition, or leave the annotation out")
    return [_wanted(item) for item in texts]


def _wanted(text: str) -> Wanted:
    if text.startswith("condition="):
        type, _, status = text.removeprefix("condition=").partition("=")
        return Wanted(text, lambda live: _has_condition(live, type, status or "True"))
    if text.startswith("jsonpath="):
        return _path_wanted(text)
    raise WaitForError(
        f"is {text!r}: it must be condition=<Type>[=<status>] or jsonpath={{.path}}[=<value>], or a JSON list of those"
    )


def _path_wanted(text: str) -> Wanted:
    # "==" belongs to a filter in the path, a single "=" separates the value.
    parts = re.split(r"(?<!=)=(?!=)", text.removeprefix("jsonpath="))
    match = re.fullmatch(r"\{\s*(.*?)\s*\}", parts[0])
    if match is None or len(parts) > 2 or parts[1:] == [""]:
        raise WaitForError(f"is {text!r}: the form is jsonpath={{.path}} or jsonpath={{.path}}=<value>, without quotes")
    expression = match[1] if match[1].startswith("$") else f"${match[1]}"
    try:
        path: Any = parse(expression)
    except JSONPathError as error:
        raise WaitForError(f"is {text!r}: {error}") from None

    def met(live: Object) -> bool:
        if _is_behind(live, {}):
            return False
        found = [entry.value for entry in path.find(live)]
        if not found:
            return False
        return len(parts) == 1 or parts[1] == (found[0] if isinstance(found[0], str) else json.dumps(found[0]))

    return Wanted(text, met)


def _has_condition(live: Object, type: str, status: str) -> bool:
    """As `kubectl wait` has it: whatever the case, and only when it is about the newest generation."""
    conditions = cast("list[Object]", _status(live).get("conditions") or [])
    for entry in conditions:
        if str(entry.get("type")).lower() == type.lower():
            return not _is_behind(live, entry) and str(entry.get("status")).lower() == status.lower()
    return False


def _is_behind(live: Object, teller: Object) -> bool:
    """Whether a status is about an earlier generation than the object's."""
    seen = teller.get("observedGeneration") or _status(live).get("observedGeneration")
    generation = objects.metadata(live).get("generation")
    return seen is not None and generation is not None and int(seen) < int(generation)


def _status(live: Object) -> Object:
    return cast("Object", live.get("status") or {})
