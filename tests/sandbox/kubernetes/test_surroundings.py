"""What is told of an object that does not get ready: its pods, and the events of controllers."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.plugins.kubernetes.readiness import Around
from sandbox.plugins.kubernetes.resources import Resources
from sandbox.plugins.kubernetes.surroundings import Surroundings
from sandbox.plugins.protocol import InitFailed
from tests.sandbox.kubernetes.fake_kube import FakeKube, Said, cluster

Object = dict[str, Any]

SELECTOR = {"selector": {"matchLabels": {"app": "web"}}}


def event(message: str, about: str, kind: str, reason: str = "FailedCreate", at: str = "10", **fields: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{reason}-{about}-{at}", "namespace": "shop"},
        "involvedObject": {"kind": kind, "name": "web", "uid": about},
        "type": "Warning",
        "reason": reason,
        "message": message,
        "lastTimestamp": f"2026-01-01T00:00:{at}Z",
        **fields,
    }


def stateful_set() -> Object:
    metadata = {"name": "web", "namespace": "shop", "uid": "s"}
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": SELECTOR}


def problems(kube: FakeKube, said: str = "") -> list[str]:
    client: Any = kube
    return Surroundings(client).problems(stateful_set(), Around(), said)


@pytest.fixture
def kube() -> FakeKube:
    return FakeKube()


def test_the_newest_warning_of_each_reason_is_told(kube: FakeKube) -> None:
    kube.put(event("exceeded quota: old", "s", "StatefulSet"))
    kube.put(event("(combined from similar events): exceeded quota: new", "s", "StatefulSet", at="20"))
    kube.put(event("volume is gone", "s", "StatefulSet", reason="FailedMount", at="15"))
    kube.put(event("of somebody else", "x", "StatefulSet", at="30"))
    assert problems(kube) == [
        "[StatefulSet web] FailedCreate: exceeded quota: new",
        "[StatefulSet web] FailedMount: volume is gone",
    ]


def test_a_series_of_events_is_as_new_as_its_last(kube: FakeKube) -> None:
    kube.put(event("older", "s", "StatefulSet", at="20"))
    series = {"series": {"lastObservedTime": "2026-01-01T00:00:30.000000Z"}, "lastTimestamp": None}
    kube.put(event("newer", "s", "StatefulSet", at="05", **series))
    assert problems(kube) == ["[StatefulSet web] FailedCreate: newer"]


def test_what_a_condition_has_said_of_one_pod_is_not_said_again_of_the_next(kube: FakeKube) -> None:
    kube.put(event('Error creating: pods "web-2" is forbidden: exceeded quota', "s", "StatefulSet"))
    assert problems(kube, said='waiting for its pods (pods "web-1" is forbidden: exceeded quota)') == []


def test_the_events_of_pods_that_are_not_ready_are_told(kube: FakeKube) -> None:
    for name, status in (("a", {"phase": "Pending"}), ("b", {"conditions": [{"type": "Ready", "status": "True"}]})):
        owners = [{"uid": "s"}]
        metadata = {"name": name, "namespace": "shop", "uid": name, "labels": {"app": "web"}, "ownerReferences": owners}
        kube.put({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status})
        kube.put(event(f"no volume for {name}", name, "Pod", reason="FailedMount"))
    assert problems(kube) == ["[Pod web] FailedMount: no volume for a"]


def test_a_wait_that_ends_in_vain_tells_the_events(kube: FakeKube) -> None:
    kube.settle = lambda obj: kube.objects.update(
        {("v1", "Event", "shop", "e"): event("exceeded quota", obj["metadata"]["uid"], "DaemonSet")}
    )
    metadata = {"name": "web", "namespace": "shop"}
    news = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "spec": SELECTOR}
    news["status"] = {"desiredNumberScheduled": 1}
    with pytest.raises(InitFailed) as raised:
        Resources(cluster(kube)).create(Said().call("kubernetes:apps/v1:DaemonSet", timeout=0.2), news)
    assert raised.value.reasons == [
        "DaemonSet shop/web: not ready after 0 s: waiting for its pods (0/1 updated)",
        "DaemonSet shop/web: [DaemonSet web] FailedCreate: exceeded quota",
    ]


def test_a_refresh_tells_of_what_is_no_longer_ready(kube: FakeKube) -> None:
    metadata = {"name": "web", "namespace": "shop"}
    news = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "spec": SELECTOR}
    provider = Resources(cluster(kube))
    call = Said().call("kubernetes:apps/v1:DaemonSet")
    id, outputs = provider.create(call, news)
    live = kube.objects["apps/v1", "DaemonSet", "shop", "web"]
    assert provider.read(call, id, news, outputs) is not None
    live["status"] = {"desiredNumberScheduled": 2, "updatedNumberScheduled": 1}
    with pytest.raises(InitFailed) as raised:
        provider.read(call, id, news, outputs)
    assert raised.value.reasons == ["DaemonSet shop/web: not ready: waiting for its pods (1/2 updated)"]
    assert raised.value.outputs["status"] == live["status"]
    assert raised.value.inputs["spec"] == SELECTOR
    live["metadata"]["generation"] = 2
    live["status"]["observedGeneration"] = 1
    assert provider.read(call, id, news, outputs) is not None  # nobody can tell yet
    skipped = {**news, "metadata": {**metadata, "annotations": {"pulumi.com/skipAwait": "true"}}}
    assert provider.read(call, id, skipped, outputs) is not None
