"""From resources to violations: which rules speak of a resource, and which of their words an exception takes back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from policies.model import AnyRule, Resource, Rule, StackRule, message
from policies.settings import LONGEST, WARNED, Exemption, Loaded, SettingsError, problem, written


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """What one rule says about one resource."""

    rule: AnyRule
    urn: str
    text: str
    excepted: bool
    """An exception covers it, and ends soon."""


class Judge:
    """Holds a stack to the rules. Raises SettingsError for exceptions from rules that don't exist, or without end."""

    def __init__(self, rules: Sequence[AnyRule], loaded: Loaded, *, stack: str, today: date) -> None:
        self.rules = tuple(rules)
        self._settings = loaded.settings
        self._exemptions = [one for one in loaded.exemptions if one.stack == stack]
        self._stack = stack
        self._today = today
        _check(loaded.exemptions, [rule.name for rule in rules], today)

    def of_resource(self, rule: Rule, resource: Resource) -> Iterator[Violation]:
        """What the rule says about a resource of one of its types."""
        yield from self._judged(rule, ((resource, what) for what in rule.check(resource, self._settings)))

    def of_stack(self, rule: StackRule, resources: list[Resource]) -> Iterator[Violation]:
        """What the rule says about all resources together."""
        yield from self._judged(rule, rule.check(resources, self._settings))

    def all(self, resources: list[Resource]) -> Iterator[Violation]:
        """What all rules say."""
        for rule in self.rules:
            if isinstance(rule, StackRule):
                yield from self.of_stack(rule, resources)
                continue
            for resource in resources:
                if rule.concerns(resource.type):
                    yield from self.of_resource(rule, resource)

    def _judged(self, rule: AnyRule, found: Iterable[tuple[Resource, str]]) -> Iterator[Violation]:
        for resource, what in found:
            covering = [one for one in self._exemptions if one.covers(rule.name, self._stack, resource)]
            # An extended one may stand beside the one that ended.
            exemption = max(covering, key=lambda one: one.expires, default=None)
            text = message(rule, what)
            if exemption is None:
                yield Violation(rule=rule, urn=resource.urn, text=text, excepted=False)
            elif exemption.expires < self._today:
                text = f"The exception for this ended on {exemption.expires}: {exemption.reason}.\n{text}"
                yield Violation(rule=rule, urn=resource.urn, text=text, excepted=False)
            elif exemption.expires - self._today <= WARNED:
                text = f"{rule.name}: {what}. An exception holds until {exemption.expires}: {exemption.reason}."
                yield Violation(rule=rule, urn=resource.urn, text=f"{text}\nFix: {rule.fix}", excepted=True)


def _check(exemptions: Iterable[Exemption], rules: list[str], today: date) -> None:
    problems: list[str] = []
    for index, one in enumerate(exemptions):
        if one.rule not in rules:
            where, what = f'exceptions[{index}].rule = "{one.rule}"', "there is no such rule"
            problems.append(problem(where, what, allowed="those of docs/policies.md", fix=written(one.rule, rules)))
        if one.expires - today > LONGEST:
            last = today + LONGEST
            where, what = f"exceptions[{index}].expires = {one.expires}", "it is more than a year ahead"
            problems.append(problem(where, what, allowed=f"days until {last}", fix=f"write {last}, or an earlier day"))
    if problems:
        raise SettingsError(problems)
