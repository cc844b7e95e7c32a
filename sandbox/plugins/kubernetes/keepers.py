"""What holds an object that is being deleted: finalizers, and what must go before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sandbox.kube import ApiError, KubeClient
from sandbox.plugins.kubernetes import objects
from sandbox.plugins.kubernetes.readiness import condition, owned_by

Object = dict[str, Any]

_FOREGROUND = "foregroundDeletion"
"""The finalizer of a deletion that waits for what the object owns; the garbage collector takes it away."""
_OWNED = (("apps/v1", "ReplicaSet"), ("batch/v1", "Job"), ("v1", "Pod"), ("v1", "PersistentVolumeClaim"))
_NAMESPACE_CONDITIONS = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
)
_MOST = 10
"""Objects that a message names."""


def kept_by(live: Mapping[str, Any]) -> str:
    """What an object itself says of it, for the end of a sentence."""
    parts = [f"finalizers {', '.join(_finalizers(live))}"] if _finalizers(live) else []
    if live.get("kind") == "Namespace":
        for type in _NAMESPACE_CONDITIONS:
            found = condition(live, type)
            if found.get("status") == "True":
                parts.append(str(found.get("message")))
    return f": {'; '.join(parts)}" if parts else ""


@dataclass(frozen=True)
class Keepers:
    """Looks for the objects that must go before another one. It makes many requests: for when time is up."""

    client: KubeClient

    def named(self, live: Mapping[str, Any]) -> list[str]:
        """One line for each object that holds another one's deletion, and how to let go of it."""
        lines = [_line(obj) for obj in self._found(live) if "deletionTimestamp" in objects.metadata(obj)]
        more = len(lines) - _MOST
        advice = (
            "its controller takes a finalizer away once it has cleaned up; when there is no such controller any more, "
            "`kubectl edit` the object and remove the line"
        )
        own = [name for name in _finalizers(live) if name != _FOREGROUND]
        return [*lines[:_MOST], *([f"{more} more"] if more > 0 else []), *([advice] if lines or own else [])]

    def _found(self, live: Mapping[str, Any]) -> list[Object]:
        try:
            match live.get("kind"):
                case "Namespace":
                    return [obj for obj in self._inside(str(objects.metadata(live)["name"])) if _finalizers(obj)]
                case "CustomResourceDefinition":
                    return [obj for obj in self._custom_resources(live) if _finalizers(obj)]
                case _:
                    return self._owned(live) if _FOREGROUND in _finalizers(live) else []
        except ApiError:
            return []

    def _inside(self, namespace: str) -> Iterator[Object]:
        for kind in self.client.kinds():
            if kind.namespaced:
                yield from self._listed(kind.api_version, kind.kind, namespace)

    def _custom_resources(self, crd: Mapping[str, Any]) -> Iterator[Object]:
        spec = cast("Object", crd["spec"])
        version = next(entry["name"] for entry in spec["versions"] if entry.get("served"))
        yield from self._listed(f"{spec['group']}/{version}", spec["names"]["kind"], None)

    def _owned(self, live: Mapping[str, Any]) -> list[Object]:
        """What it owns, directly or not."""
        namespace = objects.metadata(live).get("namespace")
        candidates = [obj for version, kind in _OWNED for obj in self._listed(version, kind, namespace)]
        owners: list[Mapping[str, Any]] = [live]
        found: list[Object] = []
        while owners:
            children = [obj for obj in candidates if any(owned_by(obj, owner) for owner in owners)]
            found += children
            owners = list(children)
        return found

    def _listed(self, api_version: str, kind: str, namespace: str | None) -> Sequence[Object]:
        try:
            return self.client.list(api_version, kind, namespace)
        except ApiError:
            return ()  # a kind that is on its way out, or that may not be seen


def _finalizers(obj: Mapping[str, Any]) -> list[str]:
    return cast("list[str]", objects.metadata(obj).get("finalizers") or [])


def _line(obj: Mapping[str, Any]) -> str:
    why = f"kept by finalizer {', '.join(_finalizers(obj))}" if _finalizers(obj) else "still terminating"
    return f"{objects.describe(obj)} is {why}"
