"""Settings of the registry, the cache and the database."""

from __future__ import annotations

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
from stacks.settings.section import Section, Text, checked, matching, within

NodeType = Annotated[
    Text, matching(r"cache\.[a-z0-9]+\.[a-z0-9]+", "a node type of ElastiCache such as cache.t4g.micro")
]
InstanceClass = Annotated[Text, matching(r"db\.[a-z0-9]+\.[a-z0-9]+", "an instance class of RDS such as db.t4g.micro")]
DatabaseName = Annotated[
    Text,
    matching(r"[a-z][a-z0-9_]{0,62}", "the name of a database: up to 63 of a-z, 0-9 and _, beginning with a letter"),
]


Repository = Annotated[Text, checked(check_repository, "the name of a repository, such as shop/web")]


class RegistrySettings(Section):
    """``platform:registry``: repositories for images."""

    repositories: Annotated[
        tuple[Repository, ...],
        Field(min_length=1),
    ]
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
    """``platform:cache``: ElastiCache."""

    node_type: NodeType
    """Machine of each node."""
    engine: CacheEngine = CacheEngine.VALKEY
    """What speaks the protocol of Redis."""
    replicas: Annotated[int, within(REPLICAS)] = 0
    """Copies in other zones, one of which takes over from the primary."""
    snapshot_days: Annotated[int, within(SNAPSHOT_DAYS)] = 0
    """Days for which daily snapshots are kept; 0: there are none."""
    parameters: dict[str, Text] = Field(default_factory=dict)
    """Parameters of the engine that differ from its defaults."""
    changes: Changes = Changes.IMMEDIATELY
    """When a change that interrupts the cache takes effect: during the update, or in the maintenance window."""


class DatabaseSettings(Section):
    """``platform:database``: RDS Postgres with replicas to read from."""

    instance_class: InstanceClass
    """Machine of the writer and of each replica."""
    storage_gib: Annotated[int, within(STORAGE_GIB)] = 20
    """Storage to begin with, in GiB."""
    max_storage_gib: Annotated[int, within(STORAGE_GIB)] = 100
    """Storage that RDS may grow to by itself, in GiB; not below storageGib."""
    version: Annotated[Text, checked(check_postgres_version, "a major version such as 17, in quotes")] = "17"
    """Major version, in quotes."""
    database_name: DatabaseName = "app"
    """Name of the database that is made in it."""
    availability: Availability = Availability.SINGLE_ZONE
    """Whether a standby in another zone takes over."""
    read_replicas: Annotated[int, within(READ_REPLICAS)] = 0
    """Replicas to read from, in other zones. They need backups."""
    backup_days: Annotated[int, within(BACKUP_DAYS)] = 7
    """Days for which backups are kept, to any second of which the database can be restored; 0: there are none."""
    parameters: dict[str, Text] = Field(default_factory=dict)
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
