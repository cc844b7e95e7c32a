"""ElastiCache replication groups and their cache clusters: the API operations. A group is available at once."""

from __future__ import annotations

import re

from sandbox.cloud.elasticache.members import (
    VERSIONS,
    cache_cluster,
    check,
    check_token,
    engine,
    invalid,
    lay_out,
    short,
    switch,
)
from sandbox.cloud.elasticache.state import ElastiCacheState
from sandbox.cloud.operations import AwsError, Call, NotOurs, Operations, Record, hex_digits, now

_PLAIN_CHANGES = {
    # parameter -> what describes it
    "ReplicationGroupDescription": "Description",
    "CacheNodeType": "CacheNodeType",
    "AutoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "SnapshotRetentionLimit": "SnapshotRetentionLimit",
    "SnapshotWindow": "SnapshotWindow",
    "LogDeliveryConfigurations": "LogDeliveryConfigurations",
    "TransitEncryptionMode": "TransitEncryptionMode",
    "IpDiscovery": "IpDiscovery",
    "Engine": "Engine",
    "EngineVersion": "_version",
    "CacheParameterGroupName": "_parameter_group",
    "SecurityGroupIds": "_security_groups",
    "PreferredMaintenanceWindow": "_maintenance",
    "NotificationTopicArn": "_topic",
}


_WAITING = ("Engine", "EngineVersion", "CacheNodeType", "CacheParameterGroupName")
"""What waits for the maintenance window unless it is to be applied at once. In the sandbox no window ever comes."""


class ReplicationGroupOperations(Operations):
    """CreateReplicationGroup and its kin."""

    service = "elasticache"

    def __init__(self, state: ElastiCacheState) -> None:
        self._state = state

    def create_replication_group(self, call: Call) -> Record:
        region, name = self._state.of(call), call["ReplicationGroupId"].lower()
        if name in region.groups:
            raise AwsError("ReplicationGroupAlreadyExistsFault", f"Replication group {name} already exists")
        if not re.fullmatch(r"[a-z](?!.*--)[a-z0-9-]{0,39}(?<!-)", name):
            raise invalid(f"{name} is not a valid replication group name: at most 40 letters, digits and hyphens")
        shards = int(call.get("NumNodeGroups") or 1)
        members = int(call.get("NumCacheClusters") or call.get("ReplicasPerNodeGroup", 0) + 1)
        tls = bool(call.get("TransitEncryptionEnabled"))
        group: Record = {
            "ReplicationGroupId": name,
            "Description": call["ReplicationGroupDescription"],
            "Status": "available",
            "PendingModifiedValues": {},
            "AutomaticFailover": switch(call.get("AutomaticFailoverEnabled")),
            "MultiAZ": switch(call.get("MultiAZEnabled")),
            "SnapshotRetentionLimit": call.get("SnapshotRetentionLimit", 0),
            "SnapshotWindow": call.get("SnapshotWindow", "05:00-06:00"),
            "ClusterEnabled": "NumNodeGroups" in call.params,
            "ClusterMode": "enabled" if "NumNodeGroups" in call.params else "disabled",
            "CacheNodeType": call.get("CacheNodeType"),
            "AuthTokenEnabled": "AuthToken" in call.params,
            "TransitEncryptionEnabled": tls,
            "AtRestEncryptionEnabled": bool(call.get("AtRestEncryptionEnabled")),
            "KmsKeyId": call.get("KmsKeyId"),
            "ARN": region.arn("replicationgroup", name),
            "UserGroupIds": call.get("UserGroupIds", []),
            "LogDeliveryConfigurations": call.get("LogDeliveryConfigurations", []),
            "ReplicationGroupCreateTime": now(),
            "DataTiering": "enabled" if call.get("DataTieringEnabled") else "disabled",
            "AutoMinorVersionUpgrade": call.get("AutoMinorVersionUpgrade", True),
            "NetworkType": call.get("NetworkType", "ipv4"),
            "IpDiscovery": call.get("IpDiscovery", "ipv4"),
            "TransitEncryptionMode": call.get("TransitEncryptionMode", "required") if tls else None,
            "Engine": call.get("Engine", "redis"),
            "_version": call.get("EngineVersion") or VERSIONS[engine(call.get("Engine", "redis"))][0],
            "_parameter_group": call.get("CacheParameterGroupName"),
            "_subnet_group": call.get("CacheSubnetGroupName"),
            "_security_groups": call.get("SecurityGroupIds", []),
            "_maintenance": call.get("PreferredMaintenanceWindow", "sun:05:00-sun:06:00"),
            "_topic": call.get("NotificationTopicArn"),
            "_port": call.get("Port", 6379),
            "_domain": f"{name}.{hex_digits(6)}.{short(call.region)}.cache.amazonaws.com",
            "_zones": call.get("PreferredCacheClusterAZs", []),
            "_waiting": {},
        }
        check_token(call)
        if not group["CacheNodeType"]:
            raise AwsError("InvalidParameterCombinationException", "CacheNodeType is required")
        group["NodeGroups"] = [{"NodeGroupMembers": [None] * members} for _ in range(shards)]
        check(region, group)
        lay_out(region, group, shards, members)
        if group["AuthTokenEnabled"]:
            group["AuthTokenLastModifiedDate"] = now()
        region.groups[name] = group
        region.add_tags(group["ARN"], call)
        return {"ReplicationGroup": group}

    def describe_replication_groups(self, call: Call) -> Record:
        region, name = self._state.of(call), call.get("ReplicationGroupId")
        return {"ReplicationGroups": [region.group(name)] if name else [*region.groups.values()]}

    def modify_replication_group(self, call: Call) -> Record:
        region = self._state.of(call)
        group = region.group(call["ReplicationGroupId"])
        changed = dict(group)
        at_once = bool(call.get("ApplyImmediately"))
        waiting: Record = {**group["_waiting"], **{key: call[key] for key in _WAITING if key in call.params}}
        waiting = {key: value for key, value in waiting.items() if group[_PLAIN_CHANGES[key]] != value}
        changed["_waiting"] = {} if at_once else waiting
        for parameter, key in _PLAIN_CHANGES.items():
            if parameter in call.params and parameter not in _WAITING:
                changed[key] = call[parameter]
        for parameter, key in (("AutomaticFailoverEnabled", "AutomaticFailover"), ("MultiAZEnabled", "MultiAZ")):
            if parameter in call.params:
                changed[key] = switch(call[parameter])
        if "TransitEncryptionEnabled" in call.params:
            changed["TransitEncryptionEnabled"] = call["TransitEncryptionEnabled"]
        kept = [each for each in group["UserGroupIds"] if each not in call.get("UserGroupIdsToRemove", [])]
        changed["UserGroupIds"] = [] if call.get("RemoveUserGroups") else kept + call.get("UserGroupIdsToAdd", [])
        if "AuthToken" in call.params or call.get("AuthTokenUpdateStrategy") == "DELETE":
            check_token(call, tls=changed["TransitEncryptionEnabled"])
            changed["AuthTokenEnabled"] = call.get("AuthTokenUpdateStrategy") != "DELETE"
            changed["AuthTokenLastModifiedDate"] = now()
        later: Record = {_PLAIN_CHANGES[parameter]: value for parameter, value in waiting.items()}
        # What can't be is refused now, not in the window.
        check(region, changed | later)
        group.update(changed | later if at_once else changed)
        return {"ReplicationGroup": group}

    def increase_replica_count(self, call: Call) -> Record:
        return self._resize(call, 1)

    def decrease_replica_count(self, call: Call) -> Record:
        return self._resize(call, -1)

    def modify_replication_group_shard_configuration(self, call: Call) -> Record:
        region = self._state.of(call)
        group = region.group(call["ReplicationGroupId"])
        if not group["ClusterEnabled"]:
            raise invalid(f"Replication group {group['ReplicationGroupId']} has cluster mode disabled")
        lay_out(region, group, call["NodeGroupCount"], len(group["NodeGroups"][0]["NodeGroupMembers"]))
        return {"ReplicationGroup": group}

    def delete_replication_group(self, call: Call) -> Record:
        region = self._state.of(call)
        group = region.groups.pop(region.group(call["ReplicationGroupId"])["ReplicationGroupId"])
        region.tags.pop(group["ARN"], None)
        return {"ReplicationGroup": group | {"Status": "deleting"}}

    def describe_cache_clusters(self, call: Call) -> Record:
        """The members of replication groups; moto has the others."""
        name = call.get("CacheClusterId")
        members = [
            cache_cluster(region, group, member)
            for region in (self._state.of(call),)
            for group in region.groups.values()
            for node_group in group["NodeGroups"]
            for member in node_group["NodeGroupMembers"]
            if name in (None, member["CacheClusterId"])
        ]
        if not members:
            raise NotOurs
        return {"CacheClusters": members}

    def _resize(self, call: Call, direction: int) -> Record:
        region = self._state.of(call)
        group = region.group(call["ReplicationGroupId"])
        current = len(group["NodeGroups"][0]["NodeGroupMembers"]) - 1
        wanted = call.get("NewReplicaCount")
        if wanted is None:
            raise invalid("the sandbox changes the number of replicas by NewReplicaCount only")
        if (wanted - current) * direction <= 0:
            raise invalid(f"NewReplicaCount {wanted} must be {'more' if direction > 0 else 'less'} than {current}")
        shards = len(group["NodeGroups"])
        check(region, group | {"NodeGroups": [{"NodeGroupMembers": [None] * (wanted + 1)}] * shards})
        lay_out(region, group, shards, wanted + 1)
        return {"ReplicationGroup": group}
