"""What the rules ask of the organisation, and the exceptions from them: policies/settings.toml."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
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
    """policies/settings.toml says something that can't be meant; for each problem a line with what to do."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(f"policies/settings.toml: {problem}" for problem in problems))


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
        raise SettingsError([problem("it can't be read", str(error), allowed="TOML", fix="correct the text")]) from None
    problems = _unknown(document, "", ("regions", "tags", "registries", "exceptions"))
    lists = {key: _texts(document, key, problems) for key in ("regions", "tags", "registries")}
    if not isinstance(document.get("exceptions", []), list):
        fix = "write [[exceptions]], with two brackets on each side"
        problems.append(problem("exceptions", "it is no list", allowed="a table for each exception", fix=fix))
    exemptions = [
        exemption
        for index, entry in enumerate(elements(document.get("exceptions")))
        if (exemption := _exemption(f"exceptions[{index}].", mapping(entry), problems))
    ]
    if problems:
        raise SettingsError(problems)
    return Loaded(
        settings=Settings(regions=frozenset(lists["regions"]), tags=lists["tags"], registries=lists["registries"]),
        exemptions=tuple(exemptions),
    )


def problem(where: str, what: str, *, allowed: str, fix: str) -> str:
    """A line of a SettingsError."""
    return f"{where}: {what}; allowed: {allowed}; fix: {fix}"


def written(word: str, known: Iterable[str]) -> str:
    """The fix of a word that there is not: the nearest one that there is."""
    near = get_close_matches(word, list(known), 1)
    return f"write {near[0]}" if near else "leave it out"


def _unknown(entry: Mapping[str, Any], where: str, known: tuple[str, ...]) -> list[str]:
    return [
        problem(f"{where}{key}", "there is no such key", allowed=", ".join(known), fix=written(key, known))
        for key in sorted(entry.keys() - set(known))
    ]


def _texts(document: Mapping[str, Any], key: str, problems: list[str], where: str = "") -> tuple[str, ...]:
    found = document.get(key)
    if not isinstance(found, list) or not all(isinstance(one, str) and one for one in elements(found)):
        example = json.dumps([found] if found and isinstance(found, str) else ["..."])
        problems.append(_wrong(document, where, key, "list of texts", example))
        return ()
    return tuple(elements(found))


def _wrong(entry: Mapping[str, Any], where: str, key: str, kind: str, example: str) -> str:
    """The line for a key that is missing, or is of another kind."""
    if key not in entry:
        return problem(f"{where}{key}", "it is missing", allowed=f"a {kind}", fix=f"add {key} = {example}")
    shown = f"{where}{key} = {json.dumps(entry[key], default=str)}"
    return problem(shown, f"it is no {kind}", allowed=f"a {kind}", fix=f"write {key} = {example}")


def _exemption(where: str, entry: dict[str, Any], problems: list[str]) -> Exemption | None:
    before = len(problems)
    problems += _unknown(entry, where, ("rule", "stack", "resources", "reason", "expires"))
    for key in ("rule", "stack", "reason"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            problems.append(_wrong(entry, where, key, "text with words in it", '"..."'))
    resources = _texts(entry, "resources", problems, where)
    if type(entry.get("expires")) is not date:
        problems.append(_wrong(entry, where, "expires", "day", "2027-03-31"))
    if len(problems) > before:
        return None
    return Exemption(
        rule=entry["rule"], stack=entry["stack"], resources=resources, reason=entry["reason"], expires=entry["expires"]
    )
