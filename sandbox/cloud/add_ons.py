"""The simulation of EKS add-ons: stand-ins for their software, and a status that follows what runs.

The stand-ins are Deployments and DaemonSets of the true names whose pods run nowhere, and the true CRDs.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, cast

from sandbox.cloud.eks.add_ons import SELF_MANAGED, configuration
from sandbox.cloud.eks.progress import Progress
from sandbox.cloud.eks.state import OWN_KEYS, Cluster, Clusters
from sandbox.cloud.operations import Record
from sandbox.kube import ApiError, KubeClient, UnknownKind
from sandbox.stand_ins import stand_in

_FIELD_MANAGER = "eks"
_PATIENCE = 30.0
"""Seconds after which an add-on whose pods don't run is DEGRADED. EKS waits about 20 minutes."""
_POD_KEYS = ("nodeSelector", "tolerations", "affinity", "topologySpreadConstraints")
_WORKLOADS = ("Deployment", "DaemonSet")


class AddOnSimulation:
    """Puts the add-ons' stand-ins into the cluster, and takes them out again."""

    def __init__(self, clusters: Clusters, progress: Progress, crds: Path) -> None:
        self._clusters = clusters
        self._progress = progress
        self._crds = crds

    def step(self, kube: KubeClient) -> bool:
        """One step. Returns whether there is more to do soon."""
        busy = [self._settle(kube, cluster) for cluster in self._clusters]  # all of them, each time
        return not self.remove_departed(kube) or any(busy)

    def install_self_managed(self, kube: KubeClient) -> None:
        """What a new cluster has when it was not asked to have nothing."""
        for name in SELF_MANAGED:
            for obj in stand_in(name, namespace=None, version="", crds=self._crds):
                kube.apply(obj, field_manager=_FIELD_MANAGER, force=True)

    def remove_departed(self, kube: KubeClient) -> bool:
        """Take out what goes with a cluster that went; returns whether all of it is gone."""
        return all(self._departed(kube, record) for record in self._progress.departed())

    def _departed(self, kube: KubeClient, record: Record) -> bool:
        gone = self._removed(kube, self._objects(record))
        if gone:
            self._progress.departed_gone(record)
        return gone

    def _settle(self, kube: KubeClient, cluster: Cluster) -> bool:
        busy = False
        for record in self._progress.add_ons(cluster):
            objects = self._objects(record)
            if record["status"] == "DELETING":
                if self._removed(kube, objects):
                    self._progress.add_on_gone(cluster, record)
                else:
                    busy = True
                continue
            own = record[OWN_KEYS]
            if not own["applied"]:
                try:
                    for obj in objects:
                        kube.apply(obj, field_manager=_FIELD_MANAGER, force=True)
                except ApiError as error:
                    if not 400 <= error.status < 500:  # it said nothing about the objects: ask again
                        raise
                    failed = "CREATE_FAILED" if record["status"] == "CREATING" else "UPDATE_FAILED"
                    issue = {"code": "InternalFailure", "message": f"{record['addonName']}: {error}"}
                    self._progress.add_on(cluster, record, failed, issue)
                    own["applied"] = True
                    continue
                own |= {"applied": True, "deadline": time.monotonic() + _PATIENCE}
            busy = self._look(kube, cluster, record, objects) or busy
        return busy

    def _look(self, kube: KubeClient, cluster: Cluster, record: Record, objects: list[Record]) -> bool:
        """Set the status by what is available. Returns whether to look again soon."""
        if record["status"].endswith("_FAILED"):
            return False
        missing = [problem for obj in objects if (problem := _unavailable(kube, obj))]
        if not missing:
            self._progress.add_on(cluster, record, "ACTIVE")
            return False
        if time.monotonic() > record[OWN_KEYS]["deadline"]:
            message = f"The add-on is unhealthy because it doesn't have the desired number of replicas: {missing[0]}"
            self._progress.add_on(
                cluster, record, "DEGRADED", {"code": "InsufficientNumberOfReplicas", "message": message}
            )
            return False
        return True

    def _objects(self, record: Record) -> list[Record]:
        objects = stand_in(
            record["addonName"],
            namespace=record["namespaceConfig"]["namespace"],
            version=record["addonVersion"],
            crds=self._crds,
        )
        values = configuration(record)
        for obj in objects:
            if obj["kind"] == "Deployment":
                _configure(obj, values)
                _configure(obj, values.get("controller") or {})
        return objects

    def _removed(self, kube: KubeClient, objects: list[Record]) -> bool:
        """Ask for the deletion of what is there; returns whether all of it is gone."""
        left = [obj for obj in reversed(objects) if _get(kube, obj) is not None]
        for obj in left:
            _delete(kube, obj)
        return not left


def _configure(deployment: Record, values: Any) -> None:
    """The configuration values that decide whether and where pods can run; the others have no effect here."""
    if not isinstance(values, dict):
        return
    settings = cast("dict[str, Any]", values)
    spec = deployment["spec"]
    if isinstance(settings.get("replicaCount"), int):
        spec["replicas"] = settings["replicaCount"]
    spec["template"]["spec"].update({key: settings[key] for key in _POD_KEYS if key in settings})


def _unavailable(kube: KubeClient, obj: Record) -> str | None:
    """What is missing of a workload; None when nothing is, or when it is no workload."""
    if obj["kind"] not in _WORKLOADS:
        return None
    found = _get(kube, obj)
    name = f"{obj['kind']} {obj['metadata']['name']}"
    if found is None:
        return f"{name} does not exist"
    status: dict[str, Any] = found.get("status") or {}
    if status.get("observedGeneration") != found["metadata"]["generation"]:
        return f"{name} is not yet observed"
    if obj["kind"] == "Deployment":
        wanted, available = found["spec"]["replicas"], status.get("availableReplicas", 0)
        updated = status.get("updatedReplicas", 0)
    else:
        wanted, available = status.get("desiredNumberScheduled", 0), status.get("numberAvailable", 0)
        updated = status.get("updatedNumberScheduled", 0)
    return None if min(available, updated) >= wanted else f"{name} has {min(available, updated)} of {wanted}"


def _get(kube: KubeClient, obj: Record) -> Record | None:
    try:
        return kube.get(obj["apiVersion"], obj["kind"], obj["metadata"]["name"], obj["metadata"].get("namespace"))
    except UnknownKind:
        return None


def _delete(kube: KubeClient, obj: Record) -> None:
    kube.delete(obj["apiVersion"], obj["kind"], obj["metadata"]["name"], obj["metadata"].get("namespace"))
