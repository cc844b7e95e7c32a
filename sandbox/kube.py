"""A thin client for a Kubernetes API server: plain objects in, plain objects out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

from sandbox.kube_http import ApiError, Transport
from sandbox.kubeconfig import Access, KubeconfigError, read_kubeconfig

__all__ = ["ApiError", "Kind", "KubeClient", "KubeconfigError", "UnknownKind"]

Object = dict[str, Any]
Objects = list[dict[str, Any]]

_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class UnknownKind(ApiError):
    """The API server has no such kind, or not yet: its CRD is missing."""

    def __init__(self, api_version: str, kind: str) -> None:
        super().__init__(404, "UnknownKind", f"the API server knows no kind {kind} in {api_version}")


@dataclass(frozen=True)
class Kind:
    """A kind that the API server serves."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: tuple[str, ...]

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str = "") -> str:
        """Its URL path: of all namespaces when ``namespace`` is None."""
        prefix = "/api/v1" if self.api_version == "v1" else f"/apis/{self.api_version}"
        parts = [prefix]
        if self.namespaced and namespace:
            parts.append(f"namespaces/{quote(namespace, safe='')}")
        parts.append(self.plural)
        if name:
            parts.append(quote(name, safe=""))
        if subresource:
            parts.append(subresource)
        return "/".join(parts)


class KubeClient:
    """Reads and writes any kind by its apiVersion and kind. Safe to share between threads."""

    def __init__(self, access: Access) -> None:
        self.namespace = access.namespace
        """The namespace of the kubeconfig's context: where namespaced objects go that name none."""
        self._call = Transport(access).call
        self._served: dict[str, dict[str, Kind]] = {}
        self._served_lock = threading.Lock()

    @classmethod
    def from_kubeconfig(
        cls, kubeconfig: str, *, environ: Mapping[str, str] | None = None, context: str | None = None
    ) -> KubeClient:
        """A client for a kubeconfig's text. Raises KubeconfigError when it leads nowhere, or off this machine."""
        return cls(read_kubeconfig(kubeconfig, environ=environ, context=context))

    # Objects

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """The object, or None when it does not exist. Raises UnknownKind when its kind does not."""
        try:
            return self._call("GET", self._path(api_version, kind, namespace, name))
        except UnknownKind:
            raise
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
    ) -> Objects:
        """The objects of a kind: of all namespaces when ``namespace`` is None."""
        path = self.kind(api_version, kind).path(namespace)
        query = {"labelSelector": label_selector, "fieldSelector": field_selector, "limit": "500", "continue": ""}
        found: Objects = []
        while True:
            page = self._call("GET", path, query={key: value for key, value in query.items() if value})
            # Objects in a list don't repeat what they are.
            found += [{"apiVersion": api_version, "kind": kind, **item} for item in _entries(page, "items")]
            query["continue"] = page.get("metadata", {}).get("continue") or ""
            if not query["continue"]:
                return found

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
        """Server-side apply. ``strict`` refuses fields that a CRD does not know, where they would be dropped otherwise.

        ``warn`` gets each warning that the server attached.
        """
        metadata = cast("dict[str, Any]", obj.get("metadata") or {})
        path = self._path(obj["apiVersion"], obj["kind"], metadata.get("namespace"), metadata["name"])
        query = {"fieldManager": field_manager, "force": str(force).lower()}
        if dry_run:
            query["dryRun"] = "All"
        if strict:
            query["fieldValidation"] = "Strict"
        return self._call("PATCH", path, obj, query=query, content_type="application/apply-patch+yaml", warn=warn)

    def create(self, obj: Object) -> Object:
        metadata = cast("dict[str, Any]", obj.get("metadata") or {})
        return self._call("POST", self._path(obj["apiVersion"], obj["kind"], metadata.get("namespace")), obj)

    def patch(
        self,
        api_version: str,
        kind: str,
        name: str,
        namespace: str | None,
        body: Any,
        *,
        subresource: str = "",
        content_type: str = "application/merge-patch+json",
    ) -> Object:
        return self._call(
            "PATCH", self._path(api_version, kind, namespace, name, subresource), body, content_type=content_type
        )

    def delete(
        self,
        api_version: str,
        kind: str,
        name: str,
        namespace: str | None = None,
        *,
        propagation: str = "Background",
        grace_period: int | None = None,
    ) -> None:
        """Ask for the object's deletion; that it is gone already is fine. Does not wait."""
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        if grace_period is not None:
            options["gracePeriodSeconds"] = grace_period
        try:
            self._call("DELETE", self._path(api_version, kind, namespace, name), options)
        except ApiError as error:
            if error.status != 404:
                raise

    def evict(self, pod_name: str, namespace: str) -> None:
        """Ask for a pod's eviction. Raises ApiError with status 429 when a disruption budget forbids it for now."""
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod_name, "namespace": namespace},
        }
        try:
            self._call("POST", self._path("v1", "Pod", namespace, pod_name, "eviction"), eviction, tries=1)
        except ApiError as error:
            if error.status != 404:
                raise

    # What the server has

    def kind(self, api_version: str, kind: str) -> Kind:
        """How a kind is served. A miss asks the server once more: CRDs appear during an up. Raises UnknownKind."""
        with self._served_lock:
            known = self._served.get(api_version, {}).get(kind)
        if known is not None:
            return known
        served = self._discover(api_version)
        with self._served_lock:
            self._served[api_version] = served
        if kind not in served:
            raise UnknownKind(api_version, kind)
        return served[kind]

    def kinds(self) -> tuple[Kind, ...]:
        """Every kind that can be listed, each in the version that the server prefers."""
        return tuple(kind for group in self._groups() for kind in _preferred(group) if "list" in kind.verbs)

    def api_versions(self) -> frozenset[str]:
        """All that is served, as Helm's templates are told: ``apps/v1`` and ``apps/v1/Deployment``."""
        found: set[str] = set()
        for group in self._groups():
            name = group.get("metadata", {}).get("name") or ""
            for version in _entries(group, "versions"):
                api_version = f"{name}/{version['version']}" if name else version["version"]
                kinds = (entry["responseKind"]["kind"] for entry in _entries(version, "resources"))
                found.update((api_version, *(f"{api_version}/{kind}" for kind in kinds)))
        return frozenset(found)

    def server_version(self) -> str:
        """The server's version, such as v1.35.4."""
        return str(self._call("GET", "/version")["gitVersion"])

    def raw(self, method: str, path: str, body: Any = None) -> Any:
        """Any request: the decoded answer, or its text when it is not JSON."""
        return self._call(method, path, body)

    # Inside

    def _path(self, api_version: str, kind: str, namespace: str | None, name: str = "", subresource: str = "") -> str:
        return self.kind(api_version, kind).path(namespace or self.namespace, name, subresource)

    def _groups(self) -> Iterator[dict[str, Any]]:
        for root in ("/api", "/apis"):
            yield from _entries(self._call("GET", root, accept=_DISCOVERY), "items")

    def _discover(self, api_version: str) -> dict[str, Kind]:
        path = "/api/v1" if api_version == "v1" else f"/apis/{api_version}"
        try:
            answer = self._call("GET", path)
        except ApiError as error:
            if error.status == 404:
                return {}
            raise
        return {
            entry["kind"]: Kind(
                api_version, entry["kind"], entry["name"], bool(entry["namespaced"]), tuple(entry["verbs"])
            )
            for entry in _entries(answer, "resources")
            if "/" not in entry["name"]
        }


def _preferred(group: dict[str, Any]) -> Iterator[Kind]:
    """The kinds of a group in aggregated discovery: each in the first version that has it."""
    name = group.get("metadata", {}).get("name") or ""
    seen: set[str] = set()
    for version in _entries(group, "versions"):
        api_version = f"{name}/{version['version']}" if name else version["version"]
        for entry in _entries(version, "resources"):
            if entry["resource"] not in seen:
                seen.add(entry["resource"])
                yield Kind(
                    api_version,
                    entry["responseKind"]["kind"],
                    entry["resource"],
                    entry.get("scope") == "Namespaced",
                    tuple(entry["verbs"]),
                )


def _entries(answer: Any, key: str) -> Objects:
    return answer.get(key) or []
