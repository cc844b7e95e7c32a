"""What all sections of the settings have in common."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema

from components.bounds import Range

ALLOWED = "x-allowed"
"""The member of the JSON schema that says in words what is allowed."""


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
    """Raises ValueError with what is allowed."""
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


def within(allowed: Range) -> Rule:
    """A number in a component's range."""

    def check(value: int) -> None:
        if not allowed.low <= value <= allowed.high:
            raise ValueError(f"allowed are {allowed.low} to {allowed.high}")

    return Rule(check, (("minimum", allowed.low), ("maximum", allowed.high)))


def checked(check: Callable[[Any], object], allowed: str = "") -> Rule:
    """A value that a component's own check lets pass; ``allowed`` says in words what that is."""
    return Rule(check, ((ALLOWED, allowed),) if allowed else ())


def matching(pattern: str, allowed: str) -> Rule:
    """A text that matches ``pattern`` as a whole."""
    expression = re.compile(pattern)

    def check(value: str) -> None:
        if expression.fullmatch(value) is None:
            raise ValueError(f"allowed {'are' if allowed.startswith('the ') else 'is'} {allowed}")

    return Rule(check, (("pattern", f"^({pattern})$"), (ALLOWED, allowed)))
