"""How long AWS takes to create, change and delete what takes long: one table for the cloud's pace and the estimate.

AWS publishes hardly any of these times. Where a source says "n logs", the figure is the median of n outputs of
``terraform apply`` or ``destroy`` in public repositories, of 2022 to 2026, found by searching for "Creation complete
after" (or "Destruction", "Modifications") and read in November 2026; outputs of emulators, and of runs that an error
held up, were left out. Where it says "estimate", no figure was found. Times differ by region, day, size and settings:
take the sums for minutes, not for seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

_ESTIMATE = "estimate"


@dataclass(frozen=True, slots=True)
class Duration:
    """Seconds; 0 where it is done when the call returns."""

    create: float
    source: str
    change: float = 0
    delete: float = 0
    what: str = ""
    """Which resources of the type, where there are several rows for it."""
    when: Callable[[Mapping[str, Any]], bool] | None = None
    """Tells by its inputs whether a resource is one of those."""


_TABLE: Mapping[str, tuple[Duration, ...]] = {
    # The first row of a type that fits holds.
    "aws:eks/cluster:Cluster": (
        Duration(617, "10 logs (8 min 23 s to 11 min 23 s); 9 logs of deletions; changes: estimate", 180, 204),
    ),
    "aws:eks/nodeGroup:NodeGroup": (
        Duration(131, "8 logs (1 min 20 s to 5 min 33 s); 5 logs of deletions; changes: estimate", 60, 379),
    ),
    "aws:eks/addon:Addon": (Duration(24, "17 logs (4 to 56 s), nodes being there; deletion: 1 log", 24, 9),),
    "aws:rds/instance:Instance": (
        Duration(
            480, "1 log; change and deletion as of the others", 130, 285, "replicas",
            lambda inputs: bool(inputs.get("replicateSourceDb")),
        ),
        Duration(454, "15 logs (5 min 2 s to 17 min 6 s); changes: 2 logs; deletions: 3 logs", 130, 285),
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": (
        Duration(483, "4 logs (5 min 58 s to 9 min 15 s); change and deletion: estimate", 300, 300),
    ),
    "aws:ec2/natGateway:NatGateway": (
        Duration(106, "8 logs (1 min 25 s to 2 min 5 s); 9 logs of deletions", 0, 60),
    ),
    "aws:ec2/vpc:Vpc": (
        Duration(
            13, "9 logs (11 to 17 s)", 0, 1, "with DNS host names",
            lambda inputs: bool(inputs.get("enableDnsHostnames")),
        ),
    ),
    "aws:ec2/subnet:Subnet": (
        Duration(
            11, _ESTIMATE, 0, 1, "with public addresses", lambda inputs: bool(inputs.get("mapPublicIpOnLaunch")),
        ),
    ),
    "aws:kms/key:Key": (Duration(24, "8 logs (16 to 29 s)", 0, 1),),
    "kubernetes:helm.sh/v3:Release": (Duration(24, "6 logs of cert-manager (20 to 59 s)", 24, 10),),
    "kubernetes:apps/v1:Deployment": (Duration(30, "estimate: images pulled, pods ready", 30, 10),),
    "kubernetes:core/v1:Service": (
        Duration(
            150, "estimate: a network load balancer is provisioned", 0, 30, "of type LoadBalancer",
            lambda inputs: _within(inputs, "spec").get("type") == "LoadBalancer",
        ),
    ),
    "kubernetes:core/v1:Namespace": (Duration(1, _ESTIMATE, 0, 15),),
}  # fmt: skip
_OTHERS: Mapping[str, Duration] = {
    "aws": Duration(2, "9 logs of roles (1 to 3 s)", 1, 1),
    "kubernetes": Duration(1, _ESTIMATE, 1, 1),
}
"""By package: what no row of the table is about. Components and providers take no time."""
_NOTHING = Duration(0, "")


def duration_of(token: str, inputs: Mapping[str, Any]) -> Duration:
    """How long a resource of type ``token`` with ``inputs`` takes on AWS."""
    for row in _TABLE.get(token, ()):
        if row.when is None or row.when(inputs):
            return row
    return _OTHERS.get(token.partition(":")[0], _NOTHING)


def rows() -> list[tuple[str, Duration]]:
    """The whole table, for the documentation: type and duration."""
    own = [(f"`{token}`" + (f" {row.what}" if row.what else ""), row) for token in _TABLE for row in _TABLE[token]]
    return own + [(f"other types of `{package}`", row) for package, row in _OTHERS.items()]


def _within(inputs: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = inputs.get(name)
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
