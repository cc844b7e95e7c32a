"""Who checks the inputs of each resource type: one table, for ``make status`` and for docs/sandbox.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sandbox.charts.census import BROUGHT_CRDS, RELEASE, RENDERED_BY, Renderer
from sandbox.plugins.aws.tables import supported
from sandbox.stand_ins import names
from sandbox.toolchain.pins import CRD_SETS, CrdSet

CRD = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
_CRD_NAMES = "CustomResourceDefinition.apiextensions.k8s.io/apiextensions.k8s.io/v1"
"""Its key among a release's ``resourceNames``."""

ADD_ON = "aws:eks/addon:Addon"

API_SERVER = "kube-apiserver"
OWN_CRD = f"{API_SERVER}, with a CRD of its own"
"""Said where nothing in the stack's state tells which."""
RENDERED = f"helm, and {API_SERVER} for what it renders"
RENDERED_ELSEWHERE = f"helm in the genuine Kubernetes provider, and {API_SERVER} for what it renders"
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


@dataclass(frozen=True)
class Checkers:
    """Who has checked the resources of one stack's state."""

    crds: Mapping[str, str]
    """Where the CRDs of an API group, or of ``group/Kind``, come from: ``the CRD of chart cert-manager 1.19.1``."""
    genuine: bool
    """Whether a genuine Kubernetes provider looks after the stack: it does not say what CRDs its charts bring."""

    @classmethod
    def of(cls, resources: Iterable[Mapping[str, Any]], *, genuine: bool = False) -> Checkers:
        here = list(resources)
        releases = [_outputs(one) for one in here if one["type"] == RELEASE and not one.get("delete")]
        # The more it says, the later it comes.
        found = {group: source for release in releases for group, source in _of_release(release)}
        found |= {group: source for one in here if one["type"] == CRD for group, source in _of_crd(_outputs(one))}
        return cls(found, genuine)

    def checker_of(self, resource: Mapping[str, Any]) -> str:
        token = str(resource["type"])
        if token == RELEASE:
            by = _outputs(resource).get(RENDERED_BY)
            if by == Renderer.HELM:
                return RENDERED
            return RENDERED_ELSEWHERE if by is None and self.genuine else STAND_IN
        if token.startswith("kubernetes:"):
            return self._of_kind(token)
        return checked_by(token) or "nobody that the sandbox knows of"

    def _of_kind(self, token: str) -> str:
        _, version, kind = token.split(":")
        if version in BUILT_IN:
            return API_SERVER
        group = version.rpartition("/")[0]
        source = self.crds.get(f"{group}/{kind}") or self.crds.get(group)
        if source:
            return f"{API_SERVER}, with {source}"
        # A kind that is not in the table came up all the same, so the API server knows it.
        return (None if self.genuine else checked_by(token)) or OWN_CRD


def _of_release(outputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The API groups whose CRDs a release brings, and which those are."""
    names = [*(outputs.get(BROUGHT_CRDS) or ()), *(_in(outputs, "resourceNames").get(_CRD_NAMES) or ())]
    stand_in = outputs.get(RENDERED_BY) == Renderer.STAND_IN
    for group in sorted({str(name).partition(".")[2] for name in names}):
        modules = [crds for crds in CRD_SETS if any(served.startswith(f"{group}/") for served in crds.serves)]
        if not stand_in:
            yield group, f"the CRD of chart {outputs.get('chart')} {outputs.get('version') or ''}".rstrip()
        elif modules:
            yield group, _of_module(modules[0])


def _of_crd(outputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    spec = _in(outputs, "spec")
    kind, name = _in(spec, "names").get("kind"), _in(outputs, "metadata").get("name")
    yield f"{spec.get('group')}/{kind}", f"the stack's own CRD {name}"


def _outputs(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    return _in(resource, "outputs")


def _in(outer: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", outer.get(key) or {})


def _kubernetes() -> dict[str, str]:
    served = dict.fromkeys(BUILT_IN, API_SERVER)
    for crds in CRD_SETS:
        served.update(dict.fromkeys(crds.serves, f"{API_SERVER}, with {_of_module(crds)}"))
    return served


def _of_module(crds: CrdSet) -> str:
    return f"the CRD of {crds.module} {crds.source.required(crds.module)}"
