"""From a row of the table to the objects that the API server gets."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from sandbox.stand_ins import traefik
from sandbox.stand_ins.table import STAND_INS, StandIn, Workload

Object = dict[str, Any]

LABEL = "sandbox.platform/stand-in"
"""Carried by every object of a stand-in, and by its pods; its value is the stand-in's name."""

RESTRICTED_POD: Mapping[str, Any] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
RESTRICTED_CONTAINER: Mapping[str, Any] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def names() -> list[str]:
    """The charts and add-ons of which there are stand-ins."""
    return sorted([*STAND_INS, traefik.NAME])


def known(name: str) -> bool:
    """Whether there is a stand-in of this name; any other chart gets one Deployment and no CRDs."""
    return name in names()


def stand_in(
    name: str,
    *,
    namespace: str | None,
    version: str,
    crds: Path,
    release: str | None = None,
    values: Mapping[str, Any] | None = None,
) -> list[Object]:
    """The objects of an add-on or chart, in the order in which to apply them.

    ``namespace`` None takes the add-on's own, ``version`` "" the table's. ``release`` and ``values`` are those of a
    Helm release. Raises FileNotFoundError when the toolchain's folder ``crds`` lacks the stand-in's CRDs.
    """
    if name == traefik.NAME:
        target = namespace or "default"
        objects = [
            *_crds(crds, traefik.crds(version)),
            *traefik.objects(release or name, target, version, values or {}),
        ]
    else:
        row = STAND_INS.get(name) or _unknown(name, release or name, values or {})
        objects = list(_objects(row, namespace or row.namespace, version or row.version, crds))
    for obj in objects:
        obj["metadata"].setdefault("labels", {})[LABEL] = name
        if obj["kind"] in ("Deployment", "DaemonSet"):
            obj["spec"]["template"]["metadata"]["labels"][LABEL] = name
    return objects


def crd_names(objects: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names of the CRDs among a stand-in's objects."""
    return [obj["metadata"]["name"] for obj in objects if obj["kind"] == "CustomResourceDefinition"]


def _unknown(chart: str, release: str, values: Mapping[str, Any]) -> StandIn:
    """A chart that the sandbox does not know: one Deployment, so that there is something to wait for."""
    replicas = values.get("replicaCount", values.get("replicas", 1))
    return StandIn(
        version="0.0.0",
        namespace="default",
        workloads=(
            Workload(
                name=release,
                image=f"{chart}:{{version}}",
                labels={"app.kubernetes.io/name": chart, "app.kubernetes.io/instance": release},
                replicas=replicas if isinstance(replicas, int) else 1,
            ),
        ),
    )


def _objects(row: StandIn, namespace: str, version: str, crds: Path) -> Iterator[Object]:
    yield from _crds(crds, row.crds)
    if row.own_namespace:
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    for obj in row.objects:
        yield copy.deepcopy(dict(obj))
    for workload in row.workloads:
        yield from _workload(workload, namespace, version)


def _workload(workload: Workload, namespace: str, version: str) -> Iterator[Object]:
    def metadata(name: str) -> Object:
        return {"name": name, "namespace": namespace, "labels": dict(workload.labels)}

    account = workload.service_account or workload.name
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(account)}
    yield {
        "apiVersion": "apps/v1",
        "kind": workload.kind,
        "metadata": metadata(workload.name),
        "spec": {
            **({"replicas": workload.replicas} if workload.kind == "Deployment" else {}),
            "selector": {"matchLabels": dict(workload.labels)},
            "template": {
                "metadata": {"labels": {**workload.labels}},
                "spec": _pod(workload, account, version),
            },
        },
    }
    if workload.service is not None:
        ports = [
            {
                "name": name,
                "port": workload.service_ports.get(name, port),
                "targetPort": name,
                "protocol": "UDP" if name == "dns" else "TCP",
            }
            for name, port in workload.ports.items()
        ]
        yield {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata(workload.service),
            "spec": {"type": "ClusterIP", "selector": dict(workload.labels), "ports": ports},
        }
    if workload.max_unavailable is not None:
        yield {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": metadata(workload.name),
            "spec": {
                "maxUnavailable": workload.max_unavailable,
                "selector": {"matchLabels": dict(workload.labels)},
            },
        }


def _pod(workload: Workload, account: str, version: str) -> Object:
    ports: list[Object] = [
        {"name": name, "containerPort": port, "protocol": "UDP" if name == "dns" else "TCP"}
        for name, port in workload.ports.items()
    ]
    pod: Object = {
        "serviceAccountName": account,
        "containers": [
            {
                "name": workload.name,
                "image": workload.image.format(version=version),
                "ports": ports,
                "resources": {
                    "requests": {"cpu": workload.cpu, "memory": workload.memory},
                    "limits": {"memory": workload.memory},
                },
                "securityContext": {} if workload.host_network else copy.deepcopy(dict(RESTRICTED_CONTAINER)),
            }
        ],
    }
    if workload.kind == "DaemonSet":
        pod["tolerations"] = [{"operator": "Exists"}]
    elif workload.priority_class is not None:
        pod["tolerations"] = [{"key": "CriticalAddonsOnly", "operator": "Exists"}]
    if workload.host_network:
        pod["hostNetwork"] = True
    else:
        pod["securityContext"] = copy.deepcopy(dict(RESTRICTED_POD))
    if workload.priority_class is not None:
        pod["priorityClassName"] = workload.priority_class
    if workload.replicas > 1:
        pod["topologySpreadConstraints"] = [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": dict(workload.labels)},
            }
        ]
    return pod


def _crds(folder: Path, keys: tuple[str, ...]) -> Iterator[Object]:
    for key in keys:
        found = _read_crds(folder / key)
        if not found:
            raise FileNotFoundError(f"no CRDs in {folder / key}: the toolchain extracts them there")
        # The caller labels what it gets.
        yield from copy.deepcopy(found)


@lru_cache(maxsize=32)
def _read_crds(folder: Path) -> list[Object]:
    found: list[Object] = []
    for path in sorted(folder.glob("*.yaml")):
        documents: Iterable[Any] = yaml.load_all(path.read_text(encoding="utf-8"), Loader=_Loader)
        for document in documents:
            if document and document.get("kind") == "CustomResourceDefinition":
                document.pop("status", None)
                document["metadata"].pop("creationTimestamp", None)
                found.append(document)
    return found
