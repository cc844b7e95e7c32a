"""What a rule is, and how it sees a resource."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from policies.controls import Control
from policies.reading import UNKNOWN, Unknown, at, mapping

DISPOSABLE_TAG: Final = "removal-policy"
"""AWS tag by which a stack says what becomes of its data; ``Delete`` means that it goes with the stack."""


class Level(StrEnum):
    """What a violation does."""

    MANDATORY = "mandatory"
    """It ends the preview or the up."""
    ADVISORY = "advisory"
    """It is shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the rules ask of the organisation."""

    regions: frozenset[str]
    tags: tuple[str, ...]
    registries: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """A resource as the program asks for it. Property names are those of the wire: camelCase."""

    type: str
    name: str
    urn: str = ""
    properties: Mapping[str, Any] = field(default_factory=lambda: {})
    """Plain dicts, lists and scalars; ``UNKNOWN`` in place of what a preview can't know."""
    protect: bool = False
    provider: str = ""
    """Name of the provider resource, or empty."""
    default_tags: Mapping[str, Any] | Unknown = field(default_factory=lambda: {})
    """What the provider tags each of its resources with."""
    refers_to: Mapping[str, frozenset[str]] = field(default_factory=lambda: {})
    """Property to the URNs that its value comes from. Rules about whole stacks see it."""

    def get(self, *path: str | int) -> Any:
        """The property at ``path``: None where there is none, UNKNOWN where it, or what holds it, is unknown."""
        return at(self.properties, *path)

    @property
    def tags(self) -> Mapping[str, Any]:
        """Its own tags over the provider's default ones, as far as they are known."""
        defaults = mapping(self.default_tags)
        return {**defaults, **mapping(self.get("tagsAll")), **mapping(self.get("tags"))}

    @property
    def tags_known(self) -> bool:
        """Whether ``tags`` has all that there will be."""
        return not isinstance(self.default_tags, Unknown) and self.get("tags") is not UNKNOWN

    @property
    def disposable(self) -> bool:
        """Whether its data may go with the stack, or that can't be known yet."""
        return self.tags.get(DISPOSABLE_TAG) == "Delete" or not self.tags_known


Check = Callable[[Resource, Settings], Iterable[str]]
"""Yields what is wrong, one short sentence each: property, value. It never yields a secret's value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """Something that each resource of some types must keep to."""

    name: str
    """Its identifier, as exceptions and violations name it."""
    types: frozenset[str]
    """Type tokens; one that ends with ``*`` stands for all that begin so."""
    check: Check
    controls: tuple[Control, ...]
    """The controls and chapters that ask for it."""
    reason: str
    """What goes wrong without it."""
    fix: str
    level: Level = Level.MANDATORY

    def concerns(self, token: str) -> bool:
        """Whether it speaks of resources of this type."""
        return token in self.types or any(one.endswith("*") and token.startswith(one[:-1]) for one in self.types)


StackCheck = Callable[[list[Resource], Settings], Iterable[tuple[Resource, str]]]
"""Yields the resources at fault, each with what is wrong."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StackRule:
    """Something that only shows when all resources of a stack are known."""

    name: str
    check: StackCheck
    controls: tuple[Control, ...]
    reason: str
    fix: str
    level: Level = Level.MANDATORY


AnyRule = Rule | StackRule


def message(rule: AnyRule, what: str) -> str:
    """What is wrong, and on a line of its own what to do, and who asks for it.

    The engine prints the rule's name and reason above it.
    """
    return f"{what}.\nFix: {rule.fix} ({'; '.join(map(str, rule.controls))})"
