"""What is made of the engine's answers. They are recorded: tests/engine/test_review.py has the program and the pack.

What a recording leaves out: events of other things than policies, where in the program a resource stands, and how long
the folders' names were.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from review.changes import Change, Operation, changes
from review.comment import comment
from review.policies import policy_report
from review.preview import Answer, problem, unchecked
from review.stack_review import StackReview

RECORDED = Path(__file__).parent / "recorded"
RELEASE = "kubernetes:helm.sh/v3:Release"


def recorded(name: str) -> StackReview:
    kept = json.loads((RECORDED / f"{name}.json").read_text())
    answer = Answer(kept["digest"], kept["events"], kept["failed"], kept["said"])
    found, policies = changes(answer.digest), policy_report(answer.events)
    who = unchecked(found, answer.digest, [], genuine=False)
    return StackReview("dev", found, who, policies, problem(answer, policies))


def test_a_preview_that_policies_refuse_shows_all_that_would_change() -> None:
    review = recorded("refused")

    assert review.summary == "1 created, 1 updated, 1 replaced, 1 perhaps updated, refused by 1 policy violation"
    assert review.problem == ""
    assert review.refused
    assert [change.name for change in review.risky] == ["images"]
    assert [change.name for change in review.known] == ["role", "another"]
    assert [change.name for change in review.computed] == ["grant"]
    assert review.policy_line == "1 mandatory, 1 advisory, of 4 rules"
    (refusal,) = review.policies.mandatory
    assert refusal.message == "An image stays what it was. tags can be moved to other images."
    assert refusal.fix == "set imageTagMutability to IMMUTABLE"
    assert [one.rule for one in review.policies.undecided] == ["narrow-rights"]


def test_a_preview_that_keeps_the_rules_says_of_how_many() -> None:
    review = recorded("kept")

    assert review.summary == "1 updated"
    assert review.policy_line == "none of 4 rules is violated"
    assert not review.refused
    assert review.policies.whole_stack


def test_a_program_that_fails_says_why_and_what_policies_saw_until_then() -> None:
    review = recorded("broken")

    assert review.problem.endswith("RuntimeError: it does not work")
    assert review.policies.ran
    assert not review.policies.whole_stack
    assert any("rules on the stack as a whole" in gap for gap in review.gaps)
    assert "RuntimeError: it does not work" in comment([review], "main")


@pytest.mark.parametrize(
    ("diagnostics", "said", "told"),
    [
        ([{"severity": "error", "message": "error: no such type"}], "", "no such type"),
        ([{"severity": "info", "message": "working"}], "the engine ended", "the engine ended"),
        ([{"severity": "error", "message": "error: preview failed\n"}], "", "the preview failed, and the engine"),
        ([], "", "the preview failed, and the engine"),
    ],
)
def test_a_failure_never_goes_without_a_reason(diagnostics: list[dict[str, str]], said: str, told: str) -> None:
    answer = Answer({"diagnostics": diagnostics}, [], failed=True, said=said)

    assert problem(answer, policy_report([])).startswith(told)


def state(token: str, name: str, **outputs: Any) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:dev::platform::{token}::{name}", "type": token, "outputs": outputs}


def found_unchecked(*states: dict[str, Any], up: list[dict[str, Any]] | None = None) -> dict[str, str]:
    digest = {"steps": [{"op": "update", "urn": each["urn"], "newState": each} for each in states]}
    return unchecked(changes(digest), digest, up or [], genuine=False)


def test_what_moto_or_the_api_server_has_looked_at_is_checked() -> None:
    told = found_unchecked(
        state("aws:ec2/vpc:Vpc", "vpc"),
        state("kubernetes:apps/v1:Deployment", "app"),
        state("kubernetes:traefik.io/v1alpha1:Middleware", "redirect"),
        state("platform:network:Network", "network"),
        state("pulumi:providers:aws", "aws"),
    )

    assert told == {}


@pytest.mark.parametrize(
    ("token", "who"),
    [
        ("aws:eks/cluster:Cluster", "botocore's model; kept by the sandbox"),
        ("aws:made/up:Type", "nobody that the sandbox knows of"),
        (RELEASE, "stand-in"),
    ],
)
def test_what_nobody_like_aws_has_looked_at_is_told(token: str, who: str) -> None:
    assert found_unchecked(state(token, "one")) == {token: who}


def test_a_release_that_is_up_remembers_how_it_was_rendered() -> None:
    """A preview of it does not say."""
    up = state(RELEASE, "traefik", __renderedBy="helm")

    assert found_unchecked(state(RELEASE, "traefik"), up=[up]) == {}


def test_one_of_a_type_that_nobody_has_looked_at_is_enough() -> None:
    rendered, stand_in = state(RELEASE, "traefik", __renderedBy="helm"), state(RELEASE, "own", __renderedBy="stand-in")

    for order in ([rendered, stand_in], [stand_in, rendered]):
        assert found_unchecked(*order) == {RELEASE: "stand-in"}
    assert found_unchecked(rendered, up=[stand_in]) == {}, "what does not change is not in question"


def test_a_type_that_does_not_change_is_not_in_question() -> None:
    digest = {"steps": [{"op": "same", "urn": "urn:pulumi:dev::p::t::n", "newState": state(RELEASE, "same")}]}

    assert unchecked([Change("aws:ec2/vpc:Vpc", "vpc", Operation.CREATE)], digest, [], genuine=False) == {}
