"""What applications use: registry, cache and database."""

from __future__ import annotations

from dataclasses import dataclass

from components.cache import Cache, CacheArgs
from components.cluster import Cluster
from components.database import Database, DatabaseArgs
from components.registry import Registry, RegistryArgs
from stacks.ground import Ground
from stacks.settings.services import CacheSettings, DatabaseSettings, RegistrySettings


@dataclass(frozen=True, slots=True)
class Services:
    """What there is of it in this stack."""

    registry: Registry | None
    cache: Cache | None
    database: Database | None


def build_services(ground: Ground, cluster: Cluster | None) -> Services:
    """Build what the settings name. Cache and database let only the cluster in, so without one there are none."""
    settings = ground.settings
    return Services(
        registry=_registry(ground, settings.registry) if settings.registry else None,
        cache=_cache(ground, settings.cache, cluster) if settings.cache and cluster else None,
        database=_database(ground, settings.database, cluster) if settings.database and cluster else None,
    )


def _registry(ground: Ground, settings: RegistrySettings) -> Registry:
    return Registry(
        "registry",
        RegistryArgs(
            repositories=settings.repositories,
            prefix=ground.name,
            key_arn=ground.data_key_arn,
            untagged_days=settings.untagged_days,
            keep_last=settings.keep_last,
            removal_policy=ground.settings.removal_policy,
        ),
        ground.opts,
    )


def _cache(ground: Ground, settings: CacheSettings, cluster: Cluster) -> Cache:
    return Cache(
        "cache",
        CacheArgs(
            vpc_id=ground.network.vpc_id,
            subnet_ids=ground.network.database_subnet_ids,
            client_security_group_id=cluster.security_group_id,
            key_arn=ground.data_key_arn,
            node_type=settings.node_type,
            engine=settings.engine,
            replicas=settings.replicas,
            snapshot_days=settings.snapshot_days,
            parameters=settings.parameters,
            changes=settings.changes,
            removal_policy=ground.settings.removal_policy,
        ),
        ground.opts,
    )


def _database(ground: Ground, settings: DatabaseSettings, cluster: Cluster) -> Database:
    return Database(
        "database",
        DatabaseArgs(
            vpc_id=ground.network.vpc_id,
            subnet_ids=ground.network.database_subnet_ids,
            zone_names=ground.network.zone_names,
            client_security_group_id=cluster.security_group_id,
            key_arn=ground.data_key_arn,
            instance_class=settings.instance_class,
            storage_gib=settings.storage_gib,
            max_storage_gib=settings.max_storage_gib,
            version=settings.version,
            database_name=settings.database_name,
            availability=settings.availability,
            read_replicas=settings.read_replicas,
            backup_days=settings.backup_days,
            parameters=settings.parameters,
            changes=settings.changes,
            removal_policy=ground.settings.removal_policy,
        ),
        ground.opts,
    )
