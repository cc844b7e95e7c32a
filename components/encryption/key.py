"""A KMS key."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.encryption.policy import KeyUse, key_policy
from components.removal import RemovalPolicy


@dataclass(frozen=True, kw_only=True, slots=True)
class EncryptionKeyArgs:
    """Inputs of an EncryptionKey."""

    alias: str
    """Name of the key for people, unique in the account and region; it follows ``alias/``."""
    description: str
    use: KeyUse = KeyUse.DATA
    removal_policy: RemovalPolicy = RemovalPolicy.RETAIN
    """Retained data can't be read without its key, so a key is retained like the data under it."""


class EncryptionKey(pulumi.ComponentResource):
    """A symmetric KMS key, rotated every year."""

    key_arn: pulumi.Output[str]

    def __init__(self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:encryption:EncryptionKey", name, None, opts)
        lookup = pulumi.InvokeOutputOptions(parent=self)
        key = aws.kms.Key(
            f"{name}-key",
            description=args.description,
            enable_key_rotation=True,
            # KMS allows 7 to 30 days to think again.
            deletion_window_in_days=30 if args.removal_policy.retains else 7,
            policy=pulumi.Output.json_dumps(
                key_policy(
                    args.use,
                    account=aws.get_caller_identity_output(opts=lookup).account_id,
                    partition=aws.get_partition_output(opts=lookup).partition,
                    region=aws.get_region_output(opts=lookup).region,
                )
            ),
            opts=args.removal_policy.data(self),
        )
        aws.kms.Alias(
            f"{name}-alias",
            name=f"alias/{args.alias}",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.key_arn = key.arn
        self.register_outputs({"key_arn": self.key_arn})
