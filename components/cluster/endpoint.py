"""From where the endpoint may be reached. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network

from components.network import PRIVATE_BLOCKS
from components.refusals import Refusal

_WIDEST_PUBLIC_PREFIX = 16
"""65,536 addresses: more than that is not one organisation's way into the internet."""
_WIDEST_PRIVATE_PREFIX = 8
"""All of 10.0.0.0/8 may be joined to a VPC."""
MOST_PUBLIC_NETWORKS = 40
"""EKS's quota, which can't be raised."""
_NEVER_PUBLIC = (*PRIVATE_BLOCKS, IPv4Network("127.0.0.0/8"), IPv4Network("169.254.0.0/16"))
"""Nobody arrives from the internet with such an address."""

PUBLIC_NETWORK = f"IPv4 networks such as 203.0.113.0/24 or 203.0.113.7/32, of /{_WIDEST_PUBLIC_PREFIX} or narrower"
PRIVATE_NETWORK = f"IPv4 networks such as 10.0.0.0/16, of /{_WIDEST_PRIVATE_PREFIX} or narrower"


def check_public_access(cidr: str) -> None:
    """Raise Refusal unless ``cidr`` names somebody's network in the internet, of /16 at the widest."""
    network = _network(cidr, PUBLIC_NETWORK)
    if network.prefixlen < _WIDEST_PUBLIC_PREFIX:
        raise Refusal(
            f"{cidr} would open the Kubernetes API to {network.num_addresses:,} addresses",
            allowed=PUBLIC_NETWORK,
            fix="name the network that you come from, or none for a private endpoint only",
        )
    if any(network.subnet_of(private) for private in _NEVER_PUBLIC):
        raise Refusal(
            f"{cidr} is a private network, and nobody comes from there over the internet",
            allowed=PUBLIC_NETWORK,
            fix="name it in privateAccessCidrs instead",
        )


def check_public_networks(cidrs: Sequence[str]) -> None:
    """Raise Refusal when these are more networks than EKS lets reach the public endpoint."""
    if len(cidrs) > MOST_PUBLIC_NETWORKS:
        raise Refusal(
            f"it names {len(cidrs)} networks",
            allowed=f"at most {MOST_PUBLIC_NETWORKS}",
            fix="name networks that hold several of them, or leave some out",
        )


def check_private_access(cidr: str) -> None:
    """Raise Refusal unless ``cidr`` is a network that can be joined to a VPC, of /8 at the widest."""
    if _network(cidr, PRIVATE_NETWORK).prefixlen < _WIDEST_PRIVATE_PREFIX:
        raise Refusal(
            f"{cidr} is wider than any network that can be joined to a VPC",
            allowed=PRIVATE_NETWORK,
            fix="name the network that you come from",
        )


def _network(cidr: str, allowed: str) -> IPv4Network:
    try:
        return IPv4Network(cidr)
    except ValueError as error:
        raise Refusal(f"{cidr} is no IPv4 network ({error})", allowed=allowed, fix="correct the network") from error
