"""How a VPC's addresses are shared out. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from components.bounds import Range
from components.network.ranges import PRIVATE_BLOCKS
from components.refusals import Refusal

ZONES = Range(2, 3)
"""Zones that a network spans: EKS and RDS want two at least, and a third one is enough for a quorum."""

VPC_PREFIX = Range(16, 20)
"""AWS allows no VPC larger than /16; below /20 the database subnets would be smaller than AWS's smallest, /28."""

VPC_RANGE = (
    f"a network of {', '.join(map(str, PRIVATE_BLOCKS[:-1]))} or {PRIVATE_BLOCKS[-1]}, from /{VPC_PREFIX.low} to "
    f"/{VPC_PREFIX.high}, such as 10.0.0.0/16"
)

_PUBLIC_BITS = 6
_DATABASE_BITS = 8
# The VPC in eighths: 0 to 2 are the private subnets, 3 is kept for a private subnet in a further zone, 4 holds the
# public and 5 the database subnets, 6 and 7 are free for later.
_PUBLIC_EIGHTH = 4
_DATABASE_EIGHTH = 5


@dataclass(frozen=True, slots=True)
class SubnetPlan:
    """Address ranges by purpose, one each for every zone."""

    public: tuple[str, ...]
    """A 64th of the VPC each: /22 out of /16. Load balancers and NAT gateways."""
    private: tuple[str, ...]
    """An eighth of the VPC each: /19 out of /16. Nodes and pods."""
    database: tuple[str, ...]
    """A 256th of the VPC each: /24 out of /16. Postgres and Redis."""


def subnet_plan(cidr: str, zones: int) -> SubnetPlan:
    """Share out ``cidr`` over ``zones`` zones.

    A subnet's range depends on the VPC and the zone's index only, so a further zone moves no subnet that exists.
    Raises Refusal when ``cidr`` is no private IPv4 range from /16 to /20, or zones are not 2 or 3.
    """
    ZONES.check("zones", zones)
    vpc = vpc_range(cidr)
    eighths = list(vpc.subnets(prefixlen_diff=3))

    def part(eighth: int, bits: int) -> tuple[str, ...]:
        ranges = eighths[eighth].subnets(prefixlen_diff=bits - 3)
        return tuple(str(next(ranges)) for _ in range(zones))

    return SubnetPlan(
        public=part(_PUBLIC_EIGHTH, _PUBLIC_BITS),
        private=tuple(str(eighths[index]) for index in range(zones)),
        database=part(_DATABASE_EIGHTH, _DATABASE_BITS),
    )


def vpc_range(cidr: str) -> IPv4Network:
    """The VPC's range. Raises Refusal with what is allowed."""
    try:
        vpc = IPv4Network(cidr)
    except ValueError as error:
        raise Refusal(f"{cidr} is no IPv4 network ({error})", allowed=VPC_RANGE, fix="correct the network") from error
    if not any(vpc.subnet_of(block) for block in PRIVATE_BLOCKS):
        raise Refusal(f"{cidr} is no private range", allowed=VPC_RANGE, fix="take one that only you use")
    if vpc.prefixlen > VPC_PREFIX.high:
        raise Refusal(
            f"{cidr} has {vpc.num_addresses} addresses, too few for the subnets of two or three zones",
            allowed=VPC_RANGE,
            fix=f"take a /{VPC_PREFIX.high} or wider",
        )
    if vpc.prefixlen < VPC_PREFIX.low:
        raise Refusal(f"{cidr} is larger than AWS allows", allowed=VPC_RANGE, fix=f"take a /{VPC_PREFIX.low} of it")
    return vpc


def pick_zones(names: Sequence[str], count: int) -> list[str]:
    """The first ``count`` of a region's zones. Raises Refusal when the region has fewer."""
    check_zones(names, count)
    return sorted(names)[:count]


def check_zones(names: Sequence[str], count: int) -> None:
    """Raise Refusal when a region with the zones ``names`` has fewer than ``count``."""
    if len(names) < count:
        fewer = f"write {len(names)}, or " if len(names) >= ZONES.low else ""
        raise Refusal(
            f"{count} zones are wanted, but the region has {len(names)} for this account: {', '.join(sorted(names))}",
            allowed=f"at most {len(names)}",
            fix=f"{fewer}take another region",
        )
