"""ElastiCache: subnet groups, parameter groups, replication groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sandbox.plugins.aws.table import AutoName, Op, Read, Resource, Tags, Wait, words
from sandbox.plugins.values import Unknown

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
    wanted = values["numCacheClusters"]
    return {"NewReplicaCount": wanted - 1, "ApplyImmediately": True} if isinstance(wanted, int) else None


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


def _older(old: Any, new: Any) -> bool:
    """Whether version ``new`` is older than ``old``: engines are never downgraded in place."""
    if not old or not new:
        return False
    pairs = zip(_version(str(new)), _version(str(old)), strict=False)
    return next((mine < theirs for mine, theirs in pairs if mine != theirs), False)


def _version(text: str) -> list[int]:
    return [int(part) for part in text.split(".") if part.isdigit()]


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
                consumes=("numCacheClusters",),
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
            "atRestEncryptionEnabled dataTieringEnabled globalReplicationGroupId kmsKeyId networkType "
            "nodeGroupConfigurations port replicationGroupId securityGroupNames snapshotArns snapshotName "
            "subnetGroupName"
        ),
        replace_if={"engineVersion": _older, "engine": lambda old, new: (old, new) == ("valkey", "redis")},
        computed=words(
            "applyImmediately atRestEncryptionEnabled autoMinorVersionUpgrade clusterMode dataTieringEnabled "
            "engine engineVersion globalReplicationGroupId ipDiscovery maintenanceWindow networkType "
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
