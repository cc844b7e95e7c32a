"""docs/policies.md lists the rules as they are."""

from __future__ import annotations

from policies import documentation


def test_the_list_of_rules_is_up_to_date() -> None:
    assert documentation.DOCUMENT.read_text() == documentation.up_to_date(), "run `make docs`"
