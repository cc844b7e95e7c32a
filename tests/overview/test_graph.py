"""Components, and which of them need which: by dependencies of what is inside them, without what follows anyway."""

from __future__ import annotations

import pytest

from overview.graph import graph, outermost, reduced
from recorder import Recording
from tests.overview.resources import component, recording, resource


def test_a_component_needs_those_whose_insides_its_own_wait_for() -> None:
    found = graph(
        recording(
            component("base"),
            resource("aws:kms/key:Key", "base-key", inside="base"),
            component("user"),
            component("user-part", inside="user"),
            resource("aws:kms/alias:Alias", "user-part-alias", inside="user-part", needs=("base-key", "user-part")),
        )
    )

    assert found.needs == {"base": [], "user": ["base"]}


def test_what_a_provider_waits_for_everything_in_it_needs() -> None:
    through = resource("kubernetes:core/v1:Secret", "user-secret", inside="user")
    object.__setattr__(through, "provider", "kubernetes::id")
    found = graph(
        recording(
            component("cluster"),
            resource("aws:eks/cluster:Cluster", "cluster-cluster", inside="cluster"),
            resource("pulumi:providers:kubernetes", "kubernetes", needs=("cluster-cluster",)),
            component("user"),
            through,
        )
    )

    assert found.needs["user"] == ["cluster"]
    assert found.components["user"].in_kubernetes
    assert not found.components["cluster"].in_kubernetes


def test_a_need_that_another_implies_is_not_told() -> None:
    needs = {"roof": ["walls", "ground"], "walls": ["ground"], "ground": []}

    assert reduced(needs) == {"ground": [], "roof": ["walls"], "walls": ["ground"]}


def test_a_circle_is_told_as_such() -> None:
    with pytest.raises(ValueError, match="a circle: egg needs hen needs egg"):
        reduced({"hen": ["egg"], "egg": ["hen"]})


def test_parts_are_inside_and_their_resources_count_for_the_whole() -> None:
    found = graph(
        recording(
            component("base"),
            component("base-part", inside="base"),
            resource("aws:kms/key:Key", "base-part-key", inside="base-part"),
        )
    )

    base = found.components["base"]
    assert [part.name for part in base.parts] == ["base-part"]
    assert [one.name for one in base.resources] == ["base-part-key"]


def test_what_belongs_to_no_component_is_told() -> None:
    stray = resource("aws:kms/key:Key", "stray")

    with pytest.raises(LookupError, match="stray belongs to no component"):
        outermost(recording(stray), stray)


def test_the_program_needs_what_its_readers_are_told(recorded: Recording) -> None:
    needs = graph(recorded).needs

    assert needs["network"] == ["logs"]
    assert set(needs["cluster"]) == {"cluster-secrets", "network"}
    assert set(needs["database"]) == {"cluster", "data"}
    assert set(needs["application"]) == {"cache", "certificates", "database", "registry"}
    assert needs["ingress"] == ["addons-on-nodes"]
