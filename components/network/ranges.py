"""Which address ranges may be side by side. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network

from components.refusals import Refusal

SERVICE_RANGE = "172.20.0.0/16"
"""One of the two that EKS chooses from when it is given none; the other one is 10.100.0.0/16."""
SERVICE_RANGES = "a network of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, from /12 to /24"
_SERVICE_BLOCKS = tuple(IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""RFC 1918: all that EKS takes for Services."""
PRIVATE_BLOCKS = (*_SERVICE_BLOCKS, IPv4Network("100.64.0.0/10"))
"""Addresses that nobody has in the internet, and anybody inside. The last ones are RFC 6598's: usual for pods on EKS,
where the others are scarce.

Not `IPv4Network.is_private`, which also means loopback, link-local and reserved addresses, but not RFC 6598's.
"""


def check_service_range(cidr: str) -> None:
    """Raise Refusal when EKS gives no Services addresses of ``cidr``."""
    try:
        network = IPv4Network(cidr)
    except ValueError as error:
        raise Refusal(
            f"{cidr} is no IPv4 network ({error})", allowed=SERVICE_RANGES, fix="correct the network"
        ) from error
    if not any(network.subnet_of(block) for block in _SERVICE_BLOCKS):
        raise Refusal(f"{cidr} is no private network", allowed=SERVICE_RANGES, fix=f"take {SERVICE_RANGE}")
    if not 12 <= network.prefixlen <= 24:
        size = "many" if network.prefixlen < 12 else "few"
        raise Refusal(f"{cidr} has too {size} addresses", allowed=SERVICE_RANGES, fix="take a /16 of it")


def check_apart(networks: Sequence[str]) -> None:
    """Raise Refusal when one of ``networks`` is another one or a part of it."""
    known = [IPv4Network(network) for network in networks]
    for index, network in enumerate(known):
        for other in known[:index]:
            if network.overlaps(other):
                narrower = max(network, other, key=lambda each: each.prefixlen)
                raise Refusal(
                    f"{other} and {network} overlap",
                    allowed="networks that do not overlap",
                    fix=f"leave out one {network}" if network == other else f"leave out {narrower}",
                )


def overlapping(one: str, other: str) -> bool:
    """Whether two IPv4 ranges have addresses in common."""
    return IPv4Network(one).overlaps(IPv4Network(other))
