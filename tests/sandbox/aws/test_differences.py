"""Which change does what, without any call."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.plugins.aws.compare import Comparison
from sandbox.plugins.aws.inputs import known_inputs
from sandbox.plugins.aws.schema import schema_of
from sandbox.plugins.aws.tables import RESOURCES
from sandbox.plugins.protocol import UNKNOWN, Change, Diff

NODES = "aws:eks/nodeGroup:NodeGroup"
CLUSTER, CACHE = "aws:eks/cluster:Cluster", "aws:elasticache/replicationGroup:ReplicationGroup"
VPC, ENDPOINT = "aws:ec2/vpc:Vpc", "aws:ec2/vpcEndpoint:VpcEndpoint"
GENUINE: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "forces_replacement.yaml").read_text())


def compare(token: str, old: dict[str, Any], new: dict[str, Any], **options: Any) -> Diff:
    return Comparison(RESOURCES[token], schema_of(token)).diff(old, new, {}, {}, **options)


def test_the_order_of_a_set_means_nothing() -> None:
    assert not compare(NODES, {"subnetIds": ["a", "b"]}, {"subnetIds": ["b", "a"]}).changes


def test_the_order_of_a_list_means_something() -> None:
    diff = compare(NODES, {"instanceTypes": ["a", "b"]}, {"instanceTypes": ["b", "a"]})
    assert diff.replaces == ("instanceTypes",)


def test_nested_changes_are_told_by_their_path() -> None:
    old = {"scalingConfig": {"minSize": 1, "desiredSize": 1, "maxSize": 3}, "labels": {"a": "1", "b.c/d": "2"}}
    new = {"scalingConfig": {"minSize": 1, "desiredSize": 2, "maxSize": 3}, "labels": {"a": "1", "e": "3"}}
    assert compare(NODES, old, new).details == {
        'labels["b.c/d"]': Change.DELETE,
        "labels.e": Change.ADD,
        "scalingConfig.desiredSize": Change.UPDATE,
    }


def test_what_the_genuine_provider_replaces_is_known_of_each_type() -> None:
    assert set(GENUINE) == set(RESOURCES)
    for token, said in GENUINE.items():
        names = {path.split(".")[0] for path in [*said["always"], *said.get("sometimes", {})]}
        assert names <= schema_of(token).inputs


@pytest.mark.parametrize("token", sorted(RESOURCES))
def test_a_row_replaces_for_what_the_genuine_provider_replaces_and_for_no_more(token: str) -> None:
    row, said = RESOURCES[token], GENUINE[token]
    modelled = known_inputs(row, schema_of(token))

    def accepted(paths: Iterable[str]) -> set[str]:
        return {path for path in paths if path.split(".")[0] in modelled}

    assert set(row.replace) == accepted(said["always"])
    assert set(row.replace_if) == accepted(said.get("sometimes", {}))


@pytest.mark.parametrize(
    ("token", "property", "old", "new", "replaces"),
    [
        (VPC, "instanceTenancy", "dedicated", "default", False),
        (VPC, "instanceTenancy", "default", "dedicated", True),
        (CLUSTER, "version", "1.34", "1.35", False),
        (CLUSTER, "roleArn", "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b", True),
        (CLUSTER, "encryptionConfig", None, {"resources": ["secrets"]}, False),
        (CLUSTER, "encryptionConfig", {"resources": ["secrets"]}, None, True),
        (CLUSTER, "computeConfig", {"enabled": False}, {"enabled": True, "nodeRoleArn": "a"}, False),
        (CLUSTER, "computeConfig", {"enabled": True, "nodeRoleArn": "a"}, {"enabled": False}, False),
        (CLUSTER, "computeConfig", {"nodeRoleArn": "a"}, {"nodeRoleArn": "b"}, True),
        (CLUSTER, "vpcConfig", {"subnetIds": ["a"]}, {"subnetIds": ["b"]}, False),
        (CLUSTER, "vpcConfig", {"controlPlaneEgressMode": "AWS_MANAGED"},
         {"controlPlaneEgressMode": "CUSTOMER_ROUTED"}, False),
        (CLUSTER, "vpcConfig", {"controlPlaneEgressMode": "CUSTOMER_ROUTED"},
         {"controlPlaneEgressMode": "AWS_MANAGED"}, True),
        (NODES, "launchTemplate", {"id": "lt-1", "version": "1"}, {"id": "lt-1", "version": "2"}, False),
        (NODES, "launchTemplate", {"id": "lt-1", "version": "1"}, {"id": "lt-2", "version": "1"}, True),
        (NODES, "launchTemplate", None, {"id": "lt-1", "version": "1"}, True),
        (CACHE, "engineVersion", "7.0", "7.1", False),
        (CACHE, "engineVersion", "7.1", "7.0", True),
        (CACHE, "nodeType", "cache.t4g.small", "cache.m7g.large", False),
        (CACHE, "replicasPerNodeGroup", 1, 2, False),
        (CACHE, "nodeGroupConfigurations", [{"slots": "0-9"}], [{"slots": "0-9", "primaryAvailabilityZone": "a"}],
         False),
        (CACHE, "nodeGroupConfigurations", [{"slots": "0-9"}], [{"slots": "0-8"}], True),
        (CACHE, "nodeGroupConfigurations", [{"nodeGroupId": "1"}], [{"nodeGroupId": "1"}, {"nodeGroupId": "2"}], True),
        ("aws:rds/instance:Instance", "identifier", "a", "b", False),
        ("aws:rds/instance:Instance", "username", "a", "b", True),
        ("aws:rds/instance:Instance", "engineVersion", "16", "16.4", False),
        ("aws:secretsmanager/secretVersion:SecretVersion", "secretString", "a", "b", True),
        ("aws:ecr/lifecyclePolicy:LifecyclePolicy", "policy", '{"rules": []}', '{"rules": [{}]}', True),
    ],
)  # fmt: skip
def test_what_replaces(token: str, property: str, old: Any, new: Any, replaces: bool) -> None:
    diff = compare(token, {property: old}, {property: new})
    assert diff.changes
    assert bool(diff.replaces) is replaces


@pytest.mark.parametrize(
    ("token", "property", "old", "new", "state", "replaces"),
    [
        (CACHE, "transitEncryptionEnabled", False, True, {"engineVersionActual": "7.0.4"}, True),
        (CACHE, "transitEncryptionEnabled", False, True, {"engineVersionActual": "7.0.5"}, False),
        (CACHE, "transitEncryptionEnabled", False, True, {"engineVersionActual": "7.1.0"}, False),
        (ENDPOINT, "privateDnsEnabled", False, True, {"vpcEndpointType": "Gateway"}, True),
        (ENDPOINT, "privateDnsEnabled", False, True, {"vpcEndpointType": "Interface"}, False),
        ("aws:ec2/subnet:Subnet", "ipv6CidrBlock", "a", "b", {"assignIpv6AddressOnCreation": True}, True),
        ("aws:ec2/subnet:Subnet", "ipv6CidrBlock", "a", "b", {"assignIpv6AddressOnCreation": False}, False),
        (
            "aws:ec2/natGateway:NatGateway",
            "secondaryPrivateIpAddressCount",
            1,
            2,
            {"connectivityType": "private"},
            True,
        ),
    ],
)
def test_what_replaces_for_what_the_state_has(
    token: str, property: str, old: Any, new: Any, state: dict[str, Any], replaces: bool
) -> None:
    diff = compare(token, {property: old}, {property: new}, state=state)
    assert diff.changes
    assert bool(diff.replaces) is replaces


def test_what_the_cloud_chose_stays_where_the_program_is_silent() -> None:
    assert not compare(NODES, {"amiType": "AL2023_x86_64_STANDARD"}, {}).changes
    assert compare(NODES, {"labels": {"a": "b"}}, {}).details == {"labels": Change.DELETE}


def test_unset_empty_and_false_are_one() -> None:
    old = {"labels": {}, "taints": [], "forceUpdateVersion": False}
    assert not compare(NODES, old, {}).changes


def test_documents_are_compared_by_meaning() -> None:
    one = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["a", "b"], "Resource": ["*"]}}
    other = {"Statement": [{"Action": ["b", "a"], "Resource": "*", "Effect": "Allow"}], "Version": "2012-10-17"}
    different = {**one, "Version": "2008-10-17"}
    token = "aws:iam/policy:Policy"
    assert not compare(token, {"policy": json.dumps(one)}, {"policy": json.dumps(other)}).changes
    assert compare(token, {"policy": json.dumps(one)}, {"policy": json.dumps(different)}).changes


def test_an_unknown_is_a_change_of_its_property() -> None:
    old, new = {"id": "lt", "version": "1"}, {"id": "lt", "version": UNKNOWN}
    diff = compare(NODES, {"launchTemplate": old}, {"launchTemplate": new})
    assert diff.details == {"launchTemplate.version": Change.UPDATE}
    assert compare(NODES, {"clusterName": "a"}, {"clusterName": UNKNOWN}).replaces == ("clusterName",)


def test_two_of_one_name_are_never_side_by_side() -> None:
    old, new = {"name": "app", "path": "/"}, {"name": "app", "path": "/a/"}
    assert compare("aws:iam/role:Role", old, new).delete_before_replace
    assert not compare("aws:iam/role:Role", old, new, fresh_name=True).delete_before_replace
    assert not compare("aws:iam/role:Role", old, {**new, "name": "other"}).delete_before_replace
    attachment = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    assert compare(attachment, {"policyArn": "a"}, {"policyArn": "b"}).delete_before_replace


def test_tags_are_told_one_by_one_and_can_be_ignored() -> None:
    comparison = Comparison(RESOURCES[NODES], schema_of(NODES))
    old, new = {"tags": {"a": "1"}}, {"tags": {"a": "2"}}
    before, after = {"a": "1", "Team": "x"}, {"a": "2", "Team": "y"}
    assert comparison.diff(old, new, before, after).details == {"tags.a": Change.UPDATE, "tagsAll.Team": Change.UPDATE}
    assert not comparison.diff(old, new, before, after, ignored=["tags"]).changes


def test_what_is_ignored_shows_no_change() -> None:
    old, new = {"scalingConfig": {"desiredSize": 5}}, {"scalingConfig": {"desiredSize": 2}}
    assert not compare(NODES, old, new, ignored=["scalingConfig.desiredSize"]).changes
