"""Refuses what would exceed a quota, as AWS does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import botocore
from moto.ec2.models.security_groups import SecurityGroupBackend

from sandbox.cloud import moto_state
from sandbox.cloud.eks.state import Clusters
from sandbox.cloud.elasticache.state import ElastiCacheState
from sandbox.cloud.operations import AwsError, Call, Handler, Operations, Record
from sandbox.conditions import Conditions
from sandbox.quotas import QUOTAS, Quota

Count = Callable[[Call], tuple[int, int]]
"""How much of a quota is used, and how much more the call wants."""

_NONE: Record = {}
_snake_case: Callable[[str], str] = cast("Any", botocore).xform_name


class QuotaGuard(Operations):
    """Stands before the operations of one service that use up quotas."""

    def __init__(self, service: str, counts: Mapping[str, Count], conditions: Callable[[], Conditions]) -> None:
        self.service = service
        self._counts = counts
        self._conditions = conditions
        self._quotas: dict[str, list[Quota]] = {}
        for quota in QUOTAS:
            for operation in quota.operations if quota.service == service else ():
                self._quotas.setdefault(_snake_case(operation), []).append(quota)

    def handler(self, operation: str, *, prefix: str = "") -> Handler | None:
        return self._check if prefix == "before_" and _snake_case(operation) in self._quotas else None

    def _check(self, call: Call) -> None:
        """Raises AwsError."""
        conditions = self._conditions()
        for quota in self._quotas[_snake_case(call.operation)] if conditions.enforce_quotas else ():
            limit = conditions.quotas.get(quota.code, quota.default)
            used, wanted = self._counts[quota.code](call)
            if wanted and used + wanted > limit:
                raise AwsError(quota.error, quota.message.format(limit=limit))


def guards(
    conditions: Callable[[], Conditions], clusters: Clusters, caches: ElastiCacheState
) -> tuple[QuotaGuard, ...]:
    """One guard for each service that has quotas."""
    # moto has one of them itself, which nobody could raise.
    setattr(SecurityGroupBackend, "_verify_group_will_respect_rule_count_limit", _leave_to_us)  # noqa: B010
    counts: dict[str, Count] = {
        **_EC2,
        **_IAM,
        **_RDS,
        "L-6D54EA21": lambda call: (len(clusters.of(call).node_groups), 1),
        "L-BD136A63": lambda call: (0, int(call.get("scalingConfig", _NONE).get("maxSize", 0))),
        "L-DFE45DF3": lambda call: _cache_nodes(caches, call),
    }
    services = dict.fromkeys(quota.service for quota in QUOTAS)
    return tuple(QuotaGuard(service, counts, conditions) for service in services)


def _leave_to_us(*_: object, **__: object) -> None: ...


def _backend(call: Call, service: str) -> Any:
    return moto_state.backend(service, call.region)


def _subnets(call: Call) -> Iterable[Any]:
    zones: dict[str, dict[str, Any]] = _backend(call, "ec2").subnets
    return [subnet for subnets in list(zones.values()) for subnet in list(subnets.values())]


def _of_vpc(items: Iterable[Any], call: Call) -> int:
    return sum(item.vpc_id == call["VpcId"] for item in items)


def _nat_gateways(call: Call) -> int:
    """Those in the zone in which the call wants another one."""
    zone_of = {subnet.id: subnet.availability_zone for subnet in _subnets(call)}
    gateways = list(_backend(call, "ec2").nat_gateways.values())
    zone = zone_of.get(call["SubnetId"])
    return sum(each.state != "deleted" and zone_of.get(each.subnet_id) == zone for each in gateways)


def _rules(call: Call) -> tuple[int, int]:
    group: Any = _backend(call, "ec2").get_security_group_from_id(call.get("GroupId", ""))
    if group is None:
        return 0, 0
    rules = group.ingress_rules if call.operation.endswith("Ingress") else group.egress_rules
    sources = ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")
    asked = cast("list[Record]", call.get("IpPermissions", []))
    return len(rules), sum(len(permission.get(source) or ()) for permission in asked for source in sources)


def _endpoints(call: Call) -> tuple[int, int]:
    """Of type Gateway; those of other types are counted for each VPC."""
    if call.get("VpcEndpointType", "Gateway") != "Gateway":
        return 0, 0
    endpoints = list(_backend(call, "ec2").vpc_end_points.values())
    return sum(str(each.vpc_endpoint_type) == "Gateway" and each.state != "deleted" for each in endpoints), 1


def _attached(call: Call) -> tuple[int, int]:
    roles = list(_backend(call, "iam").roles.values())
    role: Any = next((each for each in roles if each.name == call["RoleName"]), None)
    if role is None or call["PolicyArn"] in role.managed_policies:
        return 0, 0
    return len(role.managed_policies), 1


def _cache_nodes(caches: ElastiCacheState, call: Call) -> tuple[int, int]:
    groups = caches.of(call).groups
    used = sum(len(group["MemberClusters"]) for group in groups.values())
    if call.operation == "CreateReplicationGroup":
        shards = int(call.get("NumNodeGroups") or 1)
        return used, shards * int(call.get("NumCacheClusters") or call.get("ReplicasPerNodeGroup", 0) + 1)
    group = groups.get(str(call["ReplicationGroupId"]).lower())
    if group is None:
        return 0, 0
    shards, members = len(group["NodeGroups"]), len(group["NodeGroups"][0]["NodeGroupMembers"])
    wanted = int(call.get("NodeGroupCount") or shards) * int(call.get("NewReplicaCount", members - 1) + 1)
    return used, max(0, wanted - shards * members)


_EC2: dict[str, Count] = {
    "L-F678F1CE": lambda call: (len(_backend(call, "ec2").vpcs), 1),
    "L-407747CB": lambda call: (_of_vpc(_subnets(call), call), 1),
    "L-A4707A72": lambda call: (len(_backend(call, "ec2").internet_gateways), 1),
    "L-0263D0A3": lambda call: (len(_backend(call, "ec2").addresses), 1),
    "L-FE5A380F": lambda call: (_nat_gateways(call), 1),
    "L-589F43AA": lambda call: (_of_vpc(list(_backend(call, "ec2").route_tables.values()), call), 1),
    "L-E79EC296": lambda call: (sum(len(groups) for groups in list(_backend(call, "ec2").groups.values())), 1),
    "L-0EA8095F": _rules,
    "L-1B52E74A": _endpoints,
}
_IAM: dict[str, Count] = {
    "L-0DA4ABF3": _attached,
    "L-FE177D64": lambda call: (len(_backend(call, "iam").roles), 1),
}
_RDS: dict[str, Count] = {
    "L-7B6409FD": lambda call: (len(_backend(call, "rds").databases), 1),
    "L-48C6BF61": lambda call: (len(_backend(call, "rds").subnet_groups), 1),
    "L-DE55804A": lambda call: (len(_backend(call, "rds").db_parameter_groups), 1),
}
