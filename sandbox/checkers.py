"""Who checks the inputs of each resource type: one table, for ``make status`` and for docs/sandbox.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from sandbox.charts.census import RELEASE, RENDERED_BY, Renderer
from sandbox.plugins.aws.tables import supported
from sandbox.stand_ins import names
from sandbox.toolchain.pins import CRD_SETS

ADD_ON = "aws:eks/addon:Addon"

API_SERVER = "kube-apiserver"
OWN_CRD = f"{API_SERVER}, with a CRD that the stack brings"
RENDERED = "helm, and kube-apiserver for what it renders"
STAND_IN = "stand-in"

BUILT_IN: tuple[str, ...] = (
    "core/v1",
    "admissionregistration.k8s.io/v1",
    "apiextensions.k8s.io/v1",
    "apiregistration.k8s.io/v1",
    "apps/v1",
    "authentication.k8s.io/v1",
    "authorization.k8s.io/v1",
    "autoscaling/v1",
    "autoscaling/v2",
    "batch/v1",
    "certificates.k8s.io/v1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "events.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1",
    "networking.k8s.io/v1",
    "node.k8s.io/v1",
    "policy/v1",
    "rbac.authorization.k8s.io/v1",
    "resource.k8s.io/v1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1",
)
"""What the API server serves by itself."""


def table() -> Iterator[tuple[str, str]]:
    """Each type and who checks it; ``*`` stands for any kind."""
    yield from supported()
    for version, checker in _kubernetes().items():
        yield f"kubernetes:{version}:*", checker
    yield RELEASE, f"{RENDERED}, where the chart can be had; else a {STAND_IN}, of which there are {', '.join(names())}"


def checked_by(token: str) -> str | None:
    """Who checks resources of type ``token``; None for a type that is not in the table."""
    if token == RELEASE:
        return dict(table())[RELEASE]
    package, _, rest = token.partition(":")
    if package == "kubernetes":
        # The provider does not serve the types of the SDK that patch.
        return None if token.endswith("Patch") else _kubernetes().get(rest.partition(":")[0])
    return dict(supported()).get(token)


def checker_of(resource: Mapping[str, Any]) -> str:
    """Who has checked one resource of a stack's state."""
    token = str(resource["type"])
    if token == RELEASE:
        outputs = cast("Mapping[str, Any]", resource.get("outputs") or {})
        return RENDERED if outputs.get(RENDERED_BY) == Renderer.HELM else STAND_IN
    if token.startswith("kubernetes:"):
        # A kind that is not in the table came up all the same, so the API server knows it.
        return checked_by(token) or OWN_CRD
    return checked_by(token) or "nobody that the sandbox knows of"


def _kubernetes() -> dict[str, str]:
    served = dict.fromkeys(BUILT_IN, API_SERVER)
    for crds in CRD_SETS:
        checker = f"{API_SERVER}, with the CRD of {crds.module} {crds.source.required(crds.module)}"
        served.update(dict.fromkeys(crds.serves, checker))
    return served
