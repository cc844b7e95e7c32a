"""How many releases are true charts, and how many are stand-ins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

RELEASE = "kubernetes:helm.sh/v3:Release"
RENDERED_BY = "__renderedBy"
"""The output of a release that remembers its Renderer. A genuine Kubernetes provider leaves none."""
BROUGHT_CRDS = "__crds"
"""The output of a release that names the CRDs which come with it."""


class Renderer(StrEnum):
    """Where a release's objects come from."""

    HELM = "helm"
    """The chart itself, rendered by Helm."""
    STAND_IN = "stand-in"
    """The sandbox, which could not have the chart."""


@dataclass(frozen=True)
class Census:
    """The releases of a stack, by their ids (``namespace/name``)."""

    charts: tuple[str, ...]
    """Rendered by Helm, the one in a genuine Kubernetes provider included."""
    stand_ins: tuple[str, ...]

    def __str__(self) -> str:
        return f"{len(self.charts)} rendered by helm, {len(self.stand_ins)} stand-ins"


def census(resources: Iterable[Mapping[str, Any]], *, genuine: bool = False) -> Census:
    """Count the releases among the resources of a stack's state.

    ``genuine``: whether a genuine Kubernetes provider looks after the stack, which renders charts itself.
    """
    found: dict[Renderer, list[str]] = {renderer: [] for renderer in Renderer}
    for resource in resources:
        # One that is to be deleted has a successor that counts.
        if resource.get("type") == RELEASE and not resource.get("delete"):
            outputs = cast("Mapping[str, Any]", resource.get("outputs") or {})
            found[Renderer(outputs.get(RENDERED_BY) or (Renderer.HELM if genuine else Renderer.STAND_IN))].append(
                str(resource.get("id"))
            )
    return Census(tuple(sorted(found[Renderer.HELM])), tuple(sorted(found[Renderer.STAND_IN])))
