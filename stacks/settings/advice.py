"""What is allowed and yet seldom meant."""

from __future__ import annotations

from fnmatch import fnmatchcase

from components.ingress import Exposure
from components.network import NatMode
from stacks.settings.settings import Settings


def advice(settings: Settings) -> list[str]:
    """Warnings for the stack's user, in the order of the sections."""
    warnings: list[str] = []
    if settings.network.nat is NatMode.NONE and settings.node_groups:
        warnings.append(
            "platform:network.nat is None, so nodes reach neither AWS nor any image registry unless you route them "
            "there yourself; set Single or PerZone otherwise"
        )
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
