"""What RDS for PostgreSQL offers. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

POSTGRES_VERSIONS = ("15", "16", "17")
"""Major versions; RDS takes its default minor version and keeps it up to date in the maintenance window."""


class Availability(StrEnum):
    """What happens to writing when the writer's zone fails."""

    SINGLE_ZONE = "SingleZone"
    """It stops until the zone is back, or a replica is promoted by hand."""
    MULTI_ZONE = "MultiZone"
    """A standby in another zone takes over within a minute or two."""


def check_postgres_version(version: str) -> None:
    """Raise ValueError when this is no major version offered here."""
    if version not in POSTGRES_VERSIONS:
        raise ValueError(
            f"{version!r} is no supported major version of Postgres; allowed are, as text in quotes, "
            f"{', '.join(POSTGRES_VERSIONS)}"
        )


def parameter_family(version: str) -> str:
    """The parameter group family of a major version."""
    return f"postgres{version}"


def replica_zone(zones: Sequence[str], writer_zone: str, index: int) -> str:
    """The zone of read replica ``index``: each in turn, without the writer's zone."""
    others = [zone for zone in zones if zone != writer_zone] or list(zones)
    return others[index % len(others)]
