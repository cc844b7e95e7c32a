"""Settings of the registry, the cache and the database."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from components.cache import NODE_TYPE, REPLICAS, SNAPSHOT_DAYS, CacheEngine, check_engine, check_node_type
from components.changes import Changes
from components.database import (
    BACKUP_DAYS,
    DATABASE_NAME,
    INSTANCE_CLASS,
    POSTGRES_VERSIONS,
    READ_REPLICAS,
    STORAGE_GIB,
    Availability,
    check_backups,
    check_database_name,
    check_instance_class,
    check_parameter,
    check_postgres_version,
    check_storage,
)
from components.registry import KEEP_LAST, REPOSITORY, UNTAGGED_DAYS, check_repositories, check_repository
from stacks.settings.names import CacheParameter, DatabaseParameter, ParameterValue
from stacks.settings.section import NOT_EMPTY, Rule, Section, Text, checked, matching, within

DatabaseName = Annotated[Text, matching(r"[a-z][a-z0-9_]{0,62}", DATABASE_NAME), Rule(check_database_name)]
Repository = Annotated[Text, checked(check_repository, REPOSITORY)]


class RegistrySettings(Section):
    """``platform:registry``: repositories for images."""

    repositories: Annotated[tuple[Repository, ...], NOT_EMPTY, Rule(check_repositories)]
    """Names; in ECR they come after the project's and the stack's."""
    untagged_days: Annotated[int, within(UNTAGGED_DAYS, "days")] = 7
    """Days until an untagged image is deleted."""
    keep_last: Annotated[int, within(KEEP_LAST, "images")] = 100
    """Newest images kept in each repository."""


class CacheSettings(Section):
    """``platform:cache``: ElastiCache."""

    node_type: Annotated[Text, checked(check_node_type, NODE_TYPE)]
    """Machine of each node."""
    engine: CacheEngine = CacheEngine.VALKEY
    """What speaks the protocol of Redis."""
    replicas: Annotated[int, within(REPLICAS, "replicas")] = 0
    """Copies in other zones, one of which takes over from the primary."""
    snapshot_days: Annotated[int, within(SNAPSHOT_DAYS, "days")] = 0
    """Days for which daily snapshots are kept; 0: there are none."""
    parameters: dict[CacheParameter, ParameterValue] = Field(default_factory=dict)
    """Parameters of the engine that differ from its defaults."""
    changes: Changes = Changes.IMMEDIATELY
    """When a change that interrupts the cache takes effect: during the update, or in the maintenance window."""

    @field_validator("engine")
    @classmethod
    def _on_such_nodes(cls, value: CacheEngine, info: ValidationInfo) -> CacheEngine:
        if "node_type" in info.data:
            check_engine(value, info.data["node_type"])
        return value


class DatabaseSettings(Section):
    """``platform:database``: RDS Postgres with replicas to read from."""

    instance_class: Annotated[Text, checked(check_instance_class, INSTANCE_CLASS)]
    """Machine of the writer and of each replica."""
    storage_gib: Annotated[int, within(STORAGE_GIB, "GiB")] = 20
    """Storage to begin with."""
    max_storage_gib: Annotated[int, within(STORAGE_GIB, "GiB"), Field(validate_default=True)] = 100
    """Storage that RDS may grow to by itself; at least a tenth more than storageGib."""
    version: Annotated[Text, checked(check_postgres_version, f"{', '.join(POSTGRES_VERSIONS)}, in quotes")] = "17"
    """Major version. RDS never goes back to an earlier one."""
    database_name: DatabaseName = "app"
    """Name of the database that is made in it."""
    availability: Availability = Availability.SINGLE_ZONE
    """Whether a standby in another zone takes over."""
    read_replicas: Annotated[int, within(READ_REPLICAS, "replicas")] = 0
    """Replicas to read from, in other zones. They need backups."""
    backup_days: Annotated[int, within(BACKUP_DAYS, "days")] = 7
    """Days for which backups are kept, to any second of which the database can be restored; 0: there are none."""
    parameters: dict[
        Annotated[DatabaseParameter, checked(check_parameter, "the name of a parameter, other than rds.force_ssl")],
        ParameterValue,
    ] = Field(default_factory=dict)
    """Parameters of Postgres that differ from the defaults of RDS."""
    changes: Changes = Changes.IMMEDIATELY
    """When a change that interrupts the database takes effect: during the update, or in the maintenance window.
    Another major version needs ``Immediately``, if only for that update."""

    @field_validator("max_storage_gib")
    @classmethod
    def _room_to_grow(cls, value: int, info: ValidationInfo) -> int:
        check_storage(info.data.get("storage_gib", STORAGE_GIB.low), value)
        return value

    @field_validator("backup_days")
    @classmethod
    def _replicas_need_backups(cls, value: int, info: ValidationInfo) -> int:
        check_backups(value, info.data.get("read_replicas", 0))
        return value
