"""Who may connect to a service in the VPC."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.removal import RemovalPolicy


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceAccessArgs:
    """Inputs of a ServiceAccess."""

    vpc_id: pulumi.Input[str]
    port: int
    """TCP port of the service."""
    client_security_group_id: pulumi.Input[str]
    """Security group of those who may connect."""
    removal_policy: RemovalPolicy = RemovalPolicy.RETAIN
    """That of the service: its security group stays behind with it."""


class ServiceAccess(pulumi.ComponentResource):
    """A security group that lets one other security group in, on one port, and nothing out."""

    security_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: ServiceAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:network:ServiceAccess", name, None, opts)
        group = aws.ec2.SecurityGroup(
            f"{name}-group",
            description=f"Connections to {name}",
            vpc_id=args.vpc_id,
            tags={"Name": name},
            opts=args.removal_policy.footing(self),
        )
        # The rule always goes with the stack: AWS does not delete a security group that another one's rule names.
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-clients",
            security_group_id=group.id,
            referenced_security_group_id=args.client_security_group_id,
            ip_protocol="tcp",
            from_port=args.port,
            to_port=args.port,
            description=f"Clients of {name}",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.security_group_id = group.id
        self.register_outputs({"security_group_id": self.security_group_id})
