"""ElastiCache: subnet groups, parameter groups, replication groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sandbox.plugins.aws.table import AutoName, Op, Params, Read, Resource, Tags, Wait, words
from sandbox.plugins.values import Unknown, contains_unknown

_TAGS = Tags("AddTagsToResource", "RemoveTagsFromResource", "{live.ARN}")
_READ_TAGS = Read("ListTagsForResource", "TagList", {"ResourceName": "{live.ARN}"}, into="Tags")


def parameters(member: str, values: dict[str, Any]) -> dict[str, Any] | None:
    """Parameters as Modify*ParameterGroup takes them; None when there are none."""
    wanted = values["parameters"]
    if isinstance(wanted, Unknown) or not wanted:
        return None
    result: list[dict[str, Any]] = []
    for item in cast("list[Mapping[str, Any]]", wanted):
        entry = {"ParameterName": item["name"], "ParameterValue": item["value"]}
        if item.get("applyMethod"):
            entry["ApplyMethod"] = item["applyMethod"]
        result.append(entry)
    return {member: result}


def _set_parameters(values: dict[str, Any]) -> dict[str, Any] | None:
    return parameters("ParameterNameValues", values)


def _replicas(values: dict[str, Any]) -> dict[str, Any] | None:
    """The replicas of each shard, told as such, or by the number of clusters, one of which is the primary."""
    clusters, wanted = values.get("numCacheClusters"), values.get("replicasPerNodeGroup")
    wanted = clusters - 1 if isinstance(clusters, int) else wanted
    return {"NewReplicaCount": wanted, "ApplyImmediately": True} if isinstance(wanted, int) else None


def _replica_count(live: Mapping[str, Any]) -> int | None:
    shards: list[dict[str, Any]] = live.get("NodeGroups") or []
    return len(shards[0]["NodeGroupMembers"]) - 1 if shards else None


def _engine_version(live: Mapping[str, Any]) -> str | None:
    """Major and minor: the engines choose the patch."""
    member: dict[str, Any] = live.get("Member") or {}
    return ".".join(member["EngineVersion"].split(".")[:2]) if member.get("EngineVersion") else None


def _log_delivery(values: dict[str, Any]) -> dict[str, Any] | None:
    wanted = values["logDeliveryConfigurations"]
    if isinstance(wanted, Unknown) or not wanted:
        return None
    details = {"cloudwatch-logs": ("CloudWatchLogsDetails", "LogGroup"),
               "kinesis-firehose": ("KinesisFirehoseDetails", "DeliveryStream")}  # fmt: skip
    result: list[dict[str, Any]] = []
    for item in cast("list[Mapping[str, Any]]", wanted):
        where, field = details.get(item["destinationType"], ("CloudWatchLogsDetails", "LogGroup"))
        result.append(
            {
                "LogType": item["logType"],
                "DestinationType": item["destinationType"],
                "LogFormat": item["logFormat"],
                "DestinationDetails": {where: {field: item["destination"]}},
            }
        )
    return {"LogDeliveryConfigurations": result}


def _replication_rules(inputs: dict[str, Any]) -> list[tuple[str, str]]:
    problems: list[tuple[str, str]] = []
    if inputs.get("multiAzEnabled") is True and inputs.get("automaticFailoverEnabled") is not True:
        problems.append(("multiAzEnabled", "needs automaticFailoverEnabled"))
    clusters = inputs.get("numCacheClusters")
    if inputs.get("automaticFailoverEnabled") is True and isinstance(clusters, int) and clusters < 2:
        problems.append(("numCacheClusters", "automatic failover needs at least 2"))
    token = inputs.get("authToken")
    if isinstance(token, str) and not 16 <= len(token) <= 128:
        problems.append(("authToken", "must have 16 to 128 characters"))
    if token is not None and inputs.get("transitEncryptionEnabled") is not True:
        problems.append(("authToken", "needs transitEncryptionEnabled"))
    return problems


def _older(old: Any, new: Any, _state: Params) -> bool:
    """Whether version ``new`` is older than ``old``: engines are never downgraded in place."""
    if not old or not new:
        return False
    pairs = zip(_version(str(new)), _version(str(old)), strict=False)
    return next((mine < theirs for mine, theirs in pairs if mine != theirs), False)


def _version(text: str) -> list[int]:
    return [int(part) for part in text.split(".") if part.isdigit()]


def _before_tls_on_the_fly(_old: Any, _new: Any, state: Params) -> bool:
    """Whether its engine is older than Redis 7.0.5, which first could encrypt a running group's traffic."""
    version = _version(str(state.get("engineVersionActual") or ""))
    return bool(version) and version < [7, 0, 5]


def _by_id(shards: list[dict[str, Any]] | None) -> dict[Any, dict[str, Any]]:
    return {shard.get("nodeGroupId"): shard for shard in shards or []}


def _other_shards(old: Any, new: Any, _state: Params) -> bool:
    """Whether shards come, go, or are laid out anew. To name a zone that was AWS's choice so far changes nothing."""
    if contains_unknown(new):
        return True
    before, after = _by_id(old), _by_id(new)
    if before.keys() != after.keys():
        return True
    zones = ("primaryAvailabilityZone", "replicaAvailabilityZones")
    return any(
        shard.get(name) != after[id].get(name)
        for id, shard in before.items()
        for name in ("replicaCount", "slots", *(name for name in zones if shard.get(name)))
    )


RESOURCES = (
    Resource(
        token="aws:elasticache/subnetGroup:SubnetGroup",
        service="elasticache",
        kept=True,
        create=Op("CreateCacheSubnetGroup"),
        read=(Read("DescribeCacheSubnetGroups", "CacheSubnetGroups[0]"), _READ_TAGS),
        update=(Op("ModifyCacheSubnetGroup"),),
        delete=Op("DeleteCacheSubnetGroup"),
        id="CacheSubnetGroup.CacheSubnetGroupName",
        key={"CacheSubnetGroupName": "{id}"},
        names={"name": "CacheSubnetGroupName", "description": "CacheSubnetGroupDescription"},
        outputs={"subnetIds": "Subnets[].SubnetIdentifier"},
        tags=_TAGS,
        replace=("name",),
        defaults={"description": "Managed by Pulumi"},
        autoname=AutoName(lower=True),
    ),
    Resource(
        token="aws:elasticache/parameterGroup:ParameterGroup",
        service="elasticache",
        kept=True,
        create=Op("CreateCacheParameterGroup"),
        read=(
            Read("DescribeCacheParameterGroups", "CacheParameterGroups[0]"),
            Read(
                "DescribeCacheParameters",
                "Parameters[].{name: ParameterName, value: ParameterValue}",
                {"Source": "user"},
                into="Parameters",
            ),
            _READ_TAGS,
        ),
        update=(
            Op(
                "ModifyCacheParameterGroup",
                takes=(),
                encode=_set_parameters,
                consumes=("parameters",),
                reset="ResetCacheParameterGroup",
            ),
        ),
        delete=Op("DeleteCacheParameterGroup"),
        id="CacheParameterGroup.CacheParameterGroupName",
        key={"CacheParameterGroupName": "{id}"},
        names={"name": "CacheParameterGroupName", "family": "CacheParameterGroupFamily"},
        tags=_TAGS,
        replace=("description", "family", "name"),
        defaults={"description": "Managed by Pulumi"},
        autoname=AutoName(lower=True),
    ),
    Resource(
        token="aws:elasticache/replicationGroup:ReplicationGroup",
        service="elasticache",
        kept=True,
        create=Op("CreateReplicationGroup", encode=_log_delivery, consumes=("logDeliveryConfigurations",)),
        read=(
            Read("DescribeReplicationGroups", "ReplicationGroups[0]"),
            Read(
                "DescribeCacheClusters",
                "CacheClusters[0]",
                {"CacheClusterId": "{live.MemberClusters.0}"},
                into="Member",
            ),
            _READ_TAGS,
        ),
        update=(
            Op(
                "IncreaseReplicaCount",
                takes=(),
                encode=_replicas,
                consumes=("numCacheClusters", "replicasPerNodeGroup"),
                shrink="DecreaseReplicaCount",
            ),
            Op(
                "ModifyReplicationGroup",
                {"ApplyImmediately": True, "AuthTokenUpdateStrategy": "{authTokenUpdateStrategy}"},
                takes=("authToken",),
            ),
            Op(
                "ModifyReplicationGroup",
                {"ApplyImmediately": "{applyImmediately}"},
                encode=_log_delivery,
                consumes=("logDeliveryConfigurations",),
            ),
            Op(
                "ModifyReplicationGroupShardConfiguration",
                {"ApplyImmediately": True},
                takes=("numNodeGroups",),
                names={"numNodeGroups": "NodeGroupCount"},
            ),
        ),
        delete=Op("DeleteReplicationGroup", {"FinalSnapshotIdentifier": "{finalSnapshotIdentifier}"}),
        id="ReplicationGroup.ReplicationGroupId",
        key={"ReplicationGroupId": "{id}"},
        names={
            "description": "ReplicationGroupDescription",
            "nodeType": "CacheNodeType",
            "parameterGroupName": "CacheParameterGroupName",
            "subnetGroupName": "CacheSubnetGroupName",
            "maintenanceWindow": "PreferredMaintenanceWindow",
            "securityGroupNames": "CacheSecurityGroupNames",
            "nodeGroupConfigurations": "NodeGroupConfiguration",
        },
        outputs={
            "description": "Description",
            "automaticFailoverEnabled": "contains(['enabled', 'enabling'], AutomaticFailover)",
            "multiAzEnabled": "MultiAZ == 'enabled'",
            "numCacheClusters": "length(MemberClusters || `[]`)",
            "numNodeGroups": "length(NodeGroups || `[]`)",
            "replicasPerNodeGroup": _replica_count,
            "memberClusters": "MemberClusters",
            # What all members share is told of each of them only.
            "engineVersion": _engine_version,
            "engineVersionActual": "Member.EngineVersion",
            "maintenanceWindow": "Member.PreferredMaintenanceWindow",
            "notificationTopicArn": "Member.NotificationConfiguration.TopicArn",
            "parameterGroupName": "Member.CacheParameterGroup.CacheParameterGroupName",
            "securityGroupIds": "Member.SecurityGroups[].SecurityGroupId",
            "subnetGroupName": "Member.CacheSubnetGroupName",
            "primaryEndpointAddress": "NodeGroups[0].PrimaryEndpoint.Address",
            "readerEndpointAddress": "NodeGroups[0].ReaderEndpoint.Address",
            "port": "NodeGroups[0].PrimaryEndpoint.Port || ConfigurationEndpoint.Port",
            "configurationEndpointAddress": "ConfigurationEndpoint.Address",
            "logDeliveryConfigurations": "`null`",
            "nodeGroupConfigurations": "`null`",
            "authToken": "`null`",
        },
        tags=_TAGS,
        replace=words(
            "atRestEncryptionEnabled dataTieringEnabled durability globalReplicationGroupId kmsKeyId networkType port "
            "replicationGroupId securityGroupNames snapshotArns snapshotName subnetGroupName"
        ),
        replace_if={
            "engine": lambda old, new, _: (old, new) == ("valkey", "redis"),
            "engineVersion": _older,
            "nodeGroupConfigurations": _other_shards,
            "transitEncryptionEnabled": _before_tls_on_the_fly,
        },
        computed=words(
            "applyImmediately atRestEncryptionEnabled autoMinorVersionUpgrade clusterMode dataTieringEnabled "
            "durability engine engineVersion globalReplicationGroupId ipDiscovery maintenanceWindow networkType "
            "nodeGroupConfigurations nodeType numCacheClusters numNodeGroups parameterGroupName "
            "replicasPerNodeGroup securityGroupIds securityGroupNames snapshotWindow subnetGroupName "
            "transitEncryptionEnabled transitEncryptionMode"
        ),
        recomputed=("engineVersionActual", "memberClusters"),
        late=("engine", "engineVersion", "nodeType", "parameterGroupName"),
        defaults={"automaticFailoverEnabled": False, "multiAzEnabled": False},
        local=("applyImmediately", "authTokenUpdateStrategy", "finalSnapshotIdentifier"),
        autoname=AutoName("replicationGroupId", length=40, lower=True),
        same={"maintenanceWindow": lambda old, new: str(old).lower() == str(new).lower()},
        reads_as={"engineVersion": lambda live, given: str(live).startswith(f"{given}.")},
        secret=("authToken",),
        check=_replication_rules,
        wait=Wait("Status", ("available",), ("create-failed",), timeout=3600),
    ),
)
