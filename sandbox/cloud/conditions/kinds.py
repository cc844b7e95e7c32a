"""The kinds of resources that come, change and go slowly, and how their services say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from sandbox.creation_times import Duration, duration_of

Record = Mapping[str, Any]
Doing = Literal["create", "change", "delete"]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind: its operations, where its description stands in their answers, and its states' names."""

    token: str
    """The type in the table of durations."""
    service: str
    create: tuple[str, ...]
    change: tuple[str, ...] = ()
    delete: str
    describe: str
    one: str
    """The member of most answers that is the description."""
    many: str | None = None
    """The member of ``describe``'s answer that has all descriptions; None where it gives one, as ``one``."""
    key: tuple[str, ...]
    """The members of a description that name the resource. In parameters they are called the same; where these take
    several, with an ``s``."""
    status: str = "status"
    settled: str = "ACTIVE"
    words: tuple[str, str, str] = ("CREATING", "UPDATING", "DELETING")
    hidden: tuple[str, ...] = ()
    """Members of the description that are not there before the resource is."""
    gone: tuple[str, ...] = ()
    """What the service itself still says of a deleted one."""
    not_found: str
    busy: tuple[str, str]
    """Code and message of the error for a change of one that is busy; ``{name}`` and ``{status}`` in it."""
    exists: tuple[str, str] | None = None
    """Code and message of the error for one that has the name of one on its way out."""

    def seconds(self, doing: Doing, params: Record) -> float:
        """How long AWS takes for it."""
        inputs = {"replicateSourceDb": params.get("SourceDBInstanceIdentifier")}
        row: Duration = duration_of(self.token, inputs)
        return {"create": row.create, "change": row.change, "delete": row.delete}[doing]

    def word(self, doing: Doing) -> str:
        return self.words[("create", "change", "delete").index(doing)]

    def named_in_params(self, params: Record) -> tuple[str, ...] | None:
        """The name of the one resource that ``params`` are about; None when they are about several, or all."""
        return self._named(lambda member: _only(params, member))

    def named_in(self, description: Record) -> tuple[str, ...] | None:
        return self._named(description.get)

    def _named(self, value: Callable[[str], Any]) -> tuple[str, ...] | None:
        found = [value(member) for member in self.key]
        return tuple(str(each).lower() for each in found) if all(found) else None


def _only(params: Record, name: str) -> Any:
    several = cast("list[Any]", params.get(f"{name}s") or [])
    return several[0] if len(several) == 1 else params.get(name)


_LOWER = ("creating", "modifying", "deleting")

KINDS = (
    Kind(
        token="aws:eks/cluster:Cluster",
        service="eks",
        create=("CreateCluster",),
        change=("UpdateClusterConfig", "UpdateClusterVersion", "AssociateEncryptionConfig"),
        delete="DeleteCluster",
        describe="DescribeCluster",
        one="cluster",
        key=("name",),
        hidden=("endpoint", "certificateAuthority"),
        not_found="ResourceNotFoundException",
        busy=("ResourceInUseException", "Cluster has status {status}"),
        exists=("ResourceInUseException", "Cluster already exists with name: {name}"),
    ),
    Kind(
        token="aws:eks/nodeGroup:NodeGroup",
        service="eks",
        create=("CreateNodegroup",),
        change=("UpdateNodegroupConfig", "UpdateNodegroupVersion"),
        delete="DeleteNodegroup",
        describe="DescribeNodegroup",
        one="nodegroup",
        key=("clusterName", "nodegroupName"),
        not_found="ResourceNotFoundException",
        busy=("ResourceInUseException", "Nodegroup cannot be updated as it is currently not in Active State: {status}"),
        exists=("ResourceInUseException", "NodeGroup already exists with name {name}"),
    ),
    Kind(
        token="aws:eks/addon:Addon",
        service="eks",
        create=("CreateAddon",),
        change=("UpdateAddon",),
        delete="DeleteAddon",
        describe="DescribeAddon",
        one="addon",
        key=("clusterName", "addonName"),
        not_found="ResourceNotFoundException",
        busy=("ResourceInUseException", "Addon {name} cannot be updated as it is currently in {status} state"),
        exists=("ResourceInUseException", "Addon already exists."),
    ),
    Kind(
        token="aws:rds/instance:Instance",
        service="rds",
        create=("CreateDBInstance", "CreateDBInstanceReadReplica"),
        change=("ModifyDBInstance", "PromoteReadReplica"),
        delete="DeleteDBInstance",
        describe="DescribeDBInstances",
        one="DBInstance",
        many="DBInstances",
        key=("DBInstanceIdentifier",),
        status="DBInstanceStatus",
        settled="available",
        words=_LOWER,
        hidden=("Endpoint",),
        not_found="DBInstanceNotFound",
        busy=("InvalidDBInstanceState", "Database instance is not in available state."),
        exists=("DBInstanceAlreadyExists", "DB instance already exists"),
    ),
    Kind(
        token="aws:elasticache/replicationGroup:ReplicationGroup",
        service="elasticache",
        create=("CreateReplicationGroup",),
        change=(
            "ModifyReplicationGroup",
            "ModifyReplicationGroupShardConfiguration",
            "IncreaseReplicaCount",
            "DecreaseReplicaCount",
        ),
        delete="DeleteReplicationGroup",
        describe="DescribeReplicationGroups",
        one="ReplicationGroup",
        many="ReplicationGroups",
        key=("ReplicationGroupId",),
        status="Status",
        settled="available",
        words=_LOWER,
        not_found="ReplicationGroupNotFoundFault",
        busy=("InvalidReplicationGroupState", "Replication group {name} must be in available state, not {status}."),
        exists=("ReplicationGroupAlreadyExists", "Replication group {name} already exists"),
    ),
    Kind(
        token="aws:ec2/natGateway:NatGateway",
        service="ec2",
        create=("CreateNatGateway",),
        delete="DeleteNatGateway",
        describe="DescribeNatGateways",
        one="NatGateway",
        many="NatGateways",
        key=("NatGatewayId",),
        status="State",
        settled="available",
        words=("pending", "modifying", "deleting"),
        gone=("deleted",),
        not_found="NatGatewayNotFound",
        busy=("NatGatewayNotFound", "The Nat Gateway {name} is {status}"),
    ),
)
