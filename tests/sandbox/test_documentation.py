"""The documentation says what the sandbox supports and who checks it, how long AWS takes, and which quotas hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import documentation
from sandbox.checkers import BUILT_IN, checked_by, table
from sandbox.toolchain.pins import CRD_SETS
from tests.stacks.stack_files import bring_up


@pytest.mark.parametrize("document", documentation.documents(), ids=lambda path: path.name)
def test_the_generated_parts_are_up_to_date(document: Path) -> None:
    assert documentation.up_to_date(document) == document.read_text(), "run `make docs`"


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_type_of_the_stacks_is_in_the_table(stack: str) -> None:
    # Components and providers are the engine's own.
    used = {one.type for one in bring_up(stack).resources if not one.type.startswith(("platform:", "pulumi:"))}

    assert {token.partition(":")[0] for token in used} == {"aws", "kubernetes"}
    assert [token for token in sorted(used) if checked_by(token) is None] == []


@pytest.mark.parametrize(
    "token",
    [
        "aws:ec2/fleet:Fleet",
        "kubernetes:example.com/v1:MyApp",
        "kubernetes:apps/v1beta1:Deployment",
        "kubernetes:apps/v1:DeploymentPatch",
        "kubernetes:helm.sh/v4:Chart",
        "random:index/randomPassword:RandomPassword",
    ],
)
def test_a_type_that_nobody_checks_is_not_in_it(token: str) -> None:
    assert checked_by(token) is None


def test_each_api_has_one_row() -> None:
    rows = [token for token, _ in table()]

    assert len(rows) == len(set(rows))
    served = [version for crds in CRD_SETS for version in crds.serves]
    assert {f"kubernetes:{version}:*" for version in (*BUILT_IN, *served)} <= set(rows)
