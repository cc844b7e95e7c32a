"""What the rules ask of the organisation, and the exceptions from them: policies/settings.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from policies.model import Resource, Settings
from policies.reading import elements, mapping

LONGEST = timedelta(days=366)
"""How far ahead an exception may end."""
WARNED = timedelta(days=30)
"""How long before its end an exception is spoken of."""


class SettingsError(Exception):
    """policies/settings.toml says something that can't be meant; one line for each problem."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exemption:
    """Leave to break one rule in one stack, until a day."""

    rule: str
    stack: str
    resources: tuple[str, ...]
    """Names of resources; ``*`` and ``?`` stand for anything."""
    reason: str
    expires: date
    """The last day on which it holds."""

    def covers(self, rule: str, stack: str, resource: Resource) -> bool:
        """Whether it speaks of this resource, in force or not."""
        named = any(fnmatchcase(resource.name, pattern) for pattern in self.resources)
        return self.rule == rule and self.stack == stack and named


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """The whole file."""

    settings: Settings
    exemptions: tuple[Exemption, ...]


def load(path: Path) -> Loaded:
    """Read ``path``. Raises SettingsError."""
    return parse(path.read_text())


def parse(text: str) -> Loaded:
    """Read the text of a settings file. Raises SettingsError, which names every problem."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"policies/settings.toml is no TOML: {error}") from None
    problems: list[str] = []
    known = ("regions", "tags", "registries", "exceptions")
    for key in document.keys() - set(known):
        problems.append(f"{key}: there is no such key{_nearest(key, known)}; there are {', '.join(known)}")
    lists = {key: _texts(document, key, problems) for key in ("regions", "tags", "registries")}
    if not isinstance(document.get("exceptions", []), list):
        problems.append("exceptions is a table of its own: write [[exceptions]], with two brackets on each side")
    exemptions = [
        exemption
        for index, entry in enumerate(elements(document.get("exceptions")))
        if (exemption := _exemption(f"exceptions[{index}]", mapping(entry), problems))
    ]
    if problems:
        raise SettingsError("\n".join(f"policies/settings.toml: {problem}" for problem in problems))
    return Loaded(
        settings=Settings(regions=frozenset(lists["regions"]), tags=lists["tags"], registries=lists["registries"]),
        exemptions=tuple(exemptions),
    )


def _texts(document: dict[str, Any], key: str, problems: list[str]) -> tuple[str, ...]:
    found = document.get(key)
    if not isinstance(found, list) or not all(isinstance(one, str) and one for one in elements(found)):
        problems.append(f"{key} is {found!r}: a list of texts is needed")
        return ()
    return tuple(elements(found))


def _exemption(where: str, entry: dict[str, Any], problems: list[str]) -> Exemption | None:
    before = len(problems)
    wanted = ("rule", "stack", "resources", "reason", "expires")
    for key in entry.keys() - set(wanted):
        problems.append(f"{where}.{key}: there is no such key{_nearest(key, wanted)}; there are {', '.join(wanted)}")
    for key in ("rule", "stack", "reason"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            problems.append(f"{where}.{key} is {entry.get(key)!r}: a text is needed")
    resources = _texts(entry, "resources", inner := [])
    problems.extend(f"{where}.{problem}" for problem in inner)
    expires = entry.get("expires")
    if type(expires) is not date:
        problems.append(f"{where}.expires is {expires!r}: a day is needed, such as 2027-03-31")
    if len(problems) > before:
        return None
    return Exemption(
        rule=entry["rule"], stack=entry["stack"], resources=resources, reason=entry["reason"], expires=entry["expires"]
    )


def _nearest(word: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(word, known, 1)
    return f" (do you mean {near[0]}?)" if near else ""
