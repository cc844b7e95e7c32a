"""Which property of a resource an error of AWS is about, as far as it can be told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from sandbox.plugins.aws.cloud import AwsError
from sandbox.plugins.aws.mapping import find_member
from sandbox.plugins.aws.table import Resource

_TAKEN = re.compile(r"AlreadyExists|Already_Exists|Duplicate|ResourceExists|ResourceInUse")
_QUOTED = re.compile(r"['\"]?([A-Za-z][\w-]*)['\"]?")
_TELLING = 6
"""Letters that a value must have: a shorter one is in many a message by chance."""


def blamed(error: AwsError, params: Mapping[str, Any], props: Mapping[str, Any], row: Resource) -> str | None:
    """The property that the error of a call with ``params`` is about; None when nothing tells it."""
    if _is_about_the_whole(error, row):
        return None
    said = error.reason.lower()
    named = _named(error.reason, params, props)
    if named:
        return named
    quoted = [(len(text), name) for name, text in _texts(props) if text.lower() in said]
    if quoted:
        return max(quoted)[1]
    # What exists already exists under a name.
    creates = error.operation.startswith(("Create", "Allocate", "Run"))
    return row.autoname.property if creates and row.autoname and _TAKEN.search(error.code) else None


def _is_about_the_whole(error: AwsError, row: Resource) -> bool:
    """A deletion that is refused is about the resource, whose id the message has; not about a property."""
    return row.delete is not None and error.operation == row.delete.name


def _named(message: str, params: Mapping[str, Any], props: Mapping[str, Any]) -> str | None:
    """The property behind a parameter that the message names as a word of its own."""
    words = {match[1].lower() for match in _QUOTED.finditer(message)}
    found = next((param for param in params if len(param) > 3 and param.lower() in words), None)
    return None if found is None else find_member(found, props)


def _texts(props: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(property, text) for all texts at any depth."""
    for name, value in props.items():
        if name in ("tags", "tagsAll", "region"):
            continue
        for text in _within(value):
            if len(text) >= _TELLING:
                yield name, text


def _within(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in cast("Mapping[str, Any]", value).values():
            yield from _within(item)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _within(item)
