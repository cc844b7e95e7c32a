"""The Kubernetes versions that can be asked for."""

from __future__ import annotations

from datetime import date

VERSIONS = {
    "1.35": date(2027, 3, 27),
}
"""Kubernetes version to the end of its standard support on EKS, oldest first.

Only those that the engine's tests bring up (ADR 18).
"""


def check_version(version: str) -> None:
    """Raise ValueError when EKS clusters of this version are not built here."""
    if version not in VERSIONS:
        known = ", ".join(f"{name} (standard support until {end:%Y-%m-%d})" for name, end in VERSIONS.items())
        raise ValueError(f"{version!r} is no supported Kubernetes version; allowed are, as text in quotes, {known}")
