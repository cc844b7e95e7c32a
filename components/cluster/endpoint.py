"""From where the endpoint may be reached. Pure functions."""

from __future__ import annotations

from ipaddress import IPv4Network

_WIDEST_PUBLIC_PREFIX = 16
"""65,536 addresses: more than that is not one organisation's way into the internet."""
_WIDEST_PRIVATE_PREFIX = 8
"""All of 10.0.0.0/8 may be joined to a VPC."""


def check_public_access(cidr: str) -> None:
    """Raise ValueError unless ``cidr`` names somebody's network, of /16 at the widest."""
    allowed = f"IPv4 networks such as 203.0.113.0/24 or 203.0.113.7/32, of /{_WIDEST_PUBLIC_PREFIX} or narrower"
    network = _network(cidr, allowed)
    if network.prefixlen < _WIDEST_PUBLIC_PREFIX:
        raise ValueError(
            f"{cidr} would open the Kubernetes API to {network.num_addresses:,} addresses; allowed are {allowed}, and "
            "no entry at all for a private endpoint only"
        )


def check_private_access(cidr: str) -> None:
    """Raise ValueError unless ``cidr`` is a network that can be joined to a VPC, of /8 at the widest."""
    allowed = f"IPv4 networks such as 10.0.0.0/16, of /{_WIDEST_PRIVATE_PREFIX} or narrower"
    if _network(cidr, allowed).prefixlen < _WIDEST_PRIVATE_PREFIX:
        raise ValueError(f"{cidr} is wider than any network that can be joined to a VPC; allowed are {allowed}")


def _network(cidr: str, allowed: str) -> IPv4Network:
    try:
        return IPv4Network(cidr)
    except ValueError as error:
        raise ValueError(f"{cidr} is no IPv4 network ({error}); allowed are {allowed}") from error
