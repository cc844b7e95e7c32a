"""What is allowed and yet seldom meant."""

from __future__ import annotations

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
    return warnings
