"""From resources to violations: which rules speak of a resource, and which of their words an exception takes back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from policies.model import AnyRule, Level, Resource, Rule, StackRule, message
from policies.settings import LONGEST, WARNED, Exemption, Loaded, SettingsError


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """What one rule says about one resource."""

    rule: str
    level: Level
    urn: str
    text: str


class Judge:
    """Holds a stack to the rules. Raises SettingsError for exceptions from rules that don't exist, or without end."""

    def __init__(self, rules: Sequence[AnyRule], loaded: Loaded, *, stack: str, today: date) -> None:
        self._settings = loaded.settings
        self._exemptions = [one for one in loaded.exemptions if one.stack == stack]
        self._stack = stack
        self._today = today
        self._by_type: dict[str, list[Rule]] = defaultdict(list)
        self._of_stacks = [rule for rule in rules if isinstance(rule, StackRule)]
        for rule in rules:
            if isinstance(rule, Rule):
                for token in rule.types:
                    self._by_type[token].append(rule)
        _check(loaded.exemptions, [rule.name for rule in rules], today)

    def concerns(self, token: str) -> bool:
        """Whether any rule speaks of resources of this type."""
        return token in self._by_type

    def resource(self, resource: Resource) -> Iterator[Violation]:
        """What the rules say about one resource."""
        for rule in self._by_type.get(resource.type, ()):
            yield from self._judged(rule, ((resource, what) for what in rule.check(resource, self._settings)))

    def stack(self, resources: list[Resource]) -> Iterator[Violation]:
        """What the rules about whole stacks say."""
        for rule in self._of_stacks:
            yield from self._judged(rule, rule.check(resources, self._settings))

    def _judged(self, rule: AnyRule, found: Iterable[tuple[Resource, str]]) -> Iterator[Violation]:
        for resource, what in found:
            level, text = rule.level, message(rule, what)
            for exemption in self._exemptions:
                if not exemption.covers(rule.name, self._stack, resource):
                    continue
                if exemption.expires < self._today:
                    text += f" The exception for this ended on {exemption.expires}: {exemption.reason}."
                else:
                    level = Level.ADVISORY
                    text = (
                        f"{rule.name}: {what}. An exception holds until {exemption.expires}: {exemption.reason}. "
                        f"Fix: {rule.fix}"
                        if exemption.expires - self._today <= WARNED
                        else ""
                    )
            if text:
                yield Violation(rule=rule.name, level=level, urn=resource.urn, text=text)


def _check(exemptions: Iterable[Exemption], rules: list[str], today: date) -> None:
    problems: list[str] = []
    for one in exemptions:
        if one.rule not in rules:
            near = get_close_matches(one.rule, rules, 1)
            problems.append(f"there is no rule {one.rule}{f' (do you mean {near[0]}?)' if near else ''}")
        if one.expires - today > LONGEST:
            problems.append(f"the exception from {one.rule} ends on {one.expires}: a year ahead is the longest")
    if problems:
        raise SettingsError("\n".join(f"policies/settings.toml: {problem}" for problem in problems))
