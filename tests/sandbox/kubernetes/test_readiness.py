"""When an object counts as ready, and what is said of one that is not."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.plugins.kubernetes.pods import pod_problems
from sandbox.plugins.kubernetes.readiness import Around, Verdict, backends, rule_for

Object = dict[str, Any]


def live(kind: str, api_version: str = "v1", **fields: Any) -> Object:
    metadata = {"name": "web", "namespace": "shop", "uid": "u1", "generation": 2, **fields.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def verdict(obj: Object, **around: Any) -> Verdict:
    rule = rule_for(obj)
    assert rule is not None
    return rule.verdict(obj, Around(**around))


def conditions(**statuses: Any) -> list[Object]:
    """Conditions by type: a status, or (status, reason, message)."""
    entries: list[Object] = []
    for type, value in statuses.items():
        status, reason, message = value if isinstance(value, tuple) else (value, "", "")
        entries.append({"type": type, "status": status, "reason": reason, "message": message})
    return entries


def deployment(revision: str = "2", observed: int = 2, **statuses: Any) -> Object:
    annotations = {"deployment.kubernetes.io/revision": revision} if revision else {}
    status = {"observedGeneration": observed, "conditions": conditions(**statuses)}
    return live("Deployment", "apps/v1", metadata={"annotations": annotations}, spec={"replicas": 3}, status=status)


def replica_set(ready: int, revision: str = "2", wanted: int = 3) -> Object:
    metadata = {
        "annotations": {"deployment.kubernetes.io/revision": revision},
        "ownerReferences": [{"uid": "u1"}],
        "uid": f"rs-{revision}",
    }
    return live("ReplicaSet", "apps/v1", metadata=metadata, spec={"replicas": wanted}, status={"readyReplicas": ready})


ROLLED_OUT = {"Available": "True", "Progressing": ("True", "NewReplicaSetAvailable", "")}


@pytest.mark.parametrize(
    ("obj", "replica_sets", "ready", "waiting_for"),
    [
        (deployment(**ROLLED_OUT), [replica_set(3)], True, ""),
        (deployment(observed=1, **ROLLED_OUT), [replica_set(3)], False, "controller to see"),
        (deployment(revision=""), [], False, "its ReplicaSet"),
        (deployment(**ROLLED_OUT), [replica_set(3, "1"), replica_set(2)], False, r"2/3 ready"),
        (deployment(Available="False"), [replica_set(3)], False, "available"),
        (
            deployment(Available="True", Progressing=("True", "ReplicaSetUpdated", "")),
            [replica_set(3)],
            False,
            "rollout to end",
        ),
        # A first rollout has nothing to progress from.
        (deployment("1", Available="True", Progressing=("True", "x", "")), [replica_set(3, "1")], True, ""),
        (deployment(**ROLLED_OUT), [replica_set(0, wanted=0)], True, ""),
        (
            deployment("1", Available="False", ReplicaFailure=("True", "FailedCreate", "exceeded quota")),
            [replica_set(0, "1")],
            False,
            "exceeded quota",
        ),
    ],
)
def test_a_deployment_is_ready_when_its_newest_pods_are(
    obj: Object, replica_sets: list[Object], ready: bool, waiting_for: str
) -> None:
    found = verdict(obj, replica_sets=replica_sets)
    assert found.ready is ready
    assert waiting_for in found.waiting_for


def test_a_deployment_past_its_deadline_has_failed() -> None:
    late = deployment(Progressing=("False", "ProgressDeadlineExceeded", "timed out progressing"))
    assert verdict(late).failure == "[ProgressDeadlineExceeded] timed out progressing"


@pytest.mark.parametrize(
    ("status", "ready"),
    [
        ({"conditions": conditions(Complete="True")}, True),
        ({"active": 1}, False),
        ({}, False),
    ],
)
def test_a_job_is_ready_when_it_is_complete(status: Object, ready: bool) -> None:
    assert verdict(live("Job", "batch/v1", spec={}, status=status)).ready is ready


def test_a_failed_job_says_why() -> None:
    status = {"conditions": conditions(Failed=("True", "BackoffLimitExceeded", "too many failures"))}
    found = verdict(live("Job", "batch/v1", spec={}, status=status))
    assert found.failure == "[BackoffLimitExceeded] too many failures"


ADDRESS = {"loadBalancer": {"ingress": [{"hostname": "lb.example.com"}]}}
READY, UNREADY = {"endpoints": [{"conditions": {"ready": True}}]}, {"endpoints": [{"conditions": {"ready": False}}]}


@pytest.mark.parametrize(
    ("spec", "status", "slices", "settled", "ready"),
    [
        ({"selector": {"a": "b"}}, {}, [READY], True, True),
        ({"selector": {"a": "b"}}, {}, [READY], False, False),
        ({"selector": {"a": "b"}}, {}, [READY, UNREADY], True, False),
        ({"selector": {"a": "b"}}, {}, [], True, True),
        ({"selector": {"a": "b"}, "clusterIP": "None"}, {}, [UNREADY], False, True),
        ({"type": "ExternalName", "selector": {"a": "b"}}, {}, [UNREADY], False, True),
        ({}, {}, [], False, True),
        ({"type": "LoadBalancer"}, {}, [], True, False),
        ({"type": "LoadBalancer"}, ADDRESS, [], True, True),
        ({"type": "LoadBalancer", "selector": {"a": "b"}}, ADDRESS, [UNREADY], True, False),
    ],
)
def test_a_service_needs_its_address_and_ready_pods(
    spec: Object, status: Object, slices: list[Object], settled: bool, ready: bool
) -> None:
    found = verdict(live("Service", spec=spec, status=status), endpoint_slices=slices, settled=settled)
    assert found.ready is ready


def test_a_service_without_pods_is_ready_but_the_user_is_told() -> None:
    assert "does not target any Pods" in verdict(live("Service", spec={"selector": {"a": "b"}})).note


SET = {"observedGeneration": 2}
TWO_READY = SET | {"replicas": 2, "readyReplicas": 2, "currentReplicas": 2}


@pytest.mark.parametrize(
    ("kind", "status", "ready"),
    [
        ("StatefulSet", TWO_READY | {"currentRevision": "a", "updateRevision": "a"}, True),
        ("StatefulSet", TWO_READY | {"currentRevision": "a", "updateRevision": "b"}, False),
        ("StatefulSet", TWO_READY | {"currentRevision": "a", "updateRevision": "a", "currentReplicas": 1}, False),
        ("StatefulSet", TWO_READY | {"currentRevision": "a", "updateRevision": "a", "readyReplicas": 1}, False),
        (
            "DaemonSet",
            SET | {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2, "numberReady": 2},
            True,
        ),
        ("DaemonSet", SET | {"desiredNumberScheduled": 2, "updatedNumberScheduled": 1}, False),
        ("DaemonSet", {"observedGeneration": 1}, False),
    ],
)
def test_other_workloads_wait_for_all_their_pods(kind: str, status: Object, ready: bool) -> None:
    assert verdict(live(kind, "apps/v1", spec={"replicas": 2}, status=status)).ready is ready


@pytest.mark.parametrize(
    ("obj", "around", "ready"),
    [
        (live("PersistentVolumeClaim", status={"phase": "Bound"}), {}, True),
        (live("PersistentVolumeClaim", status={"phase": "Pending"}), {}, False),
        (
            live("PersistentVolumeClaim", status={"phase": "Pending"}),
            {"storage_class": {"volumeBindingMode": "WaitForFirstConsumer"}},
            True,
        ),
        (live("Ingress", "networking.k8s.io/v1", status={}), {}, False),
        (live("Ingress", "networking.k8s.io/v1", status=ADDRESS), {}, True),
        (live("Pod", status={"conditions": conditions(Ready="True")}), {}, True),
        (live("Pod", status={"phase": "Succeeded"}), {}, True),
        (live("Pod", status={"phase": "Pending"}), {}, False),
        (live("Secret", type="Opaque"), {}, True),
        (live("Secret", type="kubernetes.io/service-account-token"), {}, False),
        (live("ResourceQuota", spec={"hard": {"pods": "1"}}, status={"hard": {"pods": "1"}}), {}, True),
        (
            live(
                "CustomResourceDefinition",
                "apiextensions.k8s.io/v1",
                status={"conditions": conditions(Established="True")},
            ),
            {},
            True,
        ),
    ],
)
def test_other_kinds_have_their_own_sign(obj: Object, around: Object, ready: bool) -> None:
    assert verdict(obj, **around).ready is ready


@pytest.mark.parametrize("kind", ["ConfigMap", "Namespace", "ServiceAccount", "apps/v1/ReplicaSet"])
def test_most_kinds_are_ready_once_they_exist(kind: str) -> None:
    version, _, name = kind.rpartition("/")
    assert rule_for(live(name, version or "v1")) is None


def test_a_pod_that_has_failed_is_not_waited_for() -> None:
    failed = verdict(live("Pod", status={"phase": "Failed", "reason": "Evicted", "message": "disk"}))
    assert failed.failure == "[Pod web] Evicted: disk"


def test_a_suspended_job_is_not_ready() -> None:
    assert "spec.suspend" in verdict(live("Job", "batch/v1", spec={"suspend": True})).waiting_for


def test_an_ingress_without_its_services_is_ready_after_a_while_and_says_so() -> None:
    backend = {"service": {"name": "app", "port": {"number": 80}}}
    rules = [{"http": {"paths": [{"backend": backend}, {"backend": {"resource": {}}}]}}, {"host": "example.com"}]
    ingress = live("Ingress", "networking.k8s.io/v1", spec={"rules": rules}, status=ADDRESS)
    assert backends(ingress) == ["app"]
    early = verdict(ingress, missing_services=["app"], settled=False)
    assert (early.ready, early.waiting_for) == (False, "Service app")
    assert "no Service app" in verdict(ingress, missing_services=["app"]).note


def pod(name: str, **status: Any) -> Object:
    return {"metadata": {"name": name}, "status": status}


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (
            {"conditions": conditions(PodScheduled=("False", "Unschedulable", "0/2 nodes are available"))},
            "Unschedulable: 0/2 nodes are available",
        ),
        (
            {
                "containerStatuses": [
                    {"name": "c", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no x"}}}
                ]
            },
            "container 'c' waits: ImagePullBackOff: no x",
        ),
        (
            {
                "containerStatuses": [
                    {
                        "name": "c",
                        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                        "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": "boom"}},
                    }
                ]
            },
            "waits: CrashLoopBackOff: no message; container 'c' last ended with exit code 1 (Error): boom",
        ),
        (
            {"initContainerStatuses": [{"name": "i", "state": {"terminated": {"exitCode": 2, "reason": "Error"}}}]},
            "container 'i' ended with exit code 2 (Error)",
        ),
        ({"phase": "Failed", "reason": "Evicted", "message": "disk"}, "Evicted: disk"),
        (
            {"conditions": conditions(Ready=("False", "x", "containers with unready status: [c]"))},
            "unready status: [c]",
        ),
    ],
)
def test_pods_say_what_keeps_them(status: Object, problem: str) -> None:
    (line,) = pod_problems([pod("a", **status)])
    assert line.startswith("[Pod a]")
    assert problem in line


def test_the_same_trouble_of_many_pods_is_told_once() -> None:
    status = {"phase": "Failed", "reason": "Evicted", "message": "disk"}
    assert pod_problems([pod("a", **status), pod("b", **status)]) == ["[Pod a and 1 more] Evicted: disk"]


def test_ready_pods_have_no_problems() -> None:
    assert pod_problems([pod("a", conditions=conditions(Ready="True")), pod("b", phase="Succeeded")]) == []
