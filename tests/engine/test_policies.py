"""The policy pack in the genuine engine: it looks at every preview and up, and stops what breaks a rule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from tests.engine.conftest import Clone, clone_into

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """prod, not up."""
    clone = clone_into(tmp_path_factory.mktemp("clone"), "prod")
    try:
        clone.sandbox("start")
        yield clone
    finally:
        clone.sandbox("reset", check=False)


def _refused(stack: Clone, *command: str) -> str:
    done = stack.pulumi(*command, check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    return said


def test_the_stack_keeps_to_the_rules_and_the_preview_says_so(stack: Clone) -> None:
    said = stack.pulumi("preview").stdout
    assert "✅ platform" in said
    assert "[mandatory]" not in said
    assert "[advisory]" not in said


def test_a_broken_rule_ends_the_up_before_anything_is_made(stack: Clone) -> None:
    before = stack.stack_file.read_text()
    stack.pulumi("config", "rm", "--stack", "prod", "--path", "platform:aws.tags.owner")
    said = _refused(stack, "up", "--yes", "--skip-preview")
    stack.stack_file.write_text(before)
    # Once, of the provider that all resources get their tags from.
    assert said.count("the tag owner is missing.") == 1
    assert "[mandatory]  aws-tags  (pulumi:providers:aws: aws)" in said
    cidrs = [vpc["CidrBlock"] for vpc in stack.aws("ec2", "describe-vpcs")["Vpcs"]]
    assert "10.40.0.0/16" not in cidrs


def test_an_exception_holds_until_its_day(stack: Clone) -> None:
    settings = stack.folder / "policies" / "settings.toml"
    before = settings.read_text()
    exception = (
        '\n[[exceptions]]\nrule = "rds-multi-az"\nstack = "prod"\nresources = ["database-*"]\n'
        'reason = "tried"\nexpires = '
    )
    stack.configure("platform:database.availability", "SingleZone")
    said = _refused(stack, "preview")
    assert "multiAz is false." in said
    assert "Fix: set multiAz to true." in said
    settings.write_text(f"{before}{exception}2000-01-01\n")
    assert "The exception for this ended on 2000-01-01: tried." in _refused(stack, "preview")
    settings.write_text(f"{before}{exception}{date.today() + timedelta(days=90)}\n")
    assert "✅ platform" in stack.pulumi("preview").stdout
    settings.write_text(f"{before}{exception}9999-01-01\n")
    assert "expires = 9999-01-01: it is more than a year ahead" in _refused(stack, "preview")
