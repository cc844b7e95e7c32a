from __future__ import annotations

from typing import Any

import pytest

from components.nodes import CapacityType, NodeGroup, NodeGroupArgs, NodeRole, Taint
from recorder import Recording, record


def args(**overrides: Any) -> NodeGroupArgs:
    return NodeGroupArgs(
        **{
            "cluster_name": "shop",
            "kubernetes_version": "1.35",
            "role_arn": "arn:role",
            "subnet_ids": ["subnet-a", "subnet-b"],
            "instance_types": ["t3.medium"],
            "min_size": 1,
            "desired_size": 2,
            "max_size": 5,
            **overrides,
        }
    )


def build(**overrides: Any) -> Recording:
    return record(lambda: NodeGroup("n", args(**overrides)))


@pytest.fixture(scope="module")
def group() -> Recording:
    return build(
        labels={"workload": "ai"},
        taints=[Taint.parse("gpu=nvidia:NoSchedule"), Taint.parse("dedicated:NoExecute")],
        capacity_type=CapacityType.SPOT,
        tags={"stack": "prod"},
    )


def test_pods_do_not_reach_the_rights_of_their_node(group: Recording) -> None:
    assert group["n-template"].inputs["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }


def test_root_volumes_are_encrypted_gp3_and_go_with_the_node(group: Recording) -> None:
    (device,) = group["n-template"].inputs["blockDeviceMappings"]
    assert device["ebs"] == {
        "volumeType": "gp3",
        "volumeSize": 50,
        "encrypted": "true",
        "deleteOnTermination": "true",
    }


def test_instances_and_volumes_carry_the_tags_of_the_stack(group: Recording) -> None:
    specifications = {
        specification["resourceType"]: specification["tags"]
        for specification in group["n-template"].inputs["tagSpecifications"]
    }
    assert set(specifications) == {"instance", "volume", "network-interface"}
    assert all(tags == {"Name": "n", "stack": "prod"} for tags in specifications.values())


def test_a_changed_template_is_rolled_out(group: Recording) -> None:
    assert group["n-nodes"].inputs["launchTemplate"] == {"id": "n-template-id", "version": "1"}
    changed = record(lambda: NodeGroup("n", args(disk_gib=80)), overrides={"n-template": {"latestVersion": 2}})
    assert changed["n-nodes"].inputs["launchTemplate"] == {"id": "n-template-id", "version": "2"}


def test_nodes_follow_the_control_planes_version(group: Recording) -> None:
    assert group["n-nodes"].inputs["version"] == "1.35"


def test_labels_and_taints_reach_the_nodes(group: Recording) -> None:
    assert group["n-nodes"].inputs["labels"] == {"workload": "ai"}
    assert group["n-nodes"].inputs["taints"] == [
        {"key": "gpu", "value": "nvidia", "effect": "NO_SCHEDULE"},
        {"key": "dedicated", "effect": "NO_EXECUTE"},
    ]


def test_capacity_type_is_the_one_asked_for(group: Recording) -> None:
    assert group["n-nodes"].inputs["capacityType"] == "SPOT"


def test_the_size_is_the_autoscalers_once_the_group_is_there(group: Recording) -> None:
    assert group["n-nodes"].inputs["scalingConfig"] == {"minSize": 1, "desiredSize": 2, "maxSize": 5}
    assert group["n-nodes"].ignore_changes == ("scalingConfig.desiredSize",)


def test_nodes_are_replaced_one_by_one(group: Recording) -> None:
    assert group["n-nodes"].inputs["updateConfig"] == {"maxUnavailable": 1}


def test_the_image_can_be_pinned(group: Recording) -> None:
    assert "releaseVersion" not in group["n-nodes"].inputs
    assert build(release_version="1.35.2-20261101")["n-nodes"].inputs["releaseVersion"] == "1.35.2-20261101"


@pytest.mark.parametrize(("minimum", "desired", "maximum"), [(3, 2, 5), (1, 6, 5), (0, 0, 0), (-1, 0, 1), (0, 1, 451)])
def test_sizes_that_do_not_fit_are_refused(minimum: int, desired: int, maximum: int) -> None:
    with pytest.raises(ValueError, match="size"):
        args(min_size=minimum, desired_size=desired, max_size=maximum)


def test_a_disk_too_small_for_the_image_is_refused() -> None:
    with pytest.raises(ValueError, match="disk_gib is 10; allowed: 20 to 16384"):
        args(disk_gib=10)


def test_nodes_may_join_and_pull_images_and_nothing_else() -> None:
    recording = record(lambda: NodeRole("nodes"))
    policies = recording.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert sorted(policy.inputs["policyArn"].rpartition("/")[2] for policy in policies) == [
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonEKSWorkerNodePolicy",
    ]
    assert not recording.of_type("aws:iam/rolePolicy:RolePolicy")
