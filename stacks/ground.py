"""What everything in the account stands on: provider, keys and network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.encryption import EncryptionKey, EncryptionKeyArgs, KeyUse
from components.network import Network, NetworkArgs
from stacks.preflight import check_account
from stacks.providers import aws_provider, default_tags
from stacks.settings import Settings


@dataclass(frozen=True, slots=True)
class Ground:
    """What everything in the account stands on."""

    settings: Settings
    name: str
    """Of the project and the stack: begins the names that must be unique in an account."""
    tags: Mapping[str, str]
    opts: pulumi.ResourceOptions
    """With the AWS provider."""
    data_key_arn: pulumi.Output[str]
    log_key_arn: pulumi.Output[str]
    network: Network


def build_ground(settings: Settings, project: str, stack: str) -> Ground:
    """Build it. Raises SettingsError before anything but the provider when the account can't take the settings."""
    tags = default_tags(settings.aws, project=project, stack=stack)
    name, provider = f"{project}-{stack}", aws_provider(settings.aws, tags, settings.removal_policy)
    check_account(settings, name=name, tags=tags, provider=provider)
    opts = pulumi.ResourceOptions(providers=[provider])
    logs = EncryptionKey(
        "logs",
        EncryptionKeyArgs(
            alias=f"{name}-logs",
            description=f"Logs of {name}",
            use=KeyUse.LOGS,
            removal_policy=settings.removal_policy,
        ),
        opts,
    )
    data = EncryptionKey(
        "data",
        EncryptionKeyArgs(
            alias=f"{name}-data",
            description=f"Databases, caches, images and secrets of {name}",
            removal_policy=settings.removal_policy,
        ),
        opts,
    )
    network = Network(
        "network",
        NetworkArgs(
            cidr=settings.network.cidr,
            zones=settings.network.zones,
            nat=settings.network.nat,
            log_key_arn=logs.key_arn,
            flow_log_retention_days=settings.network.flow_log_retention_days,
            removal_policy=settings.removal_policy,
        ),
        opts,
    )
    return Ground(
        settings=settings,
        name=name,
        tags=tags,
        opts=opts,
        data_key_arn=data.key_arn,
        log_key_arn=logs.key_arn,
        network=network,
    )
