"""What RDS for PostgreSQL offers. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from components.machines import check_machine
from components.refusals import Refusal

POSTGRES_VERSIONS = ("15", "16", "17")
"""Major versions; RDS takes its default minor version and keeps it up to date in the maintenance window."""


INSTANCE_CLASS = "an instance class of RDS such as db.t4g.micro"
_OF_RDS_ALONE = frozenset(
    f"x2g.{size}" for size in ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
)
"""RDS has it without local disks, EC2 has not. All its other classes are named after EC2's instance types."""

_DISOWN = "or take its tag `stack` away, if it is no longer this stack's"


class Availability(StrEnum):
    """What happens to writing when the writer's zone fails."""

    SINGLE_ZONE = "SingleZone"
    """It stops until the zone is back, or a replica is promoted by hand."""
    MULTI_ZONE = "MultiZone"
    """A standby in another zone takes over within a minute or two."""


def check_postgres_version(version: str) -> None:
    """Raise Refusal when this is no major version offered here."""
    if version not in POSTGRES_VERSIONS:
        major = version.partition(".")[0]
        raise Refusal(
            f"{version!r} is no supported major version of Postgres",
            allowed=f"{', '.join(POSTGRES_VERSIONS)}, as text in quotes",
            fix=f'write "{major if major in POSTGRES_VERSIONS else POSTGRES_VERSIONS[-1]}"',
        )


def is_postgres_outgrown(current: str, wanted: str) -> bool:
    """Whether the database is past major version ``wanted``, at one that can't be asked for here.

    Somebody took it there by hand. No setting is right then, and the one that was there changes nothing: the engine
    sees the version that it asked for before, and asks RDS for none.
    """
    return current not in POSTGRES_VERSIONS and int(wanted) < int(current)


def check_postgres_step(identifier: str, current: str, wanted: str, *, immediately: bool) -> None:
    """Raise Refusal when RDS does not take the database ``identifier`` from ``current`` to ``wanted``, or not now.

    Both are major versions. The database may be one that an earlier stack of the same name left.
    """
    if is_postgres_outgrown(current, wanted):
        return
    if int(wanted) < int(current):
        raise Refusal(
            f"the database {identifier} is at {current} already, and RDS never goes back",
            allowed=f"{current} and later ones",
            fix=f'write "{current}", or restore a backup of {wanted} into a database of its own, {_DISOWN}',
        )
    if wanted != current and not immediately:
        raise Refusal(
            f"the database {identifier} is at {current}, and another major version does not wait for the maintenance "
            "window",
            allowed=f"{current} as long as changes is MaintenanceWindow",
            fix=f"set changes to Immediately for that update, with somebody there, {_DISOWN}",
        )


def check_instance_class(name: str) -> None:
    """Raise Refusal when RDS can't have this class, because AWS has no such machine."""
    check_machine(name, prefix="db.", allowed=INSTANCE_CLASS, beside=_OF_RDS_ALONE)


def parameter_family(version: str) -> str:
    """The parameter group family of a major version."""
    return f"postgres{version}"


def replica_zone(zones: Sequence[str], writer_zone: str, index: int) -> str:
    """The zone of read replica ``index``: each in turn, without the writer's zone."""
    others = [zone for zone in zones if zone != writer_zone] or list(zones)
    return others[index % len(others)]
