"""The ways out of a VPC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import pulumi
import pulumi_aws as aws

ANYWHERE = "0.0.0.0/0"


class NatMode(StrEnum):
    """How private subnets reach the internet."""

    NONE = "None"
    """Not at all."""
    SINGLE = "Single"
    """Through one NAT gateway: cheap, but all zones lose their way out with its zone."""
    PER_ZONE = "PerZone"
    """Through a NAT gateway in each zone."""

    def gateways(self, zones: int) -> int:
        """How many NAT gateways ``zones`` zones get."""
        match self:
            case NatMode.NONE:
                return 0
            case NatMode.SINGLE:
                return 1
            case NatMode.PER_ZONE:
                return zones


@dataclass(frozen=True, kw_only=True, slots=True)
class RoutingArgs:
    """Inputs of a Routing. Subnets stand in the order of their zones."""

    vpc_id: pulumi.Input[str]
    public_subnet_ids: Sequence[pulumi.Input[str]]
    private_subnet_ids: Sequence[pulumi.Input[str]]
    database_subnet_ids: Sequence[pulumi.Input[str]]
    nat: NatMode


class Routing(pulumi.ComponentResource):
    """Public subnets reach the internet, private ones through NAT, database ones not at all; S3 is reached from within.

    Each private subnet has a route table of its own whatever the NAT mode, so that changing it moves a route only.
    """

    def __init__(self, name: str, args: RoutingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:network:Routing", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        def table(role: str, subnet_ids: Sequence[pulumi.Input[str]]) -> aws.ec2.RouteTable:
            table = aws.ec2.RouteTable(
                f"{name}-{role}", vpc_id=args.vpc_id, tags={"Name": f"{name}-{role}"}, opts=child
            )
            for index, subnet_id in enumerate(subnet_ids):
                aws.ec2.RouteTableAssociation(
                    f"{name}-{role}-in-{index}", route_table_id=table.id, subnet_id=subnet_id, opts=child
                )
            return table

        gateway = aws.ec2.InternetGateway(f"{name}-internet", vpc_id=args.vpc_id, tags={"Name": name}, opts=child)
        public_to_internet = aws.ec2.Route(
            f"{name}-public-to-internet",
            route_table_id=table("public", args.public_subnet_ids).id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway.id,
            opts=child,
        )
        # Addresses and NAT gateways need the internet gateway, which no argument of theirs names.
        after_gateway = pulumi.ResourceOptions(parent=self, depends_on=[public_to_internet])
        nats: list[aws.ec2.NatGateway] = []
        for index in range(args.nat.gateways(len(args.public_subnet_ids))):
            nat = f"{name}-nat-{index}"
            address = aws.ec2.Eip(f"{nat}-address", domain="vpc", tags={"Name": nat}, opts=after_gateway)
            nats.append(
                aws.ec2.NatGateway(
                    nat,
                    allocation_id=address.id,
                    subnet_id=args.public_subnet_ids[index],
                    tags={"Name": nat},
                    opts=after_gateway,
                )
            )

        inner = [table("database", args.database_subnet_ids)]
        for index, subnet_id in enumerate(args.private_subnet_ids):
            private = table(f"private-{index}", [subnet_id])
            inner.append(private)
            if nats:
                aws.ec2.Route(
                    f"{name}-private-{index}-to-internet",
                    route_table_id=private.id,
                    destination_cidr_block=ANYWHERE,
                    nat_gateway_id=nats[index % len(nats)].id,
                    opts=child,
                )
        region = aws.get_region_output(opts=pulumi.InvokeOutputOptions(parent=self)).region
        aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=args.vpc_id,
            vpc_endpoint_type="Gateway",
            service_name=pulumi.Output.concat("com.amazonaws.", region, ".s3"),
            route_table_ids=[table.id for table in inner],
            tags={"Name": f"{name}-s3"},
            opts=child,
        )
        self.register_outputs({})
