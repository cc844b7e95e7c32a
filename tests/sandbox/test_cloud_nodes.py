"""What a simulated node looks like."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.cloud.machines import Machine, max_pods, resources, taints
from sandbox.cloud.moto_state import Subnet, instance_type
from sandbox.cloud.operations import AwsError

GROUP: dict[str, Any] = {
    "nodegroupName": "general",
    "capacityType": "SPOT",
    "labels": {"tier": "general"},
    "taints": [{"key": "gpu", "value": "nvidia", "effect": "NO_SCHEDULE"}],
    "releaseVersion": "1.35.0-20261110",
    "diskSize": 20,
}


def machine(region: str = "eu-west-1") -> Machine:
    subnet = Subnet("subnet-1", "vpc-1", f"{region}b", "euw1-az1", "10.0.1.0/24")
    return Machine(GROUP, instance_type("m5.large"), subnet, region, "10.0.1.23", "v1.35.4", None)


@pytest.mark.parametrize(
    ("name", "pods"), [("t3.medium", 17), ("m5.large", 29), ("m5.4xlarge", 110), ("m5.24xlarge", 250)]
)
def test_pods_are_limited_by_addresses_as_on_eks(name: str, pods: int) -> None:
    assert max_pods(instance_type(name)) == pods


def test_a_node_has_room_for_less_than_the_machine_has() -> None:
    capacity, allocatable = resources(instance_type("m5.large"), 20)
    assert (capacity["cpu"], allocatable["cpu"]) == ("2", "1930m")
    assert (capacity["memory"], allocatable["memory"]) == ("7577Mi", "6903Mi")


def test_gpus_are_offered_as_by_the_device_plugin() -> None:
    capacity, _ = resources(instance_type("g4dn.xlarge"), 20)
    assert capacity["nvidia.com/gpu"] == "1"


def test_unknown_instance_types_are_refused() -> None:
    with pytest.raises(AwsError, match=r"m5\.tiny does not exist"):
        instance_type("m5.tiny")


def test_a_node_is_labelled_as_on_eks() -> None:
    labels = machine().node()["metadata"]["labels"]
    wanted = {
        "tier": "general",
        "eks.amazonaws.com/nodegroup": "general",
        "eks.amazonaws.com/capacityType": "SPOT",
        "topology.kubernetes.io/zone": "eu-west-1b",
        "topology.kubernetes.io/region": "eu-west-1",
        "node.kubernetes.io/instance-type": "m5.large",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": "ip-10-0-1-23.eu-west-1.compute.internal",
    }
    assert wanted.items() <= labels.items()


def test_nodes_of_the_oldest_region_have_the_oldest_names() -> None:
    assert machine("us-east-1").name == "ip-10-0-1-23.ec2.internal"


def test_taints_are_in_kubernetes_words() -> None:
    assert taints(GROUP) == [{"key": "gpu", "value": "nvidia", "effect": "NoSchedule"}]
