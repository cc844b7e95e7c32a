"""The policy pack in the genuine engine: it looks at every preview and up, and stops what breaks a rule."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.conftest import Clone, clone_into

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """prod without a cluster, not up."""
    clone = clone_into(tmp_path_factory.mktemp("clone"), "prod")
    try:
        clone.sandbox("start")
        for section in ("application", "certificates", "ingress", "nodeGroups", "cluster"):
            clone.pulumi("config", "rm", "--stack", "prod", f"platform:{section}")
        yield clone
    finally:
        clone.sandbox("reset", check=False)


def test_the_stack_keeps_to_the_rules_and_the_preview_says_so(stack: Clone) -> None:
    said = stack.pulumi("preview").stdout
    assert "✅ platform" in said or "Policies" in said
    assert "[mandatory]" not in said
    assert "[advisory]" not in said


def test_a_broken_rule_ends_the_up_before_the_resource_is_made(stack: Clone) -> None:
    stack.configure("platform:database.availability", "SingleZone")
    done = stack.pulumi("up", "--yes", "--skip-preview", check=False)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "rds-multi-az: multiAz is false." in said
    assert "Fix: set multiAz to true." in said
    assert stack.aws("rds", "describe-db-instances")["DBInstances"] == []


def test_an_exception_lets_it_pass(stack: Clone) -> None:
    settings = stack.folder / "policies" / "settings.toml"
    before = settings.read_text()
    settings.write_text(
        f'{before}\n[[exceptions]]\nrule = "rds-multi-az"\nstack = "prod"\nresources = ["database-*"]\n'
        'reason = "tried"\nexpires = 2000-01-01\n'
    )
    ended = stack.pulumi("preview", check=False)
    assert ended.returncode != 0
    assert "The exception for this ended on 2000-01-01: tried." in ended.stdout + ended.stderr
