"""What all sections of the settings have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from components.bounds import Range

T = TypeVar("T")


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


def within(allowed: Range) -> AfterValidator:
    """A number in a component's range."""

    def check(value: int) -> int:
        if not allowed.low <= value <= allowed.high:
            raise ValueError(f"allowed are {allowed.low} to {allowed.high}")
        return value

    return AfterValidator(check)


def checked(check: Callable[[T], object]) -> AfterValidator:
    """A value that a component's own check lets pass; the check raises ValueError with what is allowed."""

    def validate(value: T) -> T:
        check(value)
        return value

    return AfterValidator(validate)
