"""The steps of installing, upgrading and removing one Helm release on an API server."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from sandbox.charts import Hook, HookEvent
from sandbox.charts.hooks import DeletePolicy, due
from sandbox.kube import ApiError, UnknownKind
from sandbox.plugins.kubernetes import objects, records
from sandbox.plugins.kubernetes.cluster import Cluster, explain
from sandbox.plugins.kubernetes.records import Record
from sandbox.plugins.kubernetes.waiting import NotReady, Waiter
from sandbox.plugins.protocol import Call, ProviderError
from sandbox.stand_ins import LABEL

Object = dict[str, Any]

MANAGER = "helm"
_CRD = "CustomResourceDefinition"
_NAME, _NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
_MANAGED_BY = "app.kubernetes.io/managed-by"
_KEEP = "helm.sh/resource-policy"
_BROUGHT_BY = "sandbox.platform/brought-by"
"""The annotation of a CRD that names the chart which it came with."""

_SERVED = 10.0
"""Seconds that an API server has for serving a new CRD after the user wants to stop."""

_WAITED = frozenset(
    {
        "DaemonSet",
        "Deployment",
        "PersistentVolumeClaim",
        "Pod",
        "ReplicaSet",
        "ReplicationController",
        "Service",
        "StatefulSet",
        _CRD,
    }
)
"""The kinds that Helm waits for. An Ingress, say, may want a controller that comes later."""


@dataclass(frozen=True)
class Installation:
    """One release, while it is worked on."""

    cluster: Cluster
    call: Call
    name: str
    namespace: str
    timeout: float
    """Seconds for each wait."""

    @property
    def id(self) -> str:
        return f"{self.namespace}/{self.name}"

    def placed(self, wanted: Sequence[Object]) -> list[Object]:
        """The objects in the release's namespace, unless they name another one or live in none."""
        return [self._placed(obj) for obj in wanted]

    def owned(self, wanted: Sequence[Object]) -> list[Object]:
        """The objects with what tells Helm whose they are."""
        marks = {_NAME: self.name, _NAMESPACE: self.namespace}
        return [_marked(obj, labels={_MANAGED_BY: "Helm"}, annotations=marks) for obj in wanted]

    def refuse_what_belongs_to_others(self, wanted: Sequence[Object], own: Sequence[Object]) -> None:
        """Raise ProviderError when an object of the chart exists and is not the release's: Helm adopts nothing."""
        ours = {objects.identity(obj) for obj in own}
        for obj in wanted:
            live = None if objects.identity(obj) in ours else self._live(obj)
            if live is None:
                continue
            owner = objects.annotation(live, _NAMESPACE), objects.annotation(live, _NAME)
            if owner != (self.namespace, self.name):
                whose = f"Helm release {'/'.join(owner)}" if all(owner) else "no Helm release"
                raise ProviderError(
                    f"Helm release {self.id}: {objects.describe(obj)} exists already and belongs to {whose}. Delete "
                    f"it, or let the release adopt it: label {_MANAGED_BY}: Helm, annotations {_NAME}: {self.name} and "
                    f"{_NAMESPACE}: {self.namespace}"
                )

    def create_namespace(self) -> None:
        """Helm does not count it among the release's objects: it stays."""
        if self.cluster.required.get("v1", "Namespace", self.namespace) is None:
            metadata = {"name": self.namespace, "labels": {"name": self.namespace}}
            self._apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})

    def install_crds(self, crds: Sequence[Object]) -> None:
        """Make the CRDs and wait until they are served. Raises NotReady."""
        for live in self.apply(crds):
            try:
                self.wait([live])
            except NotReady:
                if not self.cluster.cancelled.is_set():
                    raise
                # Who is to stop finishes this all the same: it takes a moment, and what comes next needs them.
                log = partial(self.call.log, ephemeral=True)
                Waiter(self.cluster.required, threading.Event()).until_ready(live, live, timeout=_SERVED, log=log)

    def install_missing_crds(self, crds: Sequence[Object], chart: str) -> None:
        """The same for those that do not exist, or are a stand-in's: Helm leaves all others as they are."""
        marked = [_marked(crd, annotations={_BROUGHT_BY: chart}) for crd in crds]
        self.install_crds([crd for crd in marked if (live := self._live(crd)) is None or _of_stand_in(live)])

    def apply(self, wanted: Sequence[Object], *, strict: bool = False) -> list[Object]:
        return [self._apply(obj, strict=strict) for obj in wanted]

    def wait(self, live: Sequence[Object], *, jobs: bool = False) -> None:
        """Until all is ready that Helm waits for. Raises NotReady."""
        for obj in live:
            if obj["kind"] in _WAITED or (jobs and obj["kind"] == "Job"):
                log = partial(self.call.log, ephemeral=True)
                self.cluster.waiter.until_ready(obj, obj, timeout=self.timeout, log=log)

    def remove(self, wanted: Sequence[Mapping[str, Any]], *, keep: bool = True) -> None:
        """Delete objects and wait until they are gone; ``keep`` spares those whose chart says so."""
        client = self.cluster.required
        live: list[Object] = []
        for obj in wanted:
            if keep and objects.annotation(obj, _KEEP).strip().lower() == "keep":
                self.call.log(f"{objects.describe(obj)} stays: its annotation {_KEEP} says so")
                continue
            meta = objects.metadata(obj)
            try:
                found = self._live(obj)
                if found is not None:
                    client.delete(obj["apiVersion"], obj["kind"], meta["name"], meta.get("namespace"))
                    live.append(found)
            except ApiError as error:
                raise explain(error, obj) from None
        for obj in live:
            self.cluster.waiter.until_gone(obj, timeout=self.timeout, log=partial(self.call.log, ephemeral=True))

    def remove_crds(self, names: Sequence[str]) -> None:
        """Delete the CRDs that a release has made and of which no custom resource is left."""
        client = self.cluster.required
        found = [client.get("apiextensions.k8s.io/v1", _CRD, name) for name in names]
        ours = [crd for crd in found if crd and (_of_stand_in(crd) or objects.annotation(crd, _BROUGHT_BY))]
        self.remove([crd for crd in ours if not self._in_use(crd)])

    def forget(self, record: Record) -> None:
        """Take away the CRDs that came with a release, unless others need them, and then its record.

        In this order, as only the record tells of the CRDs to who goes on after a kill.
        """
        client = self.cluster.required
        if not records.others_of_chart(client, record):
            self.remove_crds(record.crds)
        records.forget(client, record)

    # -- hooks --------------------------------------------------------------------------------------------------

    def run_hooks(self, hooks: Sequence[Hook], event: HookEvent, *, again: bool = False) -> None:
        """Make the hooks of an event one after the other, and wait for each. Raises ProviderError when one fails.

        ``again``: what they made in an attempt that was cut off is cleared away first, whatever their policies say.
        """
        ran: list[tuple[Hook, Object]] = []
        for hook in due(hooks, event):
            obj = self._placed(hook.object)
            if again or DeletePolicy.BEFORE_HOOK_CREATION in hook.delete_policies:
                self._remove_hook(obj)
            try:
                self._run_hook(obj)
            except (ApiError, NotReady) as error:
                if DeletePolicy.HOOK_FAILED in hook.delete_policies:
                    self._remove_hook(obj)
                self._remove_succeeded(ran)
                reason = explain(error, obj) if isinstance(error, ApiError) else f"{objects.describe(obj)}: {error}"
                raise ProviderError(f"the {event} hook of {hook.path} failed: {reason}") from None
            ran.append((hook, obj))
        self._remove_succeeded(ran)

    def _run_hook(self, obj: Object) -> None:
        if obj["kind"] == _CRD and self._live(obj) is not None:
            return  # it is never deleted, so it is there from the last time
        live = self.cluster.required.create(obj)
        # All others are done once they exist. A bare Pod counts as done when it runs, as nothing in it ever ends here.
        if obj["kind"] in ("Job", "Pod"):
            log = partial(self.call.log, ephemeral=True)
            self.cluster.waiter.until_ready(live, obj, timeout=self.timeout, log=log)

    def _remove_succeeded(self, ran: Sequence[tuple[Hook, Object]]) -> None:
        for hook, obj in reversed(ran):
            if DeletePolicy.HOOK_SUCCEEDED in hook.delete_policies:
                self._remove_hook(obj)

    def _remove_hook(self, obj: Object) -> None:
        # A CRD takes all its custom resources with it: Helm never deletes one.
        if obj["kind"] != _CRD:
            self.remove([obj], keep=False)

    # -- inside -------------------------------------------------------------------------------------------------

    def _placed(self, obj: Object) -> Object:
        if objects.metadata(obj).get("namespace") or self.cluster.namespaced(obj) is not True:
            return obj
        return {**obj, "metadata": {**obj["metadata"], "namespace": self.namespace}}

    def _live(self, obj: Mapping[str, Any]) -> Object | None:
        meta = objects.metadata(obj)
        try:
            return self.cluster.required.get(obj["apiVersion"], obj["kind"], meta["name"], meta.get("namespace"))
        except UnknownKind:
            return None

    def _apply(self, obj: Object, *, strict: bool = False) -> Object:
        try:
            return self.cluster.required.apply(obj, field_manager=MANAGER, force=True, strict=strict)
        except ApiError as error:
            raise explain(error, obj) from None

    def _in_use(self, crd: Mapping[str, Any]) -> bool:
        spec = cast("Object", crd["spec"])
        version = next(entry["name"] for entry in spec["versions"] if entry.get("storage"))
        try:
            return bool(self.cluster.required.list(f"{spec['group']}/{version}", spec["names"]["kind"]))
        except ApiError:
            return False  # not served, so nothing of it can be reached


def _of_stand_in(obj: Mapping[str, Any]) -> bool:
    return LABEL in (objects.metadata(obj).get("labels") or {})


def _marked(obj: Object, **marks: Mapping[str, str]) -> Object:
    metadata = dict(cast("Object", obj["metadata"]))
    for key, values in marks.items():
        metadata[key] = {**(metadata.get(key) or {}), **values}
    return {**obj, "metadata": metadata}
