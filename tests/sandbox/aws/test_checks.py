"""What is refused before any call, and what is filled in."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sandbox.plugins.aws.provider import AwsProvider
from sandbox.plugins.protocol import UNKNOWN, Call, ProviderError

VPC, NODES, REPOSITORY = "aws:ec2/vpc:Vpc", "aws:eks/nodeGroup:NodeGroup", "aws:ecr/repository:Repository"
RULE, CACHE = (
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:elasticache/replicationGroup:ReplicationGroup",
)
ROLE = "aws:iam/role:Role"
NODE_GROUP: dict[str, Any] = {
    "clusterName": "main",
    "nodeRoleArn": "arn:aws:iam::123456789012:role/node",
    "subnetIds": ["subnet-1"],
    "scalingConfig": {"minSize": 1, "desiredSize": 2, "maxSize": 3},
}


def failures(provider: AwsProvider, token: str, **inputs: Any) -> dict[str, str]:
    _, found = provider.check(Call(urn="urn", type=token, name="thing"), {}, inputs)
    return {failure.property: failure.reason for failure in found}


@pytest.mark.parametrize(
    ("token", "inputs", "where", "why"),
    [
        (VPC, {"cidrBlock": "10.0.0.0/16", "cidrBlok": "x"}, "cidrBlok", "has no property cidrBlok"),
        (VPC, {"cidrBlock": "10.0.0.1/16"}, "cidrBlock", "not a network in CIDR notation"),
        (VPC, {"cidrBlock": "10.0.0.0/16", "instanceTenancy": "shared"}, "instanceTenancy", "none of default"),
        ("aws:ec2/subnet:Subnet", {"cidrBlock": "10.0.0.0/24"}, "vpcId", "is required"),
        (ROLE, {"assumeRolePolicy": "{"}, "assumeRolePolicy", "is not JSON"),
        (ROLE, {"assumeRolePolicy": "{}", "name": "a b"}, "name", "does not match"),
        (ROLE, {"assumeRolePolicy": "{}", "maxSessionDuration": 60}, "maxSessionDuration", "less than 3600"),
        (ROLE, {"assumeRolePolicy": "{}", "inlinePolicies": []}, "inlinePolicies", "does not model"),
        (NODES, {**NODE_GROUP, "capacityType": "CHEAP"}, "capacityType", "none of ON_DEMAND, SPOT"),
        (NODES, {**NODE_GROUP, "nodeRoleArn": "node"}, "nodeRoleArn", "is not an ARN"),
        (NODES, {**NODE_GROUP, "scalingConfig": {"minSize": 3, "desiredSize": 2, "maxSize": 3}}, "scalingConfig", "<="),
        (NODES, {**NODE_GROUP, "scalingConfig": {"minSize": 0, "desiredSize": 0, "maxSize": 0}},
         "scalingConfig.maxSize", "less than 1"),
        (NODES, {**NODE_GROUP, "scalingConfig": {"minimum": 1}}, "scalingConfig.minimum", "does not model property"),
        (NODES, {**NODE_GROUP, "taints": [{"key": "a", "effect": "NoSchedule"}]}, "taints[0].effect", "NO_SCHEDULE"),
        (NODES, {**NODE_GROUP, "diskSize": "big"}, "diskSize", "must be"),
        (RULE, {"securityGroupId": "sg-1", "ipProtocol": "tcp", "cidrIpv4": "10.0.0.0/8"}, "fromPort", "is required"),
        (RULE, {"securityGroupId": "sg-1", "ipProtocol": "-1"}, "cidrIpv4", "exactly one of"),
        (CACHE, {"description": "c", "multiAzEnabled": True}, "multiAzEnabled", "needs automaticFailoverEnabled"),
        ("aws:rds/instance:Instance", {"instanceClass": "db.t4g.micro"}, "engine", "is required"),
    ],
)  # fmt: skip
def test_a_wrong_input_is_told_by_its_property(
    provider: AwsProvider, token: str, inputs: dict[str, Any], where: str, why: str
) -> None:
    found = failures(provider, token, **inputs)
    assert where in found
    assert why in found[where]


def test_unknowns_are_accepted_anywhere(provider: AwsProvider) -> None:
    scaling = {"minSize": 1, "desiredSize": UNKNOWN, "maxSize": 3}
    unknown = {"clusterName": UNKNOWN, "nodeRoleArn": UNKNOWN, "subnetIds": [UNKNOWN], "scalingConfig": scaling}
    assert failures(provider, NODES, **unknown, labels=UNKNOWN, taints=UNKNOWN) == {}
    assert failures(provider, VPC, cidrBlock=UNKNOWN, tags={"Name": UNKNOWN}) == {}


def test_a_type_without_a_row_is_refused(provider: AwsProvider) -> None:
    with pytest.raises(ProviderError, match="does not support aws:sqs/queue:Queue"):
        failures(provider, "aws:sqs/queue:Queue")


def check(provider: AwsProvider, token: str, olds: dict[str, Any], name: str = "App") -> dict[str, Any]:
    return provider.check(Call(urn="urn", type=token, name=name), olds, {})[0]


@pytest.mark.parametrize(
    ("token", "property", "pattern"),
    [
        (REPOSITORY, "name", r"app-[0-9a-f]{7}"),
        ("aws:iam/role:Role", "name", r"App-[0-9a-f]{7}"),
        ("aws:kms/alias:Alias", "name", r"alias/App-[0-9a-f]{7}"),
        ("aws:rds/instance:Instance", "identifier", r"App-[0-9a-f]{7}"),
        (NODES, "nodeGroupName", r"App-[0-9a-f]{7}"),
        (CACHE, "replicationGroupId", r"app-[0-9a-f]{7}"),
    ],
)
def test_what_has_no_name_is_named_after_its_logical_name_and_keeps_it(
    provider: AwsProvider, token: str, property: str, pattern: str
) -> None:
    first = check(provider, token, {})
    assert re.fullmatch(pattern, first[property])
    assert check(provider, token, first)[property] == first[property]
    assert check(provider, token, {property: "given"})[property] != "given"
    assert check(provider, token, {})[property] != first[property]


def test_a_physical_name_fits_the_service(provider: AwsProvider) -> None:
    assert len(check(provider, "aws:iam/role:Role", {}, "r" * 100)["name"]) == 64


def test_defaults_are_those_of_the_genuine_provider(provider: AwsProvider) -> None:
    cluster = {"vpcConfig": {"subnetIds": []}, "accessConfig": {"authenticationMode": "API"}}
    inputs, _ = provider.check(Call(urn="urn", type="aws:eks/cluster:Cluster", name="c"), {}, cluster)
    assert inputs["vpcConfig"] == {"subnetIds": [], "endpointPrivateAccess": False, "endpointPublicAccess": True}
    assert inputs["accessConfig"]["bootstrapClusterCreatorAdminPermissions"] is True
    assert cluster["vpcConfig"] == {"subnetIds": []}
    group = check(provider, "aws:rds/parameterGroup:ParameterGroup", {})
    assert group["description"] == "Managed by Pulumi"


def test_a_document_given_as_an_object_becomes_json(provider: AwsProvider) -> None:
    call = Call(urn="urn", type="aws:iam/policy:Policy", name="p")
    inputs, found = provider.check(call, {}, {"policy": {"Version": "2012-10-17", "Statement": []}})
    assert found == []
    assert inputs["policy"] == '{"Version": "2012-10-17", "Statement": []}'
