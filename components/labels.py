"""What Kubernetes takes as labels and as names of namespaces."""

from __future__ import annotations

import re

from components.refusals import Refusal

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_NAMESPACES = re.compile(r"(?=.{1,63}$)[a-z0-9*]([a-z0-9*-]*[a-z0-9*])?")
_RESERVED = ("kubernetes.io", "k8s.io", "eks.amazonaws.com")
"""EKS refuses labels of these domains in a node group."""

LABEL_VALUE = "up to 63 letters, digits and - _ . with letters or digits at both ends"
LABEL_KEY = f"{LABEL_VALUE}, after a DNS name of one's own and a slash if need be"
NAMESPACES = "a namespace, or a pattern such as team-*: up to 63 of a-z, 0-9, - and *, without a dash at either end"


def check_node_label_key(key: str) -> None:
    """Raise Refusal when a node group can't set this label."""
    prefix, slash, name = key.rpartition("/")
    if _NAME.fullmatch(name) is None or (slash and _PREFIX.fullmatch(prefix) is None):
        raise Refusal(
            f"{key!r} is no label of Kubernetes",
            allowed=LABEL_KEY,
            fix="write one such as workload or example.com/workload",
        )
    if any(prefix == domain or prefix.endswith(f".{domain}") for domain in _RESERVED):
        raise Refusal(
            f"{key!r} has a prefix that node groups may not set",
            allowed=LABEL_KEY,
            fix="take a label of your own, such as workload",
        )


def check_label_value(value: str) -> None:
    """Raise Refusal when no label can have this value."""
    if value and _NAME.fullmatch(value) is None:
        raise Refusal(
            f"{value!r} is no value of a label", allowed=LABEL_VALUE, fix="leave out or replace the other characters"
        )


def check_namespaces(pattern: str) -> None:
    """Raise Refusal when this names no namespaces, for EKS to grant rights in."""
    if _NAMESPACES.fullmatch(pattern) is None:
        raise Refusal(f"{pattern!r} names no namespace", allowed=NAMESPACES, fix="write a namespace's own name")
