"""The quotas of AWS that users of a platform meet: one table for the cloud, the provider and the documentation.

Codes, names and defaults are those of Service Quotas and of the services' pages of quotas (Amazon VPC user guide,
"Amazon VPC quotas"; Amazon RDS user guide, "Quotas and constraints"; Amazon EKS user guide, "Service quotas"; IAM user
guide, "IAM and AWS STS quotas"; Amazon ElastiCache user guide, "Quotas"), read in November 2026. The errors' codes are
those of the services' references.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quota:
    """One quota, and the error that AWS gives once it is reached. ``{limit}`` in the message is the value."""

    code: str
    name: str
    default: int
    service: str
    operations: tuple[str, ...]
    error: str
    message: str
    properties: tuple[str, ...] = ()
    """The properties that may ask for too much; none where it is the resource itself that is too many."""

    def said(self, message: str) -> bool:
        """Whether ``message`` is this quota's, whatever the limit."""
        parts = (re.escape(part) for part in self.message.split("{limit}"))
        return re.fullmatch(r"\d+".join(parts), message) is not None


SERVICES = {"ec2": "EC2, VPC", "eks": "EKS", "elasticache": "ElastiCache", "iam": "IAM", "rds": "RDS"}
"""The services' names in Service Quotas, by those in this table."""

QUOTAS = (
    Quota(
        "L-F678F1CE", "VPCs per Region", 5, "ec2", ("CreateVpc",),
        "VpcLimitExceeded", "The maximum number of VPCs has been reached.",
    ),
    Quota(
        "L-407747CB", "Subnets per VPC", 200, "ec2", ("CreateSubnet",),
        "SubnetLimitExceeded", "The maximum number of subnets has been reached.",
    ),
    Quota(
        "L-A4707A72", "Internet gateways per Region", 5, "ec2", ("CreateInternetGateway",),
        "InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached.",
    ),
    Quota(
        "L-0263D0A3", "EC2-VPC Elastic IPs", 5, "ec2", ("AllocateAddress",),
        "AddressLimitExceeded", "The maximum number of addresses has been reached.",
    ),
    Quota(
        "L-FE5A380F", "NAT gateways per Availability Zone", 5, "ec2", ("CreateNatGateway",),
        "NatGatewayLimitExceeded", "Performing this operation would exceed the limit of {limit} NAT gateways",
    ),
    Quota(
        "L-589F43AA", "Route tables per VPC", 200, "ec2", ("CreateRouteTable",),
        "RouteTableLimitExceeded", "The maximum number of route tables has been reached.",
    ),
    Quota(
        "L-E79EC296", "VPC security groups per Region", 2500, "ec2", ("CreateSecurityGroup",),
        "SecurityGroupLimitExceeded", "The maximum number of security groups has been reached.",
    ),
    Quota(
        "L-0EA8095F", "Inbound or outbound rules per security group", 60, "ec2",
        ("AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress"),
        "RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.",
    ),
    Quota(
        "L-1B52E74A", "Gateway VPC endpoints per Region", 20, "ec2", ("CreateVpcEndpoint",),
        "VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached.",
    ),
    Quota(
        "L-0DA4ABF3", "Managed policies attached to an IAM role", 10, "iam", ("AttachRolePolicy",),
        "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: {limit}",
    ),
    Quota(
        "L-FE177D64", "Roles per account", 1000, "iam", ("CreateRole",),
        "LimitExceeded", "Cannot exceed quota for RolesPerAccount: {limit}",
    ),
    Quota(
        "L-7B6409FD", "DB instances", 40, "rds", ("CreateDBInstance", "CreateDBInstanceReadReplica"),
        "InstanceQuotaExceeded", "Maximum number of DB instances has been reached: {limit}",
    ),
    Quota(
        "L-48C6BF61", "DB subnet groups", 50, "rds", ("CreateDBSubnetGroup",),
        "DBSubnetGroupQuotaExceeded", "Maximum number of DB subnet groups has been reached: {limit}",
    ),
    Quota(
        "L-DE55804A", "Parameter groups", 50, "rds", ("CreateDBParameterGroup",),
        "DBParameterGroupQuotaExceeded", "Maximum number of DB parameter groups has been reached: {limit}",
    ),
    Quota(
        "L-6D54EA21", "Managed node groups per cluster", 30, "eks", ("CreateNodegroup",),
        "ResourceLimitExceededException", "Cluster has reached its limit of {limit} managed node groups",
    ),
    Quota(
        "L-BD136A63", "Nodes per managed node group", 450, "eks", ("CreateNodegroup", "UpdateNodegroupConfig"),
        "ResourceLimitExceededException", "The node group's maximum size is above the limit of {limit} nodes",
        ("scalingConfig",),
    ),
    Quota(
        "L-DFE45DF3", "Nodes per Region", 300, "elasticache",
        ("CreateReplicationGroup", "IncreaseReplicaCount", "ModifyReplicationGroupShardConfiguration"),
        "NodeQuotaForCustomerExceeded", "The request would exceed the limit of {limit} nodes per customer",
        ("numCacheClusters", "numNodeGroups"),
    ),
)  # fmt: skip


def quota_of(operation: str, error: str, message: str) -> Quota | None:
    """The quota that an error of ``operation``, with code ``error``, is about. Several may have the same code."""
    found = (each for each in QUOTAS if operation in each.operations and error == each.error)
    return next((each for each in found if each.said(message)), None)
