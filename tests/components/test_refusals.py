"""How components say no, and what they know of AWS's names."""

from __future__ import annotations

import pytest

from components.machines import families, machines
from components.refusals import Refusal, nearest
from components.regions import check_region, regions


def test_a_refusal_is_one_line_with_problem_what_is_allowed_and_the_fix() -> None:
    assert str(Refusal("it is 4", allowed="2 to 3", fix="take 3")) == "it is 4; allowed: 2 to 3; fix: take 3"


@pytest.mark.parametrize(
    ("value", "meant"), [("single", "Single"), ("PerZnoe", "PerZone"), ("NONE", "None"), ("Frankfurt", None)]
)
def test_what_was_meant_is_guessed_only_when_it_resembles(value: str, meant: str | None) -> None:
    assert nearest(value, ["None", "Single", "PerZone"]) == meant


def test_the_machines_of_the_day_are_known() -> None:
    known = machines(families())
    assert {"t3.medium", "m7g.large", "m7i-flex.large", "u-6tb1.metal", "p6e-gb200.36xlarge"} <= known
    assert len(known) > 1_000


def test_the_regions_of_all_partitions_are_known() -> None:
    assert {"eu-central-1", "us-gov-west-1", "cn-north-1"} <= set(regions())
    with pytest.raises(ValueError, match=r"'eu-centrl-1' does not exist.*fix: write eu-central-1"):
        check_region("eu-centrl-1")
