"""How to connect to a service, kept in Secrets Manager."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.removal import RemovalPolicy


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionSecretArgs:
    """Inputs of a ConnectionSecret."""

    description: str
    key_arn: pulumi.Input[str]
    connection: Mapping[str, pulumi.Input[str] | pulumi.Input[int]]
    """Kept as a JSON object."""
    removal_policy: RemovalPolicy = RemovalPolicy.RETAIN
    """That of the service: data that stays must stay reachable."""


class ConnectionSecret(pulumi.ComponentResource):
    """A Secrets Manager secret with host, port and credentials of one service."""

    secret_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ConnectionSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:secrets:ConnectionSecret", name, None, opts)
        data = args.removal_policy.data(self)
        secret = aws.secretsmanager.Secret(
            f"{name}-secret",
            description=args.description,
            kms_key_id=args.key_arn,
            # Days in which a deleted secret can be had back; 0 deletes it at once.
            recovery_window_in_days=30 if args.removal_policy.retains else 0,
            opts=data,
        )
        aws.secretsmanager.SecretVersion(
            f"{name}-value",
            secret_id=secret.id,
            secret_string=pulumi.Output.secret(pulumi.Output.json_dumps(dict(args.connection), sort_keys=True)),
            # Not protected: a changed value replaces the version, and the old one stays in the secret's history.
            opts=args.removal_policy.footing(self),
        )
        self.secret_arn = secret.arn
        self.register_outputs({"secret_arn": self.secret_arn})
