"""docs/sandbox.md says what the sandbox supports."""

from __future__ import annotations

import pytest

from sandbox import documentation
from sandbox.plugins.aws.tables import supported
from tests.stacks.stack_files import bring_up


def test_the_generated_tables_are_up_to_date() -> None:
    text = documentation.DOCUMENT.read_text()

    assert documentation.with_tables(text) == text, "run `make docs`"


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_aws_type_of_the_stacks_is_in_the_table(stack: str) -> None:
    used = {resource.type for resource in bring_up(stack).resources if resource.type.startswith("aws:")}

    assert used
    assert used <= {token for token, _ in supported()}
