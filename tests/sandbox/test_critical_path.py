"""How long an up would take on AWS."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sandbox.creation_times import duration_of, rows
from sandbox.critical_path import Estimate, report
from sandbox.durations import exact

STACK = "urn:pulumi:dev::platform::pulumi:pulumi:Stack::platform-dev"
VPC, NAT, CLUSTER = "aws:ec2/vpc:Vpc", "aws:ec2/natGateway:NatGateway", "aws:eks/cluster:Cluster"
NODES, DATABASE = "aws:eks/nodeGroup:NodeGroup", "aws:rds/instance:Instance"


def resource(token: str, name: str, *needs: str, **more: Any) -> dict[str, Any]:
    """A resource as a checkpoint has it; ``needs`` are names."""
    urns = [urn(each) for each in needs]
    return {"urn": urn(name), "type": token, "parent": STACK, "dependencies": urns, "inputs": {}, **more}


def urn(name: str) -> str:
    return f"urn:pulumi:dev::platform::any::{name}"


def seconds(token: str, **inputs: Any) -> float:
    return duration_of(token, inputs).create


RESOURCES = [
    {"urn": STACK, "type": "pulumi:pulumi:Stack"},
    resource("platform:network:Network", "network"),
    resource(VPC, "vpc", parent=urn("network")),
    resource(NAT, "nat", "vpc"),
    resource(CLUSTER, "cluster", "vpc"),
    resource(DATABASE, "writer", "vpc"),
    resource("pulumi:providers:kubernetes", "kubernetes", "cluster"),
    resource(NODES, "nodes", "cluster", "nat"),
    resource("kubernetes:core/v1:ConfigMap", "settings", provider=f"{urn('kubernetes')}::some-id"),
    resource("kubernetes:apps/v1:Deployment", "app", "nodes", provider=f"{urn('kubernetes')}::some-id"),
]


def test_the_longest_chain_goes_through_what_waits_for_each_other() -> None:
    estimate = Estimate(RESOURCES)
    assert [link.name for link in estimate.chain()] == ["vpc", "cluster", "nodes", "app"]
    assert estimate.total == sum(map(seconds, (VPC, CLUSTER, NODES, "kubernetes:apps/v1:Deployment")))
    assert estimate.chain()[2].begins == seconds(VPC) + seconds(CLUSTER)


def test_what_hangs_on_nothing_long_does_not_count() -> None:
    without = [each for each in RESOURCES if each["urn"] != urn("writer")]
    assert Estimate(without).total == Estimate(RESOURCES).total
    assert Estimate(without).in_sequence == Estimate(RESOURCES).in_sequence - seconds(DATABASE)


def test_a_need_of_one_property_counts() -> None:
    token = {"urn": urn("token"), "type": VPC, "propertyDependencies": {"cidrBlock": [urn("cluster")]}}
    assert Estimate([*RESOURCES[:5], token]).chain()[-1].name == "token"


def test_a_provider_is_there_after_what_its_arguments_come_from() -> None:
    found = Estimate(RESOURCES[:7] + RESOURCES[8:9])
    assert [link.name for link in found.chain()] == ["vpc", "cluster", "settings"]


def test_what_an_update_has_yet_to_delete_is_no_part_of_it() -> None:
    old = resource(CLUSTER, "old", "nodes", delete=True)
    assert Estimate([*RESOURCES, old]).total == Estimate(RESOURCES).total


def test_inputs_tell_the_kinds_of_one_type_apart() -> None:
    assert seconds(DATABASE, replicateSourceDb="writer") != seconds(DATABASE)
    assert seconds(VPC, enableDnsHostnames=True) > seconds(VPC)


def test_the_report_has_the_sum_the_chain_and_how_far_to_trust_it() -> None:
    said = report("dev", RESOURCES)
    assert f"about {exact(Estimate(RESOURCES).total)}" in said
    assert "cluster (aws:eks/cluster:Cluster)" in said
    assert "some minutes more or less" in said


def test_every_duration_comes_from_logs_or_is_called_an_estimate() -> None:
    assert [what for what, row in rows() if not re.search(r"\b(\d+ logs?|estimate)\b", row.source)] == []
    assert "logs" in report("dev", RESOURCES)
    assert "estimate where there are none" in report("dev", RESOURCES)


@pytest.mark.parametrize(
    ("given", "text"), [(0, "0 s"), (24, "24 s"), (60, "1 min"), (617, "10 min 17 s"), (7205, "2 h 5 s")]
)
def test_times_are_told_as_people_say_them(given: float, text: str) -> None:
    assert exact(given) == text
