"""Reading what a resource was given, some of which a preview can't know."""

from __future__ import annotations

from typing import Any, Final, cast


class Unknown:
    """A value that only the cloud can give: in a preview it is there, but nobody knows it yet."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN: Final = Unknown()


def at(value: Any, *path: str | int) -> Any:
    """What is at ``path`` inside: None where there is nothing, UNKNOWN where it, or what holds it, is unknown."""
    for key in path:
        if value is UNKNOWN:
            return UNKNOWN
        if isinstance(key, int):
            items = elements(value)
            value = items[key] if key < len(items) else None
        else:
            value = mapping(value).get(key)
    return value


def mapping(value: Any) -> dict[str, Any]:
    """A dict of texts; empty for what is none."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def elements(value: Any) -> list[Any]:
    """A list; empty for what is none."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def texts(value: Any) -> list[str]:
    """The texts of a list, or of a single text, as IAM writes them."""
    return [item for item in ([value] if isinstance(value, str) else elements(value)) if isinstance(item, str)]


def has_unknowns(value: Any) -> bool:
    """Whether ``value``, or something in this list, is unknown: what seems to lack may yet come."""
    return value is UNKNOWN or UNKNOWN in elements(value)


def is_on(value: Any) -> bool:
    """Whether a switch is on, or may be: some types of AWS write their booleans as texts."""
    return value is True or value == "true" or value is UNKNOWN


def is_off(value: Any) -> bool:
    """Whether a switch is off or not there."""
    return not is_on(value)


def dotted(*path: str | int) -> str:
    """A property's path as Pulumi writes it: ``vpcConfig.subnetIds[0]``."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def shown(value: Any) -> str:
    """A value in a message."""
    if value is None:
        return "not set"
    return str(value).lower() if isinstance(value, bool) else str(value)
