"""Postgres."""

from components.database.database import (
    BACKUP_DAYS,
    READ_REPLICAS,
    STORAGE_GIB,
    Database,
    DatabaseArgs,
    check_backups,
    check_storage,
)
from components.database.engines import POSTGRES_VERSIONS, Availability, check_postgres_version

__all__ = [
    "BACKUP_DAYS",
    "POSTGRES_VERSIONS",
    "READ_REPLICAS",
    "STORAGE_GIB",
    "Availability",
    "Database",
    "DatabaseArgs",
    "check_backups",
    "check_postgres_version",
    "check_storage",
]
