"""A replicated cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.bounds import Range
from components.cache.engines import CacheEngine, check_engine, check_node_type
from components.changes import Changes
from components.network import ServiceAccess, ServiceAccessArgs
from components.removal import RemovalPolicy
from components.secrets import ConnectionSecret, ConnectionSecretArgs, generated_password, held_password

PORT = 6379
REPLICAS = Range(0, 5)
SNAPSHOT_DAYS = Range(0, 35)
# ElastiCache takes 16 to 128 characters.
_TOKEN_LENGTH = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheArgs:
    """Inputs of a Cache. Raises Refusal for an unknown node type, one of another engine, or a number out of range."""

    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    client_security_group_id: pulumi.Input[str]
    """Security group of those who may connect."""
    key_arn: pulumi.Input[str]
    """Key that encrypts the cache, its snapshots and its token."""
    node_type: str
    """Such as ``cache.t4g.micro``."""
    engine: CacheEngine = CacheEngine.VALKEY
    replicas: int = 0
    """Copies beside the primary, 0 to 5. From one on, they are in other zones and one of them takes over."""
    snapshot_days: int = 0
    """Days that daily snapshots are kept, 0 to 35; 0 makes none."""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    """Parameters of the engine that differ from its defaults."""
    changes: Changes = Changes.IMMEDIATELY
    """When a change that interrupts the cache takes effect. Copies come and go at once."""
    removal_policy: RemovalPolicy = RemovalPolicy.RETAIN

    def __post_init__(self) -> None:
        check_node_type(self.node_type)
        check_engine(self.engine, self.node_type)
        REPLICAS.check("replicas", self.replicas)
        SNAPSHOT_DAYS.check("snapshot_days", self.snapshot_days)


class Cache(pulumi.ComponentResource):
    """An ElastiCache replication group that asks for TLS and a token.

    The token is made at the first update and kept in Secrets Manager.
    """

    primary_address: pulumi.Output[str]
    """Host name for writing; it moves with the primary."""
    reader_address: pulumi.Output[str]
    """Host name that spreads reading over the replicas."""
    url: pulumi.Output[str]
    """``rediss://`` URL of the primary, without the token."""
    token: pulumi.Output[str]
    """Secret."""
    secret_arn: pulumi.Output[str]

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:cache:Cache", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        footing = args.removal_policy.footing(self)
        release = args.engine.release
        subnets = aws.elasticache.SubnetGroup(
            f"{name}-subnets", description=f"Subnets of {name}", subnet_ids=list(args.subnet_ids), opts=footing
        )
        parameters = aws.elasticache.ParameterGroup(
            f"{name}-parameters",
            family=release.parameter_family,
            description=f"Parameters of {name}",
            parameters=[
                aws.elasticache.ParameterGroupParameterArgs(name=key, value=value)
                for key, value in sorted(args.parameters.items())
            ],
            opts=footing,
        )
        access = ServiceAccess(
            f"{name}-access",
            ServiceAccessArgs(
                vpc_id=args.vpc_id,
                port=PORT,
                client_security_group_id=args.client_security_group_id,
                removal_policy=args.removal_policy,
            ),
            child,
        )
        replicated = args.replicas > 0
        group = aws.elasticache.ReplicationGroup(
            f"{name}-group",
            description=f"Cache {name}",
            engine=release.engine,
            engine_version=release.version,
            apply_immediately=args.changes.immediate,
            node_type=args.node_type,
            num_cache_clusters=1 + args.replicas,
            automatic_failover_enabled=replicated,
            multi_az_enabled=replicated,
            port=PORT,
            subnet_group_name=subnets.name,
            parameter_group_name=parameters.name,
            security_group_ids=[access.security_group_id],
            at_rest_encryption_enabled=True,
            kms_key_id=args.key_arn,
            transit_encryption_enabled=True,
            auth_token=generated_password(self, _TOKEN_LENGTH),
            auto_minor_version_upgrade=True,
            snapshot_retention_limit=args.snapshot_days,
            snapshot_window="02:00-03:00",
            maintenance_window="sun:03:30-sun:04:30",
            opts=pulumi.ResourceOptions.merge(
                args.removal_policy.data(self),
                # Each run makes another token; the first one stays.
                pulumi.ResourceOptions(ignore_changes=["authToken"], additional_secret_outputs=["authToken"]),
            ),
        )
        self.primary_address = group.primary_endpoint_address
        # Without replicas there is nothing else to read from, and ElastiCache may not even name a reader.
        self.reader_address = group.reader_endpoint_address if replicated else group.primary_endpoint_address
        self.url = pulumi.Output.format("rediss://{0}:{1}/0", self.primary_address, PORT)
        self.token = held_password(group.auth_token, of=f"{name}-group", property="authToken")
        self.secret_arn = ConnectionSecret(
            f"{name}-connection",
            ConnectionSecretArgs(
                description=f"How to connect to cache {name}",
                key_arn=args.key_arn,
                connection={
                    "engine": release.engine,
                    "host": self.primary_address,
                    "reader": self.reader_address,
                    "port": PORT,
                    "token": self.token,
                },
                removal_policy=args.removal_policy,
            ),
            child,
        ).secret_arn
        # Not the token: the SDK writes what is registered here into the engine's debug log as it is.
        self.register_outputs(
            {
                "primary_address": self.primary_address,
                "reader_address": self.reader_address,
                "url": self.url,
                "secret_arn": self.secret_arn,
            }
        )
