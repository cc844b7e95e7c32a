"""Bounds belong to the settings, the size between them to the autoscaler."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.nodes import LiveGroups
from components.nodes.node_group import NodeGroup
from recorder import Recorded, record
from tests.components.nodes.test_node_group import args

LEFT_ALONE = ("scalingConfig.desiredSize",)


def live(desired: int, *, bounds: tuple[int, int] = (2, 4), given: str = "2-4", **more: Any) -> dict[str, Any]:
    """What AWS answers for a cluster with one group."""
    scaling = {"minSize": bounds[0], "desiredSize": desired, "maxSize": bounds[1]}
    return {
        "aws:eks/getClusters:getClusters": {"id": "r", "names": ["other", "shop"]},
        "aws:eks/getNodeGroups:getNodeGroups": {"id": "shop", "names": ["gpu-nodes-0123abc", "n-nodes-0123abc"]},
        "aws:eks/getNodeGroup:getNodeGroup": {"scalingConfigs": [scaling], "tags": {"size-bounds": given}},
        **more,
    }


def build(minimum: int, maximum: int, answers: dict[str, Any], *, preview: bool = False) -> Recorded:
    def program() -> None:
        groups = LiveGroups.of("shop", pulumi.InvokeOptions())
        NodeGroup("n", args(min_size=minimum, desired_size=minimum, max_size=maximum, live=groups))

    return record(program, answers=answers, preview=preview)["n-nodes"]


def test_the_size_is_left_alone_while_the_bounds_stay() -> None:
    assert build(2, 4, live(4)).ignore_changes == LEFT_ALONE


def test_a_replacement_starts_with_the_live_size() -> None:
    # The engine ignores a change in updates only: what replaces a group gets the program's own value.
    assert build(2, 4, live(4)).inputs["scalingConfig"]["desiredSize"] == 4


@pytest.mark.parametrize(
    ("minimum", "maximum", "size"),
    [(2, 6, 3), (1, 4, 3), (4, 8, 4), (1, 2, 2)],
    ids=["higher maximum", "lower minimum", "minimum above the size", "maximum below the size"],
)
def test_changed_bounds_keep_the_live_size_as_far_as_they_allow(minimum: int, maximum: int, size: int) -> None:
    group = build(minimum, maximum, live(3))
    assert group.inputs["scalingConfig"] == {"minSize": minimum, "desiredSize": size, "maxSize": maximum}
    assert group.ignore_changes == ()


def test_bounds_that_were_raised_by_hand_and_then_in_the_settings_drain_no_node() -> None:
    group = build(2, 6, live(5, bounds=(2, 6), given="2-4"))
    assert group.inputs["scalingConfig"]["desiredSize"] == 5
    assert group.ignore_changes == ()
    assert group.inputs["tags"]["size-bounds"] == "2-6"


def test_the_same_bounds_raised_by_hand_only_are_set_back_around_the_size() -> None:
    group = build(2, 4, live(5, bounds=(2, 6)))
    assert group.inputs["scalingConfig"] == {"minSize": 2, "desiredSize": 4, "maxSize": 4}
    assert group.ignore_changes == ()


def test_the_larger_of_two_counts_after_an_interrupted_replacement() -> None:
    names = {"id": "shop", "names": ["n-nodes-0123abc", "n-nodes-fedcba9"]}
    group = build(2, 4, live(3, **{"aws:eks/getNodeGroups:getNodeGroups": names}))
    assert group.inputs["scalingConfig"]["desiredSize"] == 3


@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize(
    "answers",
    [
        {"aws:eks/getClusters:getClusters": {"id": "r", "names": ["other"]}},
        live(3, **{"aws:eks/getNodeGroups:getNodeGroups": {"id": "shop", "names": ["n-nodes-more-0123abc"]}}),
    ],
    ids=["no cluster", "no group"],
)
def test_a_new_group_begins_with_the_settings_size(answers: dict[str, Any], preview: bool) -> None:
    group = build(2, 4, answers, preview=preview)
    assert group.inputs["scalingConfig"] == {"minSize": 2, "desiredSize": 2, "maxSize": 4}
