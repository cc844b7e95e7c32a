"""What the cloud would have answered: computed properties by type, and the results of functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ACCOUNT = "123456789012"
REGION = "eu-central-1"
ZONES = [f"{REGION}{letter}" for letter in "abc"]
RANDOM_PASSWORD = "RandomPassword0123456789"


def computed(type_: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Properties that only the cloud can tell, for a resource with these inputs."""
    package, _, kind = type_.partition(":")
    if package != "aws":
        return {}
    service = kind.partition("/")[0]
    physical = str(inputs.get("name", name))
    answer: dict[str, Any] = {"arn": f"arn:aws:{service}:{REGION}:{ACCOUNT}:{physical}", "name": physical}
    match kind:
        case "eks/cluster:Cluster":
            answer |= {
                "endpoint": "https://cluster.example.com",
                "certificateAuthority": {"data": "Y2VydGlmaWNhdGU="},
                "identities": [{"oidcs": [{"issuer": f"https://oidc.eks.{REGION}.amazonaws.com/id/0A1B2C"}]}],
                "vpcConfig": {**inputs.get("vpcConfig", {}), "clusterSecurityGroupId": "sg-cluster", "vpcId": "vpc-id"},
            }
        case "ecr/repository:Repository":
            answer |= {"repositoryUrl": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{physical}", "registryId": ACCOUNT}
        case "rds/instance:Instance":
            answer |= {
                "address": f"{name}.rds.example.com",
                "port": 5432,
                "identifier": name,
                "availabilityZone": inputs.get("availabilityZone", ZONES[0]),
            }
        case "elasticache/replicationGroup:ReplicationGroup":
            answer |= {
                "primaryEndpointAddress": f"{name}.cache.example.com",
                "readerEndpointAddress": f"{name}-ro.cache.example.com",
            }
        case "ec2/launchTemplate:LaunchTemplate":
            answer |= {"latestVersion": 1}
        case "kms/key:Key":
            answer |= {"keyId": f"{name}-key"}
        case _:
            pass
    return answer


def invoked(token: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a provider's function."""
    match token:
        case "aws:index/getAvailabilityZones:getAvailabilityZones":
            return {"id": REGION, "names": ZONES, "zoneIds": [f"{zone}-id" for zone in ZONES], "state": args["state"]}
        case "aws:index/getCallerIdentity:getCallerIdentity":
            return {"id": ACCOUNT, "accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "userId": "user"}
        case "aws:index/getPartition:getPartition":
            return {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}
        case "aws:index/getRegion:getRegion":
            return {"id": REGION, "region": REGION, "name": REGION, "description": "Europe (Frankfurt)"}
        case "aws:eks/getClusters:getClusters":
            return {"id": REGION, "names": []}
        case "aws:rds/getInstances:getInstances":
            return {"id": REGION, "instanceIdentifiers": [], "instanceArns": []}
        case "aws:eks/getAddonVersion:getAddonVersion":
            return {**args, "id": args["addonName"], "version": f"v{args['kubernetesVersion']}.0-eksbuild.1"}
        case "aws:secretsmanager/getRandomPassword:getRandomPassword":
            return {"id": "password", "randomPassword": RANDOM_PASSWORD}
        case "aws:ssm/getParameter:getParameter":
            return {"id": args["name"], "name": args["name"], "value": "1.35.2-20261101", "type": "String"}
        case _:
            raise AssertionError(f"the recorder knows no answer to {token}")
