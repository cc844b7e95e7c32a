"""The Kubernetes versions that can be asked for, and the ways between them. Pure functions."""

from __future__ import annotations

from datetime import date

from components.refusals import Refusal

VERSIONS = {
    "1.35": date(2027, 3, 27),
}
"""Kubernetes version to the end of its standard support on EKS, oldest first.

Only those that the engine's tests bring up (ADR 18).
"""


def check_version(version: str) -> None:
    """Raise Refusal when EKS clusters of this version are not built here."""
    if version not in VERSIONS:
        known = ", ".join(f"{name} (standard support until {end:%Y-%m-%d})" for name, end in VERSIONS.items())
        raise Refusal(
            f"{version!r} is no supported Kubernetes version",
            allowed=f"{known}, as text in quotes",
            fix=f'write "{[*VERSIONS][-1]}"',
        )


def is_outgrown(current: str, wanted: str) -> bool:
    """Whether the cluster is past ``wanted``, at a version that can't be asked for here.

    EKS took it there, or somebody by hand. No setting is right then, and the one that was there changes nothing: the
    engine sees the version that it asked for before, and asks EKS for none.
    """
    return current not in VERSIONS and _numbers(wanted) < _numbers(current)


def check_step(current: str, wanted: str) -> None:
    """Raise Refusal when EKS does not take a cluster from ``current`` to ``wanted``.

    A control plane goes one minor version at a time. Back it goes by hand only, within a week: docs/aws.md.
    """
    if is_outgrown(current, wanted):
        return
    now, then = _numbers(current), _numbers(wanted)
    if then < now:
        raise Refusal(
            f"the cluster is at {current} already, and no setting takes it back",
            allowed=f"{current} and the version after it",
            fix=f'write "{current}"',
        )
    after = f"{now[0]}.{now[1] + 1}"
    if then > (now[0], now[1] + 1):
        raise Refusal(
            f"the cluster is at {current}, and EKS takes one minor version at a time",
            allowed=f"{current} and {after}",
            fix=f'write "{after}" and update, then "{wanted}"'
            if after in VERSIONS
            else f"upgrade cluster and node groups to {after} in EKS first",
        )


def check_release_version(version: str, release: str) -> None:
    """Raise Refusal when nodes of a cluster of ``version`` can't run the machine image ``release``."""
    if not release.startswith(f"{version}."):
        raise Refusal(
            f"{release} is an image of another Kubernetes than the cluster's, {version}",
            allowed=f"a release of {version}, such as {version}.2-20261101",
            fix=f"take a release of {version}, or leave it out for the newest",
        )


def _numbers(version: str) -> tuple[int, int]:
    major, minor = version.split(".")[:2]
    return int(major), int(minor)
