"""Pods, wherever a kind has them, and their containers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.controls import Control
from policies.model import Check, Level, Resource, Rule
from policies.reading import at, elements

LONG_RUNNING: Final = frozenset(
    {
        "kubernetes:apps/v1:DaemonSet",
        "kubernetes:apps/v1:Deployment",
        "kubernetes:apps/v1:StatefulSet",
    }
)
WORKLOADS: Final = LONG_RUNNING | frozenset(
    {
        "kubernetes:apps/v1:ReplicaSet",
        "kubernetes:batch/v1:CronJob",
        "kubernetes:batch/v1:Job",
        "kubernetes:core/v1:Pod",
        "kubernetes:core/v1:ReplicationController",
    }
)
"""Everything that makes pods."""


def pod_spec(resource: Resource) -> Any:
    """The pods' spec, wherever the kind has it."""
    if resource.type == "kubernetes:core/v1:Pod":
        return resource.get("spec")
    if resource.type == "kubernetes:batch/v1:CronJob":
        return resource.get("spec", "jobTemplate", "spec", "template", "spec")
    return resource.get("spec", "template", "spec")


def containers(resource: Resource) -> Iterator[tuple[str, Any]]:
    spec = pod_spec(resource)
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(elements(at(spec, kind))):
            yield f"container {at(container, 'name') or index}", container


def image_of(container: Any) -> tuple[str, str, str] | None:
    """Name, tag and digest of its image; None where that is unknown."""
    image = at(container, "image")
    if not isinstance(image, str):
        return None
    name, _, digest = image.partition("@")
    before, _, after = name.rpartition("/")
    last, _, tag = after.partition(":")
    return (f"{before}/{last}" if before else last), tag, digest


def pod_rule(
    name: str,
    check: Check,
    *,
    controls: tuple[Control, ...],
    reason: str,
    fix: str,
    level: Level = Level.MANDATORY,
    types: frozenset[str] = WORKLOADS,
) -> Rule:
    """A rule about everything that makes pods."""
    return Rule(name=name, types=types, check=check, controls=controls, reason=reason, fix=fix, level=level)
