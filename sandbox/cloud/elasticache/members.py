"""What a replication group is made of: the rules for its settings, its nodes, zones and endpoints."""

from __future__ import annotations

import re
from typing import Any, cast

from sandbox.cloud.elasticache.parameters import default_group, family
from sandbox.cloud.elasticache.state import Region
from sandbox.cloud.operations import AwsError, Call, Record

VERSIONS = {
    "redis": ("7.1", ("4.0.10", "5.0.6", "6.0", "6.2", "7.0", "7.1")),
    "valkey": ("8.1", ("7.2", "8.0", "8.1", "8.2", "9.0")),
}
"""Engine -> the default version and all versions."""


def check(region: Region, group: Record) -> None:
    """The rules of AWS that tie a group's settings together."""
    name_of_engine = engine(group["Engine"])
    version = str(group["_version"])
    if version not in VERSIONS[name_of_engine][1]:
        raise invalid(f"Version {version} of {name_of_engine} is not one of {', '.join(VERSIONS[name_of_engine][1])}")
    members = len(group["NodeGroups"][0]["NodeGroupMembers"])
    failover = group["AutomaticFailover"] == "enabled"
    if failover and members < 2 and not group["ClusterEnabled"]:
        raise AwsError(
            "InvalidParameterCombinationException",
            "Automatic failover is not supported for a replication group with less than 2 cache clusters",
        )
    if group["MultiAZ"] == "enabled" and not failover:
        raise AwsError("InvalidParameterCombinationException", "Multi-AZ requires automatic failover")
    if members > 6:
        raise invalid(f"A node group has at most 5 replicas, not {members - 1}")
    wanted = family(name_of_engine, version)
    name = group["_parameter_group"]
    if name:
        found = default_group(name) or region.parameter_group(name)["CacheParameterGroupFamily"]
        if found != wanted:
            raise AwsError(
                "InvalidParameterCombinationException",
                f"Expected a parameter group of family {wanted} but found one of family {found}",
            )
    if group["_subnet_group"]:
        region.subnet_group(group["_subnet_group"])


def check_token(call: Call, *, tls: bool | None = None) -> None:
    """Raises AwsError for an AuthToken that Redis cannot have. ``tls`` overrides what the call says."""
    token = call.get("AuthToken")
    if token is None:
        return
    if not (call.get("TransitEncryptionEnabled") if tls is None else tls):
        raise AwsError("InvalidParameterCombinationException", "AuthToken requires TransitEncryptionEnabled")
    if not 16 <= len(token) <= 128 or re.search(r"[^A-Za-z0-9!&#$^<>-]", token):
        raise invalid("The AuthToken must have 16 to 128 letters, digits and symbols of ! & # $ ^ < > -")


def lay_out(region: Region, group: Record, shards: int, members: int) -> None:
    """Set the nodes of a group: their names, zones and endpoints."""
    name, domain, port = group["ReplicationGroupId"], group["_domain"], group["_port"]
    subnets = cast(
        "list[Record]", region.subnet_group(group["_subnet_group"])["Subnets"] if group["_subnet_group"] else []
    )
    zones = [each["SubnetAvailabilityZone"]["Name"] for each in subnets] or [
        f"{region.name}{letter}" for letter in "abc"
    ]
    zones = list(dict.fromkeys(group["_zones"] or zones))

    def endpoint(prefix: str) -> Record:
        return {"Address": f"{prefix}.{domain}", "Port": port}

    def member(shard: int, index: int) -> Record:
        cluster = f"{name}-{shard:04}-{index + 1:03}" if group["ClusterEnabled"] else f"{name}-{index + 1:03}"
        shown: Record = {
            "CacheClusterId": cluster,
            "CacheNodeId": "0001",
            "PreferredAvailabilityZone": zones[index % len(zones)],
        }
        if not group["ClusterEnabled"]:
            shown |= {"ReadEndpoint": endpoint(cluster), "CurrentRole": "replica" if index else "primary"}
        return shown

    node_groups: list[Record] = []
    for shard in range(1, shards + 1):
        node_group: Record = {
            "NodeGroupId": f"{shard:04}",
            "Status": "available",
            "NodeGroupMembers": [member(shard, index) for index in range(members)],
        }
        if group["ClusterEnabled"]:
            node_group["Slots"] = f"{16384 * (shard - 1) // shards}-{16384 * shard // shards - 1}"
        else:
            node_group |= {"PrimaryEndpoint": endpoint("master"), "ReaderEndpoint": endpoint("replica")}
        node_groups.append(node_group)
    if group["ClusterEnabled"]:
        group["ConfigurationEndpoint"] = endpoint("clustercfg")
    group["NodeGroups"] = node_groups
    group["MemberClusters"] = [each["CacheClusterId"] for node in node_groups for each in node["NodeGroupMembers"]]


def cache_cluster(region: Region, group: Record, member: Record) -> Record:
    """A member as DescribeCacheClusters shows it."""
    shown = (
        "CacheNodeType",
        "Engine",
        "AutoMinorVersionUpgrade",
        "SnapshotRetentionLimit",
        "SnapshotWindow",
        "AuthTokenEnabled",
        "TransitEncryptionEnabled",
        "AtRestEncryptionEnabled",
        "NetworkType",
        "IpDiscovery",
        "TransitEncryptionMode",
        "ReplicationGroupId",
    )
    name = member["CacheClusterId"]
    version = str(group["_version"])
    default = f"default.{family(group['Engine'], version)}"
    node: dict[str, Any] = {
        "CacheNodeId": "0001",
        "CacheNodeStatus": "available",
        "CacheNodeCreateTime": group["ReplicationGroupCreateTime"],
        "Endpoint": member.get("ReadEndpoint"),
        "ParameterGroupStatus": "in-sync",
        "CustomerAvailabilityZone": member["PreferredAvailabilityZone"],
    }
    return {
        **{key: group[key] for key in shown},
        "CacheClusterId": name,
        "EngineVersion": version if version.count(".") > 1 else f"{version}.0",
        "CacheClusterStatus": "available",
        "NumCacheNodes": 1,
        "PreferredAvailabilityZone": member["PreferredAvailabilityZone"],
        "CacheClusterCreateTime": group["ReplicationGroupCreateTime"],
        "PreferredMaintenanceWindow": group["_maintenance"],
        "PendingModifiedValues": {
            key: value for key, value in group["_waiting"].items() if key in ("CacheNodeType", "EngineVersion")
        },
        "NotificationConfiguration": {"TopicArn": group["_topic"], "TopicStatus": "active"}
        if group["_topic"]
        else None,
        "CacheSecurityGroups": [],
        "CacheParameterGroup": {
            "CacheParameterGroupName": group["_parameter_group"] or default,
            "ParameterApplyStatus": "in-sync",
            "CacheNodeIdsToReboot": [],
        },
        "CacheSubnetGroupName": group["_subnet_group"],
        "CacheNodes": [node],
        "SecurityGroups": [{"SecurityGroupId": each, "Status": "active"} for each in group["_security_groups"]],
        "ARN": region.arn("cluster", name),
    }


def engine(name: str) -> str:
    """Raises AwsError when there is no such engine."""
    if name not in VERSIONS:
        raise invalid(f"The engine of a replication group is redis or valkey, not {name}")
    return name


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValueException", message)


def switch(value: Any) -> str:
    return "enabled" if value else "disabled"


def short(region: str) -> str:
    """eu-west-1 as host names have it: euw1."""
    area, direction, number = region.rsplit("-", 2)
    letters = {"northeast": "ne", "southeast": "se", "northwest": "nw", "southwest": "sw"}
    return f"{area}{letters.get(direction, direction[0])}{number}"
