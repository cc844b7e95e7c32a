"""A VPC with its subnets, routes and flow logs."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.network.flow_logs import FlowLogs, FlowLogsArgs
from components.network.routing import NatMode, Routing, RoutingArgs
from components.network.subnet_tier import SubnetTier, SubnetTierArgs
from components.network.subnets import pick_zones, subnet_plan
from components.network.zones import ZONE_FILTERS, ZONES_WITHOUT_EKS
from components.removal import RemovalPolicy


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkArgs:
    """Inputs of a Network. Raises Refusal when the CIDR is unfit or zones are not 2 or 3."""

    cidr: str
    """The VPC's addresses, a private range from /16 to /20."""
    zones: int
    """Availability zones, 2 or 3: the first ones of the region by name."""
    nat: NatMode
    log_key_arn: pulumi.Input[str]
    """Key that CloudWatch Logs may use; it encrypts the flow logs."""
    flow_log_retention_days: int = 90
    removal_policy: RemovalPolicy = RemovalPolicy.RETAIN
    """Retained databases keep their subnets and with them the VPC."""

    def __post_init__(self) -> None:
        subnet_plan(self.cidr, self.zones)


class Network(pulumi.ComponentResource):
    """A VPC over several zones, with public, private and database subnets in each.

    Nothing in a database subnet has a route to the internet. Subnets carry the tags by which Kubernetes finds places
    for load balancers. The VPC's default security group allows nothing. All traffic is logged.
    """

    vpc_id: pulumi.Output[str]
    zone_names: pulumi.Output[list[str]]
    public_subnet_ids: list[pulumi.Output[str]]
    private_subnet_ids: list[pulumi.Output[str]]
    database_subnet_ids: list[pulumi.Output[str]]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:network:Network", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        plan = subnet_plan(args.cidr, args.zones)
        zone_names = aws.get_availability_zones_output(
            state="available",
            filters=list(ZONE_FILTERS),
            exclude_zone_ids=list(ZONES_WITHOUT_EKS),
            opts=pulumi.InvokeOutputOptions(parent=self),
        ).names.apply(lambda names: pick_zones(names, args.zones))

        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": name},
            opts=args.removal_policy.footing(self),
        )
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default-group",
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            tags={"Name": f"{name}-default"},
            opts=child,
        )
        public = SubnetTier(
            f"{name}-public",
            SubnetTierArgs(
                vpc_id=vpc.id,
                ranges=plan.public,
                zone_names=zone_names,
                tags={"kubernetes.io/role/elb": "1"},
            ),
            child,
        )
        private = SubnetTier(
            f"{name}-private",
            SubnetTierArgs(
                vpc_id=vpc.id,
                ranges=plan.private,
                zone_names=zone_names,
                tags={"kubernetes.io/role/internal-elb": "1"},
            ),
            child,
        )
        database = SubnetTier(
            f"{name}-database",
            SubnetTierArgs(
                vpc_id=vpc.id,
                ranges=plan.database,
                zone_names=zone_names,
                removal_policy=args.removal_policy,
            ),
            child,
        )
        Routing(
            f"{name}-routing",
            RoutingArgs(
                vpc_id=vpc.id,
                public_subnet_ids=public.subnet_ids,
                private_subnet_ids=private.subnet_ids,
                database_subnet_ids=database.subnet_ids,
                nat=args.nat,
            ),
            child,
        )
        FlowLogs(
            f"{name}-flow-logs",
            FlowLogsArgs(
                vpc_id=vpc.id,
                log_key_arn=args.log_key_arn,
                retention_days=args.flow_log_retention_days,
                removal_policy=args.removal_policy,
            ),
            child,
        )
        self.vpc_id = vpc.id
        self.zone_names = zone_names
        self.public_subnet_ids = public.subnet_ids
        self.private_subnet_ids = private.subnet_ids
        self.database_subnet_ids = database.subnet_ids
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "zone_names": self.zone_names,
                "public_subnet_ids": self.public_subnet_ids,
                "private_subnet_ids": self.private_subnet_ids,
                "database_subnet_ids": self.database_subnet_ids,
            }
        )
