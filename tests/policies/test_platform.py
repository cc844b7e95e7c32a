"""The platform's own stacks keep to every rule, without exceptions."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from policies.judging import Judge
from policies.model import Resource
from policies.rules import RULES
from policies.rules.stack import default_tags
from policies.settings import load
from recorder import Recorded, Recording
from tests.stacks.stack_files import bring_up, configuration

JUDGE = Judge(RULES, load(Path(__file__).parents[2] / "policies" / "settings.toml"), stack="any", today=date.max)


def _resources(recording: Recording) -> list[Resource]:
    providers = {one.urn: one for one in recording.resources if one.type.startswith("pulumi:providers:")}
    return [_resource(one, providers) for one in recording.resources if one.custom]


def _resource(one: Recorded, providers: dict[str, Recorded]) -> Resource:
    provider = providers.get(one.provider.rpartition("::")[0])
    return Resource(
        type=one.type,
        name=one.name,
        urn=one.urn,
        properties=one.inputs,
        protect=one.protect,
        provider=provider.name if provider else "",
        default_tags=default_tags(provider.inputs) if provider else {},
        refers_to={name: frozenset(one.depends_on) for name in one.inputs},
    )


def _judged(recording: Recording) -> list[str]:
    return [
        f"{violation.rule.name}: {violation.urn}: {violation.text}" for violation in JUDGE.all(_resources(recording))
    ]


@pytest.fixture(scope="module", params=["dev", "prod"])
def stack(request: pytest.FixtureRequest) -> str:
    return request.param


def test_both_stacks_keep_to_every_rule(stack: str) -> None:
    assert _judged(bring_up(stack)) == []


def _without_owner(config: dict[str, Any]) -> None:
    config["platform:aws"]["tags"] = {}


def _elsewhere(config: dict[str, Any]) -> None:
    config["platform:aws"]["region"] = "us-east-1"


def _single_zone(config: dict[str, Any]) -> None:
    config["platform:database"]["availability"] = "SingleZone"


def _second_administrator(config: dict[str, Any]) -> None:
    entries = config["platform:cluster"]["accessEntries"]
    entries["pipeline"] = entries["administrators"]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (_without_owner, "aws-tags"),
        (_elsewhere, "aws-allowed-regions"),
        (_single_zone, "rds-multi-az"),
        (_second_administrator, "eks-one-administrator"),
    ],
)
def test_settings_that_break_a_rule_are_found(change: Any, rule: str) -> None:
    config = configuration("prod")
    change(config)
    assert any(text.startswith(f"{rule}: ") for text in _judged(bring_up("prod", config)))


def test_data_that_may_go_with_its_stack_is_tagged_so() -> None:
    tags = {stack: default_tags(bring_up(stack)["aws"].inputs)["removal-policy"] for stack in ("dev", "prod")}
    assert tags == {"dev": "Delete", "prod": "Retain"}
