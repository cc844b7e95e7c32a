"""What the policy pack says of a preview, as the engine's event log tells it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from review.policies import Level, PolicyReport, Undecided, Violation, policy_report, read_events

URN = "urn:pulumi:dev::platform::platform:data:Database$aws:rds/instance:Instance::writer"


def violated(message: str, level: str = "mandatory", rule: str = "no-public-database") -> dict[str, Any]:
    event = {"resourceUrn": URN, "message": message, "enforcementLevel": level}
    return {"policyEvent": {**event, "policyName": rule, "policyPackName": "platform"}}


def judged(kind: str = "policyAnalyzeSummaryEvent", **rules: list[str]) -> dict[str, Any]:
    return {kind: {"policyPackName": "platform", **rules}}


def test_a_violation_says_rule_resource_what_is_wrong_and_what_to_do() -> None:
    report = policy_report([violated("Databases have no public address\nthis one has\nFix: set it\nto false\n")])

    assert report.violations == (
        Violation(
            Level.MANDATORY,
            "no-public-database",
            "aws:rds/instance:Instance",
            "writer",
            "Databases have no public address. this one has.",
            "set it to false",
        ),
    )


def test_mandatory_violations_come_first() -> None:
    report = policy_report([violated("a", "advisory", "a"), violated("z", "mandatory", "z")])

    assert [one.level for one in report.violations] == [Level.MANDATORY, Level.ADVISORY]


@pytest.mark.parametrize("level", ["mandatory", "remediate"])
def test_what_stops_an_update_is_mandatory(level: str) -> None:
    assert policy_report([violated("a", level)]).mandatory


def test_a_violation_that_the_engine_tells_twice_is_told_once() -> None:
    assert len(policy_report([violated("a"), violated("a")]).violations) == 1


def test_rules_are_counted_once_however_many_resources_they_judge() -> None:
    events = [
        judged(passed=["tags", "limits"]),
        judged(passed=["tags"], failed=["encryption"]),
        judged("policyAnalyzeStackSummaryEvent", passed=["one-cluster"]),
    ]
    report = policy_report(events)

    assert report.rules == {"tags", "limits", "encryption", "one-cluster"}
    assert report.packs == ("platform",)
    assert report.whole_stack


def test_no_pack_is_not_a_pack_that_found_nothing() -> None:
    assert not policy_report([{"preludeEvent": {"config": {}}}, {"policyLoadEvent": {}}]).ran
    assert policy_report([judged(passed=["tags"])]).ran


def test_rules_on_the_whole_stack_that_were_not_asked_are_known() -> None:
    assert not policy_report([judged(passed=["tags"]), violated("a")]).whole_stack


def test_a_rule_that_could_not_tell_is_no_violation() -> None:
    """The SDK of policy packs reports it as advice; nobody can follow it."""
    said = "can't run policy 'tags' from policy pack 'platform@v1.0.0' during preview: it asks for a value"
    report = policy_report([violated(said, "advisory", "tags")])

    assert report.violations == ()
    assert report.undecided == (Undecided("tags", "writer"),)


def test_a_log_that_breaks_off_tells_what_it_has(tmp_path: Path) -> None:
    log = tmp_path / "events"
    log.write_text(json.dumps(judged(passed=["tags"])) + '\n{"policyEvent": {"resour')

    assert policy_report(read_events(log)).rules == {"tags"}
    assert policy_report(read_events(tmp_path / "none")) == PolicyReport()
