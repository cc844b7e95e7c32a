"""Waiting for live objects: until they are ready, or until they are gone."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sandbox.kube import ApiError, KubeClient, UnknownKind
from sandbox.plugins.kubernetes import objects
from sandbox.plugins.kubernetes.pods import pod_problems
from sandbox.plugins.kubernetes.readiness import (
    Around,
    Rule,
    Verdict,
    condition,
    current_replica_set,
    owned_by,
    rule_for,
)
from sandbox.plugins.protocol import ProviderError

Object = dict[str, Any]
Log = Callable[[str], None]

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 1.0
SETTLE = 1.0
"""Seconds for which a Service's endpoints must stay unchanged."""


class NotReady(Exception):
    """The object exists and did not become ready."""

    def __init__(self, live: Object, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.live = live
        self.reasons = reasons


@dataclass(frozen=True)
class Waiter:
    """Waits on one API server until the user cancels."""

    client: KubeClient
    cancelled: threading.Event

    def until_ready(self, live: Object, inputs: Mapping[str, Any], *, timeout: float, log: Log) -> Object:
        """The object once it is ready. Raises NotReady when it fails, or when time is up.

        ``timeout`` is what the resource's options ask for, 0 when they ask for nothing.
        """
        if objects.annotation(inputs, objects.SKIP_AWAIT) == "true":
            return live
        wanted = objects.wait_conditions(inputs)
        rule = rule_for(live)
        if not wanted and rule is None:
            return live
        limit = objects.timeout_seconds(timeout, inputs, rule.timeout if rule and not wanted else 600)
        endpoints = _Settling()
        verdict = Verdict(False)
        around = Around()
        said = ""
        for _ in self._pauses(limit):
            found = self._get(live)
            if found is None:
                raise NotReady(live, ["it was deleted while it was waited for"])
            live = found
            if wanted:
                verdict = _conditions_met(live, wanted)
            else:
                assert rule is not None
                around = self._around(live, rule, endpoints)
                verdict = rule.verdict(live, around)
            if verdict.ready:
                log(verdict.note)  # an empty one clears what was shown
                return live
            if verdict.failure:
                raise NotReady(live, [verdict.failure, *self._problems(live, around)])
            if verdict.waiting_for != said:
                said = verdict.waiting_for
                log(f"waiting for {said}")
        reason = "cancelled" if self.cancelled.is_set() else f"not ready after {limit:.0f} s"
        raise NotReady(live, [f"{reason}: waiting for {verdict.waiting_for}", *self._problems(live, around)])

    def until_gone(self, live: Mapping[str, Any], *, timeout: float, log: Log) -> None:
        """Return once the object no longer exists, or is another one of the same name."""
        uid = objects.metadata(live).get("uid")
        last: Object = dict(live)
        said = ""
        for _ in self._pauses(timeout):
            found = self._get(live)
            if found is None or objects.metadata(found).get("uid") != uid:
                log("")
                return
            last = found
            text = _kept_by(last)
            if text != said:
                said = text
                log(f"waiting for the deletion to finish{text}")
        reason = "was cancelled" if self.cancelled.is_set() else f"did not finish within {timeout:.0f} s"
        raise ProviderError(f"the deletion of {objects.describe(live)} {reason}{_kept_by(last)}")

    def pause(self, seconds: float) -> None:
        """Sleep, unless the user cancels. Raises ProviderError then."""
        if self.cancelled.wait(seconds):
            raise ProviderError("cancelled")

    def _pauses(self, limit: float) -> Iterator[None]:
        """Go on at growing intervals until ``limit`` seconds are over."""
        end = time.monotonic() + limit
        pause = FIRST_PAUSE
        while True:
            yield
            left = end - time.monotonic()
            if left <= 0 or self.cancelled.wait(min(pause, left)):
                return
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def _get(self, obj: Mapping[str, Any]) -> Object | None:
        meta = objects.metadata(obj)
        try:
            return self.client.get(obj["apiVersion"], obj["kind"], meta["name"], meta.get("namespace"))
        except UnknownKind:
            return None

    def _around(self, live: Object, rule: Rule, endpoints: _Settling) -> Around:
        meta = objects.metadata(live)
        namespace = meta.get("namespace")
        client = self.client
        replica_sets: list[Object] = []
        slices: list[Object] = []
        storage_class = None
        if "replica_sets" in rule.needs:
            replica_sets = client.list("apps/v1", "ReplicaSet", namespace, label_selector=_selector(live))
        if "endpoint_slices" in rule.needs:
            label = f"kubernetes.io/service-name={meta['name']}"
            slices = client.list("discovery.k8s.io/v1", "EndpointSlice", namespace, label_selector=label)
        if "storage_class" in rule.needs and (name := live.get("spec", {}).get("storageClassName")):
            storage_class = client.get("storage.k8s.io/v1", "StorageClass", name)
        settled = endpoints.settled(slices) if "endpoint_slices" in rule.needs else True
        return Around(
            replica_sets=replica_sets,
            endpoint_slices=slices,
            storage_class=storage_class,
            settled=settled,
        )

    def _problems(self, live: Object, around: Around) -> list[str]:
        """What the object's pods say. Asked for only when they are to blame."""
        rule = rule_for(live)
        if rule is None or "pods" not in rule.needs:
            return []
        namespace = objects.metadata(live).get("namespace")
        try:
            pods = self.client.list("v1", "Pod", namespace, label_selector=_selector(live))
        except ApiError:
            return []
        owner: Mapping[str, Any] | None = live
        if live["kind"] == "Deployment":
            owner = current_replica_set(live, around.replica_sets)
        owned = [pod for pod in pods if owner is not None and owned_by(pod, owner)]
        return pod_problems(owned)


class _Settling:
    """Tells when a Service's endpoints stop changing."""

    def __init__(self) -> None:
        self._versions: list[str] | None = None
        self._since = 0.0

    def settled(self, slices: list[Object]) -> bool:
        versions = sorted(str(objects.metadata(item).get("resourceVersion")) for item in slices)
        if versions != self._versions:
            self._versions, self._since = versions, time.monotonic()
        return time.monotonic() - self._since >= SETTLE


def _selector(live: Mapping[str, Any]) -> str:
    """The labels of a workload's pods, for a list request."""
    spec = cast("Mapping[str, Any]", live.get("spec") or {})
    selector = cast("Mapping[str, Any]", spec.get("selector") or {})
    if live["kind"] == "ReplicationController":
        return ",".join(f"{key}={value}" for key, value in selector.items())
    labels = cast("Mapping[str, str]", selector.get("matchLabels") or {})
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _kept_by(live: Mapping[str, Any]) -> str:
    """What still holds an object that is being deleted."""
    finalizers = cast("list[str]", objects.metadata(live).get("finalizers") or [])
    parts = [f"finalizers {', '.join(finalizers)}"] if finalizers else []
    if live.get("kind") == "Namespace":
        for type in ("NamespaceContentRemaining", "NamespaceFinalizersRemaining", "NamespaceDeletionDiscoveryFailure"):
            found = condition(live, type)
            if found.get("status") == "True":
                parts.append(str(found.get("message")))
    return f": {'; '.join(parts)}" if parts else ""


def _conditions_met(live: Object, wanted: list[str]) -> Verdict:
    missing = [text for text in wanted if not _met(live, text)]
    return Verdict(not missing, ", ".join(missing))


def _met(live: Object, text: str) -> bool:
    """``condition=Type``, ``condition=Type=Status``, ``jsonpath={.path}`` or ``jsonpath={.path}=value``."""
    if text.startswith("condition="):
        type, _, status = text.removeprefix("condition=").partition("=")
        return condition(live, type).get("status") == (status or "True")
    match = re.fullmatch(r"jsonpath=\{\s*\$?\.([\w.\-\[\]]+)\s*\}(?:=(.*))?", text)
    if match is None:
        raise ProviderError(
            f"{objects.WAIT_FOR} is {text!r}: it must be condition=<Type>[=<status>] or jsonpath={{.path}}[=<value>]"
        )
    value: Any = live
    for part in re.findall(r"[\w\-]+", match[1]):
        if isinstance(value, list) and part.isdigit():
            items = cast("list[Any]", value)
            value = items[int(part)] if int(part) < len(items) else None
        else:
            value = cast("Object", value).get(part) if isinstance(value, dict) else None
    if value is None:
        return False
    return match[2] is None or match[2] == (value if isinstance(value, str) else json.dumps(value))
