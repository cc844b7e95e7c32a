"""What holds for a namespace as a whole: which pods the API server lets in, and that nobody reaches them unasked."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi_kubernetes.networking.v1 import NetworkPolicySpecArgsDict

POD_SECURITY_VERSION = "v1.35"
"""The edition of the Pod Security Standards our manifests were checked against.

It is a fact about the manifests, not about the cluster: pinned, so that a control-plane upgrade never starts to refuse
pods that ran the day before. A cluster older than this applies its own newest edition.
"""


class PodSecurity(StrEnum):
    """The three levels of the Pod Security Standards."""

    PRIVILEGED = "privileged"
    BASELINE = "baseline"
    RESTRICTED = "restricted"


def pod_security_labels(level: PodSecurity) -> dict[str, str]:
    """Labels that make the API server refuse, audit and warn about pods below ``level``."""
    labels: dict[str, str] = {}
    for mode in ("enforce", "audit", "warn"):
        labels[f"pod-security.kubernetes.io/{mode}"] = level.value
        labels[f"pod-security.kubernetes.io/{mode}-version"] = POD_SECURITY_VERSION
    return labels


def deny_ingress() -> NetworkPolicySpecArgsDict:
    """Nobody reaches a pod of the namespace unless another policy lets him."""
    return {"pod_selector": {}, "policy_types": ["Ingress"]}
