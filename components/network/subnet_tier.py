"""The subnets of one purpose, one in each zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.removal import RemovalPolicy


@dataclass(frozen=True, kw_only=True, slots=True)
class SubnetTierArgs:
    """Inputs of a SubnetTier."""

    vpc_id: pulumi.Input[str]
    ranges: Sequence[str]
    """Address ranges, one each for every zone."""
    zone_names: pulumi.Output[list[str]]
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    removal_policy: RemovalPolicy = RemovalPolicy.DELETE
    """That of the data in the subnets: AWS deletes no subnet that something is in."""


class SubnetTier(pulumi.ComponentResource):
    """Subnets of one purpose over the zones. Nothing in them gets a public address unasked."""

    subnet_ids: list[pulumi.Output[str]]

    def __init__(self, name: str, args: SubnetTierArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:network:SubnetTier", name, None, opts)
        subnets = [
            aws.ec2.Subnet(
                f"{name}-{index}",
                vpc_id=args.vpc_id,
                cidr_block=cidr,
                availability_zone=args.zone_names[index],
                map_public_ip_on_launch=False,
                tags={"Name": f"{name}-{index}", **args.tags},
                opts=pulumi.ResourceOptions.merge(
                    args.removal_policy.footing(self),
                    # A zone that AWS takes off the list for a while must not move the subnets of the others.
                    pulumi.ResourceOptions(ignore_changes=["availabilityZone"]),
                ),
            )
            for index, cidr in enumerate(args.ranges)
        ]
        self.subnet_ids = [subnet.id for subnet in subnets]
        self.register_outputs({"subnet_ids": self.subnet_ids})
