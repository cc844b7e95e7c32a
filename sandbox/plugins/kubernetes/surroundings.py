"""What is around an object and decides about it: the objects that it owns, and what the cluster reports of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sandbox.kube import ApiError, KubeClient
from sandbox.plugins.kubernetes import objects
from sandbox.plugins.kubernetes.pods import pod_problems, unready
from sandbox.plugins.kubernetes.readiness import Around, Rule, backends, current_replica_set, owned_by, rule_for

Object = dict[str, Any]

_COMBINED = "(combined from similar events): "
_CREATING = "Error creating: "
_NAMED_PODS = 3
"""Pods whose events are asked for: the others most likely say the same."""


@dataclass(frozen=True)
class Surroundings:
    """Looks around objects of one API server."""

    client: KubeClient

    def around(self, live: Object, rule: Rule) -> Around:
        """What the rule needs to know. Raises ApiError.

        The user need not have the right to see what only adds to the verdict.
        """
        meta = objects.metadata(live)
        namespace = meta.get("namespace")
        client = self.client
        replica_sets: list[Object] = []
        slices: list[Object] = []
        storage_class = None
        missing: tuple[str, ...] = ()
        if "replica_sets" in rule.needs:
            replica_sets = client.list("apps/v1", "ReplicaSet", namespace, label_selector=_selector(live))
        if "endpoint_slices" in rule.needs:
            label = f"kubernetes.io/service-name={meta['name']}"
            listed = _permitted(client.list, "discovery.k8s.io/v1", "EndpointSlice", namespace, label_selector=label)
            slices = cast("list[Object]", listed or [])
        if "storage_class" in rule.needs and (name := live.get("spec", {}).get("storageClassName")):
            storage_class = _permitted(client.get, "storage.k8s.io/v1", "StorageClass", name)
        if "services" in rule.needs:
            missing = tuple(name for name in backends(live) if self._is_missing(name, namespace))
        return Around(
            replica_sets=replica_sets,
            endpoint_slices=slices,
            storage_class=storage_class,
            missing_services=missing,
        )

    def problems(self, live: Object, around: Around, said: str) -> list[str]:
        """What the object's pods say, and the warnings that controllers have recorded about all of them.

        What was ``said`` already is left out.
        """
        rule = rule_for(live)
        namespace = objects.metadata(live).get("namespace")
        owner: Mapping[str, Any] | None = live
        pods: list[Object] = []
        if rule is not None and "pods" in rule.needs:
            if live["kind"] == "Deployment":
                owner = current_replica_set(live, around.replica_sets)
            found = self._listed("Pod", namespace, label_selector=_selector(live))
            pods = [pod for pod in found if owner is not None and owned_by(pod, owner)]
        told = [text for text in pod_problems(pods) if _essence(text) not in _essence(said)]
        waiting = [pod for pod in pods if unready(pod)][:_NAMED_PODS]
        about = [live, *([owner] if owner else []), *waiting]
        return [*told, *self._warnings(namespace, about, " ".join([said, *told]))]

    def _warnings(self, namespace: str | None, about: Iterable[Mapping[str, Any]], said: str) -> list[str]:
        """The newest warning of each reason."""
        uids = {objects.metadata(obj).get("uid") for obj in about}
        events = [
            event
            for event in self._listed("Event", namespace or "default", field_selector="type=Warning")
            if event.get("involvedObject", {}).get("uid") in uids
        ]
        newest = {str(event.get("reason")): event for event in sorted(events, key=_time)}
        lines: list[str] = []
        for reason, event in newest.items():
            message = str(event.get("message") or "").strip().removeprefix(_COMBINED)
            if _essence(message.removeprefix(_CREATING)) in _essence(said):
                continue
            about_what = cast("Mapping[str, Any]", event["involvedObject"])
            lines.append(f"[{about_what.get('kind')} {about_what.get('name')}] {reason}: {message}")
        return lines

    def _is_missing(self, service: str, namespace: str | None) -> bool:
        return _permitted(self.client.get, "v1", "Service", service, namespace, otherwise={}) is None

    def _listed(self, kind: str, namespace: str | None, **selectors: str) -> list[Object]:
        try:
            return self.client.list("v1", kind, namespace, **selectors)
        except ApiError:
            return []  # whoever may not look is told without it


def _permitted(ask: Callable[..., Any], *arguments: Any, otherwise: Any = None, **selectors: str) -> Any:
    """The answer to a request, or ``otherwise`` where the user's rights don't reach it."""
    try:
        return ask(*arguments, **selectors)
    except ApiError as error:
        if error.status != 403:
            raise
        return otherwise


def _essence(text: str) -> str:
    """A message without the name of the pod that it is about: each attempt to make one has another name."""
    return re.sub(r'pods "[^"]*"', "pods", text)


def _time(event: Mapping[str, Any]) -> str:
    """When an event was last seen; times are written so that they sort as text."""
    series = cast("Mapping[str, Any]", event.get("series") or {})
    seen = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return str(seen or objects.metadata(event).get("creationTimestamp") or "")


def _selector(live: Mapping[str, Any]) -> str:
    """The labels of a workload's pods, for a list request."""
    spec = cast("Mapping[str, Any]", live.get("spec") or {})
    selector = cast("Mapping[str, Any]", spec.get("selector") or {})
    if live["kind"] == "ReplicationController":
        return ",".join(f"{key}={value}" for key, value in selector.items())
    labels = cast("Mapping[str, str]", selector.get("matchLabels") or {})
    return ",".join(f"{key}={value}" for key, value in labels.items())
