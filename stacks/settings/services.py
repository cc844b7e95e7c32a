"""Settings of the registry, the cache and the database."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, model_validator

from components.cache import REPLICAS, SNAPSHOT_DAYS, CacheEngine
from components.changes import Changes
from components.database import (
    BACKUP_DAYS,
    READ_REPLICAS,
    STORAGE_GIB,
    Availability,
    check_backups,
    check_postgres_version,
    check_storage,
)
from components.registry import KEEP_LAST, UNTAGGED_DAYS, check_repository
from stacks.settings.section import Section, checked, within

_NODE_TYPE = re.compile(r"cache\.[a-z0-9]+\.[a-z0-9]+")
_INSTANCE_CLASS = re.compile(r"db\.[a-z0-9]+\.[a-z0-9]+")
_DATABASE = re.compile(r"[a-z][a-z0-9_]{0,62}")


def _check_node_type(value: str) -> None:
    if _NODE_TYPE.fullmatch(value) is None:
        raise ValueError("allowed is a node type of ElastiCache such as cache.t4g.micro")


def _check_instance_class(value: str) -> None:
    if _INSTANCE_CLASS.fullmatch(value) is None:
        raise ValueError("allowed is an instance class of RDS such as db.t4g.micro")


def _check_database_name(value: str) -> None:
    if _DATABASE.fullmatch(value) is None:
        raise ValueError("allowed are up to 63 of a-z, 0-9 and _, beginning with a letter")


class RegistrySettings(Section):
    """``platform:registry``."""

    repositories: Annotated[tuple[Annotated[str, checked(check_repository)], ...], Field(min_length=1)]
    """Names; in ECR they come after the project's and the stack's."""
    untagged_days: Annotated[int, within(UNTAGGED_DAYS)] = 7
    """Days until an untagged image is deleted."""
    keep_last: Annotated[int, within(KEEP_LAST)] = 100
    """Newest images kept in each repository."""

    @model_validator(mode="after")
    def _names_once(self) -> RegistrySettings:
        if len(set(self.repositories)) != len(self.repositories):
            raise ValueError("each repository may be named once")
        return self


class CacheSettings(Section):
    """``platform:cache``."""

    node_type: Annotated[str, checked(_check_node_type)]
    engine: CacheEngine = CacheEngine.VALKEY
    replicas: Annotated[int, within(REPLICAS)] = 0
    """Copies in other zones, one of which takes over from the primary."""
    snapshot_days: Annotated[int, within(SNAPSHOT_DAYS)] = 0
    parameters: dict[str, str] = Field(default_factory=dict)
    """Parameters of the engine that differ from its defaults."""
    changes: Changes = Changes.IMMEDIATELY
    """When a change that interrupts the cache takes effect: during the update, or in the maintenance window."""


class DatabaseSettings(Section):
    """``platform:database``."""

    instance_class: Annotated[str, checked(_check_instance_class)]
    storage_gib: Annotated[int, within(STORAGE_GIB)] = 20
    max_storage_gib: Annotated[int, within(STORAGE_GIB)] = 100
    version: Annotated[str, checked(check_postgres_version)] = "17"
    """Major version, in quotes."""
    database_name: Annotated[str, checked(_check_database_name)] = "app"
    availability: Availability = Availability.SINGLE_ZONE
    read_replicas: Annotated[int, within(READ_REPLICAS)] = 0
    backup_days: Annotated[int, within(BACKUP_DAYS)] = 7
    parameters: dict[str, str] = Field(default_factory=dict)
    """Parameters of Postgres that differ from the defaults of RDS."""
    changes: Changes = Changes.IMMEDIATELY
    """When a change that interrupts the database takes effect: during the update, or in the maintenance window.
    Another major version needs ``Immediately``, if only for that update."""

    @model_validator(mode="after")
    def _fits(self) -> DatabaseSettings:
        check_storage(self.storage_gib, self.max_storage_gib)
        check_backups(self.backup_days, self.read_replicas)
        if "rds.force_ssl" in self.parameters:
            raise ValueError("parameters name rds.force_ssl, which is always 1; leave it out")
        return self
