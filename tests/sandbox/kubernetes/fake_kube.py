"""An API server in memory: enough of one for the provider's decisions."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.kube import ApiError, Kind, UnknownKind
from sandbox.plugins.kubernetes.cluster import Cluster
from sandbox.plugins.protocol import Call

Object = dict[str, Any]
Key = tuple[str, str, str | None, str]

KINDS = {
    ("v1", "ConfigMap"): True,
    ("v1", "Event"): True,
    ("v1", "Namespace"): False,
    ("v1", "PersistentVolumeClaim"): True,
    ("v1", "Pod"): True,
    ("v1", "Secret"): True,
    ("v1", "Service"): True,
    ("v1", "ServiceAccount"): True,
    ("apps/v1", "DaemonSet"): True,
    ("apps/v1", "Deployment"): True,
    ("apps/v1", "ReplicaSet"): True,
    ("batch/v1", "Job"): True,
    ("discovery.k8s.io/v1", "EndpointSlice"): True,
    ("networking.k8s.io/v1", "Ingress"): True,
    ("networking.k8s.io/v1", "IngressClass"): False,
    ("storage.k8s.io/v1", "StorageClass"): False,
    ("policy/v1", "PodDisruptionBudget"): True,
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): False,
}


@dataclass
class FakeKube:
    """Keeps what is applied. ``settle`` plays the controllers: it is given each object that was written."""

    settle: Callable[[Object], None] = lambda _: None
    namespace: str = "default"
    served: dict[tuple[str, str], bool] = field(default_factory=lambda: dict(KINDS))
    objects: dict[Key, Object] = field(default_factory=dict[Key, Object])
    errors: list[ApiError] = field(default_factory=list[ApiError])
    """Raised one by one by the next applies."""
    unreadable: dict[str, list[ApiError]] = field(default_factory=dict[str, list[ApiError]])
    """Kind to what is raised one by one by the next requests to see objects of it."""
    calls: list[str] = field(default_factory=list[str])
    applied: list[Object] = field(default_factory=list[Object])
    uids: Any = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        for name in ("default", "shop", "ingress"):
            self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def kind(self, api_version: str, kind: str) -> Kind:
        if (api_version, kind) not in self.served:
            raise UnknownKind(api_version, kind)
        return Kind(api_version, kind, kind.lower(), self.served[api_version, kind], ("get", "list"))

    def kinds(self) -> tuple[Kind, ...]:
        return tuple(self.kind(*key) for key in self.served)

    def put(self, obj: Object) -> Object:
        obj = copy.deepcopy(obj)
        obj["metadata"].setdefault("uid", f"uid-{next(self.uids)}")
        self.objects[self._key(obj)] = obj
        return obj

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Object | None:
        self._see(kind)
        namespaced = self.kind(api_version, kind).namespaced
        found = self.objects.get((api_version, kind, (namespace or self.namespace) if namespaced else None, name))
        return copy.deepcopy(found)

    def list(
        self, api_version: str, kind: str, namespace: str | None = None, label_selector: str = "", **_: Any
    ) -> Any:
        self._see(kind)
        self.kind(api_version, kind)
        wanted = dict(part.split("=", 1) for part in label_selector.split(",") if part)
        return [
            copy.deepcopy(obj)
            for key, obj in self.objects.items()
            if key[:2] == (api_version, kind)
            and namespace in (None, key[2])
            and wanted.items() <= obj["metadata"].get("labels", {}).items()
        ]

    def apply(
        self,
        obj: Object,
        *,
        field_manager: str,
        force: bool = False,
        dry_run: bool = False,
        strict: bool = False,
        warn: Callable[[str], None] | None = None,
    ) -> Object:
        del strict, warn
        key = self._key(obj)
        self.calls.append(
            f"{'dry ' if dry_run else ''}apply{' force' if force else ''} {obj['kind']} by {field_manager}"
        )
        self.applied.append(copy.deepcopy(obj))
        if self.errors:
            raise self.errors.pop(0)
        if key[2] is not None and ("v1", "Namespace", None, key[2]) not in self.objects:
            raise ApiError(404, "NotFound", f'namespaces "{key[2]}" not found', {"kind": "namespaces"})
        merged = _merge(self.objects.get(key, {}), copy.deepcopy(obj))
        if key[2] is not None:
            merged["metadata"]["namespace"] = key[2]
        if dry_run:
            return {**merged, "metadata": {"uid": "dry", **merged["metadata"]}}
        merged["metadata"].setdefault("uid", f"uid-{next(self.uids)}")
        self.objects[key] = merged
        self.settle(merged)
        return copy.deepcopy(merged)

    def create(self, obj: Object) -> Object:
        if self._key(obj) in self.objects:
            raise ApiError(409, "AlreadyExists", f'"{obj["metadata"]["name"]}" already exists')
        return self.apply(obj, field_manager="creator")

    def server_version(self) -> str:
        return "v1.35.4"

    def api_versions(self) -> frozenset[str]:
        return frozenset(part for version, kind in self.served for part in (version, f"{version}/{kind}"))

    def patch(self, api_version: str, kind: str, name: str, namespace: str | None, body: Any, **_: Any) -> Object:
        key = (api_version, kind, namespace, name)
        self.objects[key] = _merge(self.objects[key], body)
        return self.objects[key]

    def delete(self, api_version: str, kind: str, name: str, namespace: str | None = None, **options: Any) -> None:
        self.calls.append(f"delete {kind} {options.get('propagation', 'Background')}")
        namespaced = self.kind(api_version, kind).namespaced
        key = (api_version, kind, (namespace or self.namespace) if namespaced else None, name)
        found = self.objects.get(key)
        if found is not None and not found["metadata"].get("finalizers"):
            del self.objects[key]

    def _see(self, kind: str) -> None:
        if self.unreadable.get(kind):
            raise self.unreadable[kind].pop(0)

    def names(self, kind: str) -> Any:
        return sorted(key[3] for key in self.objects if key[1] == kind)

    def _key(self, obj: Object) -> Key:
        namespaced = self.kind(obj["apiVersion"], obj["kind"]).namespaced
        meta = obj["metadata"]
        return (
            obj["apiVersion"],
            obj["kind"],
            (meta.get("namespace") or self.namespace) if namespaced else None,
            meta["name"],
        )


def _merge(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: _merge(old.get(key), value) for key, value in new.items()}}
    return new


def cluster(kube: FakeKube, **flags: Any) -> Cluster:
    """A configured cluster that is this fake."""
    client: Any = kube
    return Cluster(client, **flags)


@dataclass
class Said:
    """What the user was told: (severity, message, whether it stays)."""

    messages: list[tuple[str, str, bool]] = field(default_factory=list[tuple[str, str, bool]])

    def call(self, type: str, name: str = "web", *, preview: bool = False, timeout: float = 0) -> Call:
        def log(urn: str, severity: str, message: str, ephemeral: bool) -> None:
            del urn
            self.messages.append((severity, message, not ephemeral))

        return Call(f"urn:pulumi:dev::platform::{type}::{name}", type, name, timeout, preview, log)

    def warnings(self) -> list[str]:
        return [message for severity, message, _ in self.messages if severity == "warning"]
