"""Postgres."""

from components.database.database import (
    BACKUP_DAYS,
    READ_REPLICAS,
    STORAGE_GIB,
    Database,
    DatabaseArgs,
    check_backups,
    check_parameter,
    check_storage,
)
from components.database.engines import (
    INSTANCE_CLASS,
    POSTGRES_VERSIONS,
    Availability,
    check_instance_class,
    check_postgres_step,
    check_postgres_version,
    is_postgres_outgrown,
)
from components.database.names import DATABASE_NAME, check_database_name

__all__ = [
    "BACKUP_DAYS",
    "DATABASE_NAME",
    "INSTANCE_CLASS",
    "POSTGRES_VERSIONS",
    "READ_REPLICAS",
    "STORAGE_GIB",
    "Availability",
    "Database",
    "DatabaseArgs",
    "check_backups",
    "check_database_name",
    "check_instance_class",
    "check_parameter",
    "check_postgres_step",
    "check_postgres_version",
    "check_storage",
    "is_postgres_outgrown",
]
