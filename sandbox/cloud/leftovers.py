"""What was not there before a stack came up: in moto and in the API server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from moto.core.base_backend import BackendDict, BaseBackend
from moto.utilities.tagging_service import TaggingService

from sandbox.kube import ApiError, Kind, KubeClient

_NO_RESOURCES = frozenset({"Event"})
"""Types in moto's state that tell what happened, not what is."""
_STATES = ("key_state", "state", "status", "_state", "lifecycle_state")
_GONE = frozenset(
    # As which AWS still shows a resource that is deleted, and bills nothing for it.
    {"deleted", "deleting", "pendingdeletion", "terminated", "shuttingdown", "cancelled"}
)
_PASSING = frozenset(
    # Objects that the control plane makes for itself, whenever it likes.
    {
        ("v1", "Event"),
        ("events.k8s.io/v1", "Event"),
        ("coordination.k8s.io/v1", "Lease"),
        ("v1", "ComponentStatus"),
        ("networking.k8s.io/v1", "IPAddress"),
        ("v1", "Endpoints"),
    }
)
_PASSING_NAMES = frozenset({("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")})


class AwsInventory:
    """Finds resources by walking through all of moto's state: a list of types to ask for could forget one."""

    def __init__(self, own: Callable[[], list[str]]) -> None:
        """``own`` gives the ARNs of what the sandbox keeps beside moto."""
        self._own = own
        self._given: dict[int, object] = {}

    def take(self, backend: Any) -> None:
        """Take what a service has in a region now as given: AWS has it, as the default VPC."""
        self._given |= {id(resource): resource for _, resource in _resources(backend)}

    def left(self) -> list[str]:
        found = {
            f"{service} {label}"
            for service, backend in _backends()
            for label, resource in _resources(backend)
            if id(resource) not in self._given
            and not _is_gone(resource)
            and not _is_services_own(resource)
            and type(resource).__name__ not in _NO_RESOURCES
        }
        for arn in self._own():
            _, _, service, _, _, name = arn.split(":", 5)
            found.add(f"{service} {name}")
        return sorted(found)


class KubernetesInventory:
    """Finds objects that a new control plane does not have."""

    def __init__(self, file: Path) -> None:
        """``file`` keeps what a new plane had."""
        self._file = file

    def remember(self, kube: KubeClient) -> None:
        """Take what is there as given."""
        self._file.write_text(json.dumps(sorted(_objects(kube))))

    def left(self, kube: KubeClient) -> list[str]:
        given = set(cast("list[str]", json.loads(self._file.read_text()))) if self._file.exists() else set[str]()
        return sorted(_objects(kube) - given)


def _objects(kube: KubeClient) -> set[str]:
    found: set[str] = set()
    for kind in kube.kinds():
        if (kind.api_version, kind.kind) in _PASSING or "delete" not in kind.verbs:
            continue
        try:
            objects = kube.list(kind.api_version, kind.kind)
        except ApiError as error:
            if error.status in (404, 405):  # a CRD that has just gone
                continue
            raise
        found.update(_label(kind, obj["metadata"]) for obj in objects if not _is_passing(obj))
    return found


def _label(kind: Kind, metadata: Mapping[str, Any]) -> str:
    name = metadata["name"]
    if "namespace" in metadata:
        name = f"{metadata['namespace']}/{name}"
    return f"{kind.api_version} {kind.kind} {name}"


def _is_passing(obj: dict[str, Any]) -> bool:
    metadata = obj["metadata"]
    if metadata.get("ownerReferences"):
        return True  # it goes with its owner, which is told where it stays
    bootstrap = "kubernetes.io/bootstrapping" in metadata.get("labels", {})
    automatic = metadata.get("annotations", {}).get("apf.kubernetes.io/autoupdate-spec") == "true"
    return bootstrap or automatic or (obj["kind"], metadata["name"]) in _PASSING_NAMES


def _backends() -> Iterator[tuple[str, Any]]:
    """(service, state) of everything in moto that was used."""
    used: list[Any] = cast("Any", BackendDict)._instances
    for services in list(used):
        for _, _, backend in list(services.iter_backends()):
            yield str(services.service_name), backend


def _resources(backend: Any) -> Iterator[tuple[str, object]]:
    """(type and name, object) of each resource in a service's state."""
    seen: set[int] = set()
    attributes = cast("dict[str, Any]", vars(backend))
    for value in list(attributes.values()):
        for key, resource in _walk(value, "", 4):
            if id(resource) not in seen:
                seen.add(id(resource))
                yield f"{type(resource).__name__} {key}", resource


def _walk(value: Any, key: str, depth: int) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for name, member in list(cast("Mapping[Any, Any]", value).items()):
            yield from _walk(member, str(name), depth - 1) if depth else ()
    elif isinstance(value, list | tuple | set):
        for member in list(cast("list[Any]", value)):
            yield from _walk(member, key, depth - 1) if depth else ()
    elif type(value).__module__.startswith("moto.") and not isinstance(value, BaseBackend | TaggingService):
        yield _name(value) or key, value


def _name(resource: Any) -> str:
    """The resource's part of its ARN, or else its id or name."""
    for attribute in ("arn", "id", "name"):
        value = getattr(resource, attribute, None)
        if isinstance(value, str) and value:
            return value.split(":", 5)[5] if value.startswith("arn:") and value.count(":") >= 5 else value
    return ""


def _is_services_own(resource: Any) -> bool:
    """Whether the service has made it by itself, and keeps it: a parameter or option group for who names none."""
    return str(getattr(resource, "name", "")).startswith(("default.", "default:"))


def _is_gone(resource: Any) -> bool:
    if getattr(resource, "deleted_date", None) is not None:  # a secret in its recovery window
        return True
    states = (getattr(resource, name, None) for name in _STATES)
    return any(isinstance(state, str) and state.lower().replace("-", "") in _GONE for state in states)
