"""What AWS does not delete while something else depends on it, and moto would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.cloud import moto_state
from sandbox.cloud.eks.state import Clusters
from sandbox.cloud.elasticache.state import ElastiCacheState
from sandbox.cloud.operations import AwsError, Call, Operations


class Ec2Dependencies(Operations):
    """Networks, and what is in them."""

    service = "ec2"

    def __init__(self, clusters: Clusters, caches: ElastiCacheState) -> None:
        self._clusters = clusters
        self._caches = caches

    def before_delete_vpc(self, call: Call) -> None:
        ec2, vpc = self._ec2(call), call["VpcId"]
        gateways = any(gateway.vpc and gateway.vpc.id == vpc for gateway in list(ec2.internet_gateways.values()))
        groups = any(group.name != "default" for group in list(ec2.groups.get(vpc, {}).values()))
        endpoints = any(
            each.vpc_id == vpc and each.state.lower() != "deleted" for each in list(ec2.vpc_end_points.values())
        )
        if gateways or groups or endpoints:
            raise AwsError("DependencyViolation", f"The vpc '{vpc}' has dependencies and cannot be deleted.")

    def before_delete_subnet(self, call: Call) -> None:
        subnet = call["SubnetId"]
        if subnet in set(self._used_subnets(call)):
            raise AwsError("DependencyViolation", f"The subnet '{subnet}' has dependencies and cannot be deleted.")

    def before_delete_security_group(self, call: Call) -> None:
        group = call.get("GroupId")
        if group in set(self._used_groups(call)):
            raise AwsError("DependencyViolation", f"resource {group} has a dependent object")

    def before_detach_internet_gateway(self, call: Call) -> None:
        vpc = call["VpcId"]
        if any(each.vpc_id == vpc and each.state != "deleted" for each in self._ec2(call).nat_gateways.values()):
            raise AwsError(
                "DependencyViolation",
                f"Network {vpc} has some mapped public address(es). Please unmap those public address(es) before "
                "detaching the gateway.",
            )

    def before_release_address(self, call: Call) -> None:
        address = call.get("AllocationId")
        for gateway in list(self._ec2(call).nat_gateways.values()):
            used = {each.get("allocationId") for each in gateway.address_set}
            if gateway.state != "deleted" and address in used:
                raise AwsError(
                    "InvalidIPAddress.InUse",
                    f"The address with allocation id [{address}] cannot be released because it is in use.",
                )

    def _used_subnets(self, call: Call) -> Iterator[str]:
        """Where network interfaces are: those of moto, and those that EKS, RDS, ElastiCache and balancers have."""
        for interface in list(self._ec2(call).enis.values()):
            yield str(interface.subnet.id)
        for cluster in self._clusters:
            yield from cluster.record["resourcesVpcConfig"]["subnetIds"]
            for group in list(cluster.node_groups.values()):
                yield from group["subnets"]
        region = self._caches.of(call)
        for group in list(region.subnet_groups.values()):
            if any(each["_subnet_group"] == group["CacheSubnetGroupName"] for each in list(region.groups.values())):
                yield from (each["SubnetIdentifier"] for each in group["Subnets"])
        for database in list(moto_state.backend("rds", call.region).databases.values()):
            yield from (each["SubnetIdentifier"] for each in getattr(_subnet_group(database), "subnets", ()))
        for balancer in list(moto_state.backend("elbv2", call.region).load_balancers.values()):
            yield from (str(each.id) for each in balancer.subnets)

    def _used_groups(self, call: Call) -> Iterator[str]:
        """Groups that others name in their rules, and groups of network interfaces."""
        ec2: Any = self._ec2(call)
        for groups in list(ec2.groups.values()):
            for group in list(groups.values()):
                sources: list[Any] = [rule.source_group for rule in [*group.ingress_rules, *group.egress_rules]]
                named = (str(each["GroupId"]) for each in sources if each and each.get("GroupId"))
                yield from (each for each in named if each != group.id)
        for interface in list(ec2.enis.values()):
            yield from (str(each.id) for each in interface.group_set)
        for cluster in self._clusters:
            yield from cluster.record["resourcesVpcConfig"]["securityGroupIds"]
        for group in list(self._caches.of(call).groups.values()):
            yield from group["_security_groups"]
        for database in list(moto_state.backend("rds", call.region).databases.values()):
            yield from database.vpc_security_group_ids
        for balancer in list(moto_state.backend("elbv2", call.region).load_balancers.values()):
            yield from balancer.security_groups or ()

    @staticmethod
    def _ec2(call: Call) -> Any:
        return moto_state.backend("ec2", call.region)


class IamDependencies(Operations):
    """Policies, and who has them."""

    service = "iam"

    def before_delete_policy(self, call: Call) -> None:
        iam, policy = moto_state.backend("iam", call.region), call["PolicyArn"]
        holders = [*iam.roles.values(), *iam.users.values(), *iam.groups.values()]
        if any(policy in holder.managed_policies for holder in holders):
            raise AwsError("DeleteConflict", "Cannot delete a policy attached to entities.")


class RdsDependencies(Operations):
    """Subnet groups, and the instances that are in them."""

    service = "rds"

    def before_delete_db_subnet_group(self, call: Call) -> None:
        name = call["DBSubnetGroupName"].lower()
        for database in list(moto_state.backend("rds", call.region).databases.values()):
            if getattr(_subnet_group(database), "name", None) == name:
                raise AwsError(
                    "InvalidDBSubnetGroupStateFault",
                    f"Cannot delete the subnet group '{name}' because at least one database instance: "
                    f"{database.db_instance_identifier} is still using it.",
                )


def _subnet_group(database: Any) -> Any:
    return getattr(database, "db_subnet_group", None)
