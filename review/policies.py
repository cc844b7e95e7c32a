"""What the policy pack says of a preview.

Only the engine's event log tells: ``pulumi preview --json`` leaves policies out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

Event = Mapping[str, Any]

_UNDECIDED = "can't run policy "
"""How the SDK of policy packs begins its advice that a rule needs a value which no preview knows."""
_FIX = re.compile(r"fix:\s*", re.IGNORECASE)


class Level(StrEnum):
    """What a violation does. The pack's other levels are not seen here: they say nothing."""

    MANDATORY = "mandatory"
    """It stops previews and updates."""
    ADVISORY = "advisory"
    """It is told."""


@dataclass(frozen=True)
class Violation:
    """One rule, and one resource that does not keep to it."""

    level: Level
    rule: str
    type: str
    name: str
    message: str
    """The rule's description, and what is wrong here, on one line."""
    fix: str = ""
    """What to do: the text after ``Fix:`` at the beginning of a line of what the pack says."""


@dataclass(frozen=True, order=True)
class Undecided:
    """A rule that asked for a value which is not known before the update."""

    rule: str
    name: str
    """The resource."""


@dataclass(frozen=True)
class PolicyReport:
    """What the policy packs said. Empty when none ran."""

    packs: tuple[str, ...] = ()
    rules: frozenset[str] = frozenset()
    """Those that judged at least one resource, or the stack as a whole."""
    violations: tuple[Violation, ...] = ()
    """Mandatory ones first."""
    undecided: tuple[Undecided, ...] = ()
    whole_stack: bool = False
    """Whether the rules on the stack as a whole were asked. The engine does so last, unless the program failed."""

    @property
    def ran(self) -> bool:
        return bool(self.packs)

    @property
    def mandatory(self) -> list[Violation]:
        return [one for one in self.violations if one.level is Level.MANDATORY]

    @property
    def advisory(self) -> list[Violation]:
        return [one for one in self.violations if one.level is Level.ADVISORY]


def read_events(path: Path) -> list[Event]:
    """The engine's event log; empty when there is none. What a killed engine was writing last is left out."""
    events: list[Event] = []
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    for line in lines:
        try:
            events.append(json.loads(line))
        except ValueError:
            break
    return events


def policy_report(events: Iterable[Event]) -> PolicyReport:
    packs: set[str] = set()
    rules: set[str] = set()
    violations: set[Violation] = set()
    undecided: set[Undecided] = set()
    whole_stack = False
    for event in events:
        for kind in ("policyAnalyzeSummaryEvent", "policyAnalyzeStackSummaryEvent"):
            if summary := _member(event, kind):
                packs.add(str(summary["policyPackName"]))
                rules.update(cast("list[str]", summary.get("passed") or []))
                rules.update(cast("list[str]", summary.get("failed") or []))
                whole_stack = whole_stack or kind == "policyAnalyzeStackSummaryEvent"
        if told := _member(event, "policyEvent"):
            packs.add(str(told["policyPackName"]))
            violation = _violation(told)
            if violation.message.startswith(_UNDECIDED):
                undecided.add(Undecided(violation.rule, violation.name))
            else:
                violations.add(violation)
    return PolicyReport(
        packs=tuple(sorted(packs)),
        rules=frozenset(rules),
        violations=tuple(sorted(violations, key=_order)),
        undecided=tuple(sorted(undecided)),
        whole_stack=whole_stack,
    )


def _member(event: Event, kind: str) -> Mapping[str, Any] | None:
    return cast("Mapping[str, Any] | None", event.get(kind))


def _order(one: Violation) -> tuple[bool, str, str, str]:
    return one.level is not Level.MANDATORY, one.rule, one.name, one.message


def _violation(told: Mapping[str, Any]) -> Violation:
    *_, kinds, name = ["", "", *str(told.get("resourceUrn") or "").split("::")]
    message, fix = _split(str(told["message"]))
    return Violation(
        # What could be mended by itself and is not stops an update as well.
        level=Level.ADVISORY if told["enforcementLevel"] == Level.ADVISORY else Level.MANDATORY,
        rule=str(told["policyName"]),
        type=kinds.rpartition("$")[2],
        name=name,
        message=message,
        fix=fix,
    )


def _split(text: str) -> tuple[str, str]:
    """What is wrong, and what to do, each on one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    begins = next((number for number, line in enumerate(lines) if _FIX.match(line)), len(lines))
    sentences = [line if line[-1] in ".:;!?" else f"{line}." for line in lines[:begins]]
    return " ".join(sentences), _FIX.sub("", " ".join(lines[begins:]), count=1)
