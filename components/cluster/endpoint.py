"""From where the public endpoint may be reached. Pure functions."""

from __future__ import annotations

from ipaddress import IPv4Network

_WIDEST_PREFIX = 8


def check_public_access(cidr: str) -> None:
    """Raise ValueError unless ``cidr`` names somebody's network: the internet as a whole, or half of it, is refused."""
    allowed = "IPv4 networks such as 203.0.113.0/24 or 203.0.113.7/32"
    try:
        network = IPv4Network(cidr)
    except ValueError as error:
        raise ValueError(f"{cidr} is no IPv4 network ({error}); allowed are {allowed}") from error
    if network.prefixlen < _WIDEST_PREFIX:
        raise ValueError(
            f"{cidr} would open the Kubernetes API to {network.num_addresses:,} addresses; allowed are {allowed}, and "
            "no entry at all for a private endpoint only"
        )
