"""The checks that most rules are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.model import Check, Resource, Settings
from policies.reading import UNKNOWN, dotted, is_off, is_on, shown


def must(*path: str | int, be: object = True, known_default: object = None) -> Check:
    """A check that the property at ``path`` is ``be``. ``known_default`` is what AWS takes where there is nothing."""

    def check(resource: Resource, _: Settings) -> Iterator[str]:
        value = resource.get(*path)
        found = known_default if value is None else value
        same = (is_on(found) if be else is_off(found)) if isinstance(be, bool) else found == be
        if not same and found is not UNKNOWN:
            yield f"{dotted(*path)} is {shown(value)}"

    return check


def must_be_set(*path: str | int) -> Check:
    """A check that the property at ``path`` has a value."""

    def check(resource: Resource, _: Settings) -> Iterator[str]:
        if resource.get(*path) in (None, "", []):
            yield f"{dotted(*path)} is not set"

    return check


def unless_disposable(check: Check) -> Check:
    """The same check, for what holds data that must not be lost."""

    def checked(resource: Resource, settings: Settings) -> Iterable[str]:
        return () if resource.disposable else check(resource, settings)

    return checked


def never(what: str) -> Check:
    """A check that every resource of these types fails."""

    def check(_: Resource, __: Settings) -> Iterator[str]:
        yield what

    return check
