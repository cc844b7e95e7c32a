"""What RDS for PostgreSQL offers. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence, Set
from enum import StrEnum
from functools import cache

from components.machines import Families, check_machine, families
from components.refusals import Refusal

POSTGRES_VERSIONS = ("15", "16", "17")
"""Major versions; RDS takes its default minor version and keeps it up to date in the maintenance window."""


INSTANCE_CLASS = "an instance class of RDS for PostgreSQL such as db.t4g.micro"
# "Supported DB engines for DB instance classes" in the Amazon RDS user guide, read in 2026. c6gd, for Multi-AZ DB
# clusters only, is not among them.
_BURSTABLE = ("t3", "t4g")
_GENERAL = ("m5", "m5d", "m6g", "m6gd", "m6i", "m6id", "m6idn", "m6in", "m7g", "m7i", "m8g", "m8gd")
_MEMORY = (
    *("r5", "r5b", "r5d", "r6g", "r6gd", "r6i", "r6id", "r6idn", "r6in", "r7g", "r7i", "r8g", "r8gd"),
    *("x2idn", "x2iedn"),
)
_OF_RDS_ALONE = {"x2g": ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")}
"""EC2 has it with local disks only."""

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


@cache
def instance_classes() -> Families:
    """Those of RDS for PostgreSQL: in EC2's sizes, less the smallest and those without a hypervisor."""
    return {
        **{family: _offered(family, without={"nano"}) for family in _BURSTABLE},
        **{family: _offered(family, without={"medium"}) for family in (*_GENERAL, *_MEMORY)},
        **_OF_RDS_ALONE,
    }


def _offered(family: str, *, without: Set[str]) -> Sequence[str]:
    return [size for size in families()[family] if size not in without and not size.startswith("metal")]


def check_instance_class(name: str) -> None:
    """Raise Refusal when RDS for PostgreSQL has no such class."""
    check_machine(name, prefix="db.", allowed=INSTANCE_CLASS, known=instance_classes())


def parameter_family(version: str) -> str:
    """The parameter group family of a major version."""
    return f"postgres{version}"


def replica_zone(zones: Sequence[str], writer_zone: str, index: int) -> str:
    """The zone of read replica ``index``: each in turn, without the writer's zone."""
    others = [zone for zone in zones if zone != writer_zone] or list(zones)
    return others[index % len(others)]
