"""What all sections of the settings have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema

from components.bounds import Range
from components.refusals import Refusal

ALLOWED = "x-allowed"
"""The member of the JSON schema that says in words what is allowed."""
UNIT = "x-unit"
"""The member of a number's schema that says what is counted."""


class Section(BaseModel):
    """A part of the configuration: camelCase in YAML, and no key that is not known."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_name=False,
        use_attribute_docstrings=True,
    )


@dataclass(frozen=True)
class Rule:
    """What a value must be besides of its type, and how the JSON schema says so."""

    check: Callable[[Any], object]
    """Raises Refusal."""
    schema: tuple[tuple[str, Any], ...] = ()

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def validate(value: Any) -> Any:
            self.check(value)
            return value

        return core_schema.no_info_after_validator_function(validate, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core), **dict(self.schema)}


class _TextOfNumber:
    """Takes a whole number for a text: ``pulumi config set --path`` writes ``"17"`` as 17, and YAML reads it so."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def text(value: Any) -> Any:
            return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

        return core_schema.no_info_before_validator_function(text, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core), "type": ["string", "integer"]}


Text = Annotated[str, _TextOfNumber()]


def within(allowed: Range, unit: str) -> Rule:
    """A number in a component's range, of ``unit``."""

    def check(value: int) -> None:
        if not allowed.low <= value <= allowed.high:
            small = value < allowed.low
            raise Refusal(
                f"it is too {'small' if small else 'large'}",
                allowed=f"{allowed} {unit}",
                fix=f"take {allowed.low if small else allowed.high}",
            )

    return Rule(check, (("minimum", allowed.low), ("maximum", allowed.high), (UNIT, unit)))


def checked(check: Callable[[Any], object], allowed: str) -> Rule:
    """A value that a component's own check lets pass; ``allowed`` says in words what that is."""
    return Rule(check, ((ALLOWED, allowed),))


def matching(pattern: str, allowed: str, fix: str = "correct it") -> Rule:
    """A text that matches ``pattern`` as a whole."""
    expression = re.compile(pattern)

    def check(value: str) -> None:
        if expression.fullmatch(value) is None:
            raise Refusal("it has another form", allowed=allowed, fix=fix)

    return Rule(check, (("pattern", f"^({pattern})$"), (ALLOWED, allowed)))


def _check_each_once(values: Sequence[object]) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise Refusal(f"{value} is there twice", allowed="each of them once", fix=f"leave out one {value}")


def _check_not_empty(values: Sequence[object]) -> None:
    if not values:
        raise Refusal("it is empty", allowed="at least one", fix="name at least one")


# Not pydantic's own minimum, which also counts what is wrong as missing.
NOT_EMPTY = Rule(_check_not_empty, (("minItems", 1),))
"""A list with something in it."""
EACH_ONCE = Rule(_check_each_once, (("uniqueItems", True),))
"""A list without repetitions."""
