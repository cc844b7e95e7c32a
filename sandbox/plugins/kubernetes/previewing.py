"""Which errors of a dry run only say that the server can't check an object yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.kube import ApiError, UnknownKind
from sandbox.plugins.kubernetes import objects
from sandbox.plugins.kubernetes.cluster import Cluster, explain
from sandbox.plugins.kubernetes.coming import Coming
from sandbox.plugins.kubernetes.drift import prune
from sandbox.plugins.protocol import Call, ProviderError

Object = dict[str, Any]

_INVALID = (400, 422)


@dataclass(frozen=True)
class Previewing:
    """Judges the errors of dry runs on one cluster."""

    cluster: Cluster
    coming: Coming

    def excuse(self, call: Call, obj: Object, error: ApiError) -> None:
        """Tell why the object is believed unseen. Raises ProviderError for an error that the up would meet, too."""
        reason = self._reason(obj, error)
        if reason is None:
            raise explain(error, obj) from None
        call.log(f"the API server can't check it yet: {reason}", ephemeral=True)

    def _reason(self, obj: Object, error: ApiError) -> str | None:
        if isinstance(error, UnknownKind):
            return self._coming_kind(obj, error)
        if error.status in _INVALID:
            return "its kind changes with the program" if self._is_changing(obj) else None
        namespace_missing = error.status == 404 and error.details.get("kind") == "namespaces"
        may_not = error.status == 403 and " cannot " in error.message
        return str(error) if namespace_missing or may_not or error.status == 0 else None

    def _coming_kind(self, obj: Object, error: UnknownKind) -> str:
        if self.coming.brings(obj["apiVersion"], obj["kind"]):
            return "its kind comes with the program"
        charts = ", ".join(self.coming.unknown_charts())
        but = f" (its CRDs may be in a chart that the sandbox does not have: {charts})" if charts else ""
        raise ProviderError(
            f"{objects.describe(obj)}: {error}, and within {self.coming.patience:g} s no CustomResourceDefinition, "
            f"chart or add-on was registered that brings it{but}: correct its apiVersion and kind, put its CRD into "
            "the program, or, where the program has it, register it first (depends_on)"
        )

    def _is_changing(self, obj: Mapping[str, Any]) -> bool:
        """Whether the program has another definition of the object's kind than the server, whose rules were broken."""
        found = self.coming.definition(obj["apiVersion"], obj["kind"])
        if found is None or self.cluster.client is None:
            return False
        wanted = objects.normalise(objects.from_properties(found))
        name = str(objects.metadata(wanted).get("name"))
        try:
            live = self.cluster.client.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", name)
        except ApiError as error:
            raise explain(error, wanted) from None
        return live is not None and prune(live["spec"], wanted["spec"]) != wanted["spec"]
