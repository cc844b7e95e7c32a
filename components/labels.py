"""What Kubernetes takes as labels and as names of namespaces."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_NAMESPACES = re.compile(r"(?=.{1,63}$)[a-z0-9*]([a-z0-9*-]*[a-z0-9*])?")
_RESERVED = ("kubernetes.io", "k8s.io", "eks.amazonaws.com")
"""EKS refuses labels of these domains in a node group."""


def check_node_label_key(key: str) -> None:
    """Raise ValueError when a node group can't set this label."""
    prefix, slash, name = key.rpartition("/")
    if _NAME.fullmatch(name) is None or (slash and _PREFIX.fullmatch(prefix) is None):
        raise ValueError(
            f"{key!r} is no label of Kubernetes; allowed are up to 63 letters, digits and - _ . with letters or digits "
            "at both ends, after a DNS name and a slash if need be, such as example.com/workload"
        )
    if any(prefix == domain or prefix.endswith(f".{domain}") for domain in _RESERVED):
        raise ValueError(
            f"{key!r} has a prefix that node groups may not set; take a label of your own, such as workload"
        )


def check_label_value(value: str) -> None:
    """Raise ValueError when no label can have this value."""
    if value and _NAME.fullmatch(value) is None:
        raise ValueError("allowed are up to 63 letters, digits and - _ . with letters or digits at both ends")


def check_namespaces(pattern: str) -> None:
    """Raise ValueError when this names no namespaces, for EKS to grant rights in."""
    if _NAMESPACES.fullmatch(pattern) is None:
        raise ValueError(
            f"{pattern!r} names no namespace; allowed are up to 63 of a-z, 0-9 and - without a dash at either end, and "
            "* for any characters, such as team-*"
        )
