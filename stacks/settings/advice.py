"""What is allowed and yet seldom meant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase

from components.cluster import VERSIONS
from components.ingress import Exposure
from components.network import NatMode
from stacks.settings.foundation import ClusterSettings
from stacks.settings.settings import Settings

_UPGRADE_NOTICE = timedelta(days=90)
"""Before the end of a Kubernetes version's standard support."""


def advice(settings: Settings, today: date | None = None) -> list[str]:
    """Warnings for the stack's user, in the order of the sections. ``today`` None is the day it is."""
    warnings: list[str] = []
    if settings.network.nat is NatMode.NONE and settings.node_groups:
        warnings.append(
            "platform:network.nat is None, so nodes reach neither AWS nor any image registry unless you route them "
            "there yourself; set Single or PerZone otherwise"
        )
    if settings.cluster is not None:
        warnings += _on_cluster(settings.cluster, today or datetime.now(UTC).date())
    ingress = settings.ingress
    if settings.certificates and ingress and (ingress.exposure is Exposure.INTERNAL or ingress.allowed_cidrs):
        setting = "exposure is Internal" if ingress.exposure is Exposure.INTERNAL else "allowedCidrs names networks"
        warnings.append(
            f"platform:ingress.{setting}, so Let's Encrypt, which asks from anywhere in the internet, can't check any "
            "host and no certificate is ever issued; open the load balancer, or leave platform:certificates and "
            "platform:application out"
        )
    warnings.extend(_grants_for_nobody(settings))
    return warnings


def _on_cluster(cluster: ClusterSettings, today: date) -> list[str]:
    warnings: list[str] = []
    end = VERSIONS[cluster.version]
    if today >= end - _UPGRADE_NOTICE:
        newer = ", ".join(version for version, last in VERSIONS.items() if last > end)
        warnings.append(
            f"platform:cluster.version is {cluster.version}, whose standard support "
            f"{'ends' if today <= end else 'ended'} on {end:%Y-%m-%d}; EKS then upgrades the control plane by itself. "
            + (f"Set {newer}" if newer else "Take a release of this program that knows a newer one")
        )
    if not cluster.public_access_cidrs and not cluster.private_access_cidrs:
        warnings.append(
            "platform:cluster names no network in publicAccessCidrs or privateAccessCidrs, so that nothing but the "
            "cluster's own nodes reaches the Kubernetes API, and Pulumi can build nothing in the cluster from elsewhere"
        )
    return warnings


def _grants_for_nobody(settings: Settings) -> list[str]:
    """The application's namespace stands twice: where it is made, and where rights in it are granted."""
    if settings.cluster is None or settings.application is None:
        return []
    ours = settings.application.namespace
    return [
        f"platform:cluster.accessEntries.{name} grants {grant.policy.value} in {', '.join(grant.namespaces)}, and not "
        f"in {ours}, the namespace of platform:application; name it too unless you mean other namespaces only"
        for name, entry in settings.cluster.access_entries.items()
        for grant in entry.grants
        if grant.namespaces and not any(fnmatchcase(ours, namespace) for namespace in grant.namespaces)
    ]
