"""Whether a live object is ready, and what keeps it: verdicts over objects, without requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sandbox.plugins.kubernetes import objects
from sandbox.plugins.kubernetes.pods import pod_problems, unready

Object = dict[str, Any]
Objects = Sequence[Mapping[str, Any]]

_NOTHING: Mapping[str, Any] = {}

REVISION = "deployment.kubernetes.io/revision"
_NO_PODS = (
    "Service does not target any Pods: selected Pods may not be ready, or spec.selector may match the labels of none"
)


@dataclass(frozen=True)
class Verdict:
    """How far an object is."""

    ready: bool
    waiting_for: str = ""
    """What it is waited for, for the user to see meanwhile."""
    failure: str = ""
    """Why it will never be ready: waiting on is of no use."""
    note: str = ""
    """What the user should know of it though it is ready."""


@dataclass(frozen=True)
class Around:
    """The live objects that decide about another one."""

    replica_sets: Objects = ()
    endpoint_slices: Objects = ()
    storage_class: Mapping[str, Any] | None = None
    missing_services: Sequence[str] = ()
    """Services that an Ingress leads to and that do not exist."""
    settled: bool = True
    """Whether the endpoints have stayed as they are for a moment."""


@dataclass(frozen=True)
class Rule:
    """How a kind becomes ready."""

    verdict: Callable[[Mapping[str, Any], Around], Verdict]
    timeout: float = 600
    """Seconds, unless the resource says otherwise."""
    needs: frozenset[str] = field(default_factory=frozenset[str])
    """What of Around has to be fetched."""
    watched: bool = True
    """Whether a refresh tells of an object that is no longer ready, too."""


def owned_by(obj: Mapping[str, Any], owner: Mapping[str, Any]) -> bool:
    uid = objects.metadata(owner).get("uid")
    owners = cast("list[Object]", objects.metadata(obj).get("ownerReferences") or [])
    return any(reference.get("uid") == uid for reference in owners)


def condition(obj: Mapping[str, Any], type: str) -> Mapping[str, Any]:
    """The status condition of that type, empty when there is none."""
    conditions = cast("list[Object]", _status(obj).get("conditions") or [])
    return next((entry for entry in conditions if entry.get("type") == type), _NOTHING)


def _status(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", obj.get("status") or {})


def _spec(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", obj.get("spec") or {})


def _observed(obj: Mapping[str, Any]) -> bool:
    """Whether its controller has seen the newest version."""
    return int(_status(obj).get("observedGeneration") or 0) >= int(objects.metadata(obj).get("generation") or 0)


def deployment(obj: Mapping[str, Any], around: Around) -> Verdict:
    """Available, with the newest ReplicaSet rolled out and all its pods ready."""
    if not _observed(obj):
        return Verdict(False, "the Deployment controller to see the change")
    progressing = condition(obj, "Progressing")
    if progressing.get("status") == "False" and progressing.get("reason") == "ProgressDeadlineExceeded":
        return Verdict(False, failure=f"[ProgressDeadlineExceeded] {progressing.get('message')}")
    failing = condition(obj, "ReplicaFailure")
    newest = current_replica_set(obj, around.replica_sets)
    if newest is None:
        reason = f" ({failing.get('message')})" if failing.get("status") == "True" else ""
        return Verdict(False, f"its ReplicaSet{reason}")
    wanted = int(_spec(newest).get("replicas", 1))
    ready = int(_status(newest).get("readyReplicas") or 0)
    if ready < wanted:
        reason = f" ({failing.get('message')})" if failing.get("status") == "True" else ""
        return Verdict(False, f"its pods ({ready}/{wanted} ready){reason}")
    if condition(obj, "Available").get("status") != "True":
        return Verdict(False, f"its pods to be available ({ready}/{wanted} ready)")
    # A first rollout has nothing to progress from: the genuine provider asks for no more then.
    first = objects.annotation(obj, REVISION) == "1"
    if not first and progressing and progressing.get("reason") != "NewReplicaSetAvailable":
        return Verdict(False, "the rollout to end")
    return Verdict(True)


def current_replica_set(deployment: Mapping[str, Any], replica_sets: Objects) -> Mapping[str, Any] | None:
    """The ReplicaSet of the Deployment's present revision."""
    revision = objects.annotation(deployment, REVISION)
    if not revision:
        return None
    owned = (item for item in replica_sets if owned_by(item, deployment))
    return next((item for item in owned if objects.annotation(item, REVISION) == revision), None)


def replication_controller(obj: Mapping[str, Any], around: Around) -> Verdict:
    del around
    wanted, ready = int(_spec(obj).get("replicas", 1)), int(_status(obj).get("availableReplicas") or 0)
    return Verdict(_observed(obj) and ready == wanted, f"its pods ({ready}/{wanted} available)")


def stateful_set(obj: Mapping[str, Any], around: Around) -> Verdict:
    del around
    if not _observed(obj):
        return Verdict(False, "the StatefulSet controller to see the change")
    status = _status(obj)
    wanted, ready = int(_spec(obj).get("replicas", 1)), int(status.get("readyReplicas") or 0)
    strategy = cast("Mapping[str, Any]", _spec(obj).get("updateStrategy") or {}).get("type")
    if ready != wanted or int(status.get("replicas") or 0) != wanted:
        return Verdict(False, f"its pods ({ready}/{wanted} ready)")
    if strategy == "OnDelete" and int(objects.metadata(obj).get("generation") or 0) > 1:
        return Verdict(True)  # its pods are changed by hand
    revisions = [status.get("currentRevision"), status.get("updateRevision")]
    if not revisions[0] or revisions[0] != revisions[1]:
        return Verdict(False, f"the rollout to go from revision {revisions[0]} to {revisions[1]}")
    current = int(status.get("currentReplicas") or 0)
    return Verdict(current == wanted, f"its pods ({current}/{wanted} of the current revision)")


def daemon_set(obj: Mapping[str, Any], around: Around) -> Verdict:
    del around
    if not _observed(obj):
        return Verdict(False, "the DaemonSet controller to see the change")
    status = _status(obj)
    wanted = int(status.get("desiredNumberScheduled") or 0)
    for what, key in (
        ("updated", "updatedNumberScheduled"),
        ("available", "numberAvailable"),
        ("ready", "numberReady"),
    ):
        if int(status.get(key) or 0) < wanted:
            return Verdict(False, f"its pods ({int(status.get(key) or 0)}/{wanted} {what})")
    return Verdict(True)


def pod(obj: Mapping[str, Any], around: Around) -> Verdict:
    del around
    problem = "; ".join(pod_problems([obj]))
    if _status(obj).get("phase") == "Failed":
        return Verdict(False, failure=problem)  # no kubelet starts it again
    return Verdict(not unready(obj), problem or "the pod to be ready")


def job(obj: Mapping[str, Any], around: Around) -> Verdict:
    del around
    failed = condition(obj, "Failed")
    if failed.get("status") == "True":
        return Verdict(False, failure=f"[{failed.get('reason')}] {failed.get('message')}")
    if condition(obj, "Complete").get("status") == "True":
        return Verdict(True)
    if _spec(obj).get("suspend"):
        return Verdict(False, "somebody to lift spec.suspend (pulumi.com/skipAwait does not wait)")
    counts = [f"{int(_status(obj).get(key) or 0)} {key}" for key in ("active", "succeeded", "failed")]
    return Verdict(False, f"its pods to succeed ({', '.join(counts)})")


def service(obj: Mapping[str, Any], around: Around) -> Verdict:
    """An address for a load balancer, and endpoints that are all ready for a selector."""
    type = _spec(obj).get("type", "ClusterIP")
    if type == "LoadBalancer" and not _load_balancer(obj):
        return Verdict(False, "the load balancer's address")
    if type == "ExternalName" or _spec(obj).get("clusterIP") == "None" or not _spec(obj).get("selector"):
        return Verdict(True)
    ready = unready = 0
    for item in around.endpoint_slices:
        for endpoint in cast("list[Object]", item.get("endpoints") or []):
            # A condition that is not there counts as true.
            if cast("Object", endpoint.get("conditions") or {}).get("ready", True):
                ready += 1
            else:
                unready += 1
    if unready or not around.settled:
        return Verdict(False, f"the selected pods ({ready}/{ready + unready} ready)")
    return Verdict(True, note="" if ready else _NO_PODS)


def ingress(obj: Mapping[str, Any], around: Around) -> Verdict:
    """An address, and Services behind its rules; one that does not come is told of but not insisted on."""
    if not _load_balancer(obj):
        return Verdict(False, "its controller to give it an address (status.loadBalancer)")
    missing = ", ".join(around.missing_services)
    if missing and not around.settled:
        return Verdict(False, f"Service {missing}")
    return Verdict(True, note=f"there is no Service {missing}, to which a rule leads" if missing else "")


def backends(ingress: Mapping[str, Any]) -> list[str]:
    """The names of the Services that an Ingress's rules lead to."""
    found: set[str] = set()
    for rule in cast("list[Object]", _spec(ingress).get("rules") or []):
        http = cast("Object", rule.get("http") or {})
        for path in cast("list[Object]", http.get("paths") or []):
            backend = cast("Object", path.get("backend") or {})
            service = cast("Object", backend.get("service") or {})
            found.add(str(service.get("name") or ""))
    return sorted(found - {""})


def _load_balancer(obj: Mapping[str, Any]) -> list[Any]:
    balancer = cast("Mapping[str, list[Any]]", _status(obj).get("loadBalancer") or _NOTHING)
    return balancer.get("ingress") or []


def persistent_volume_claim(obj: Mapping[str, Any], around: Around) -> Verdict:
    phase = _status(obj).get("phase")
    mode = (around.storage_class or {}).get("volumeBindingMode")
    if phase == "Pending" and mode == "WaitForFirstConsumer":
        return Verdict(True)  # it is bound once a pod wants it
    return Verdict(phase == "Bound", f"a volume (the claim is {phase or 'new'})")


def persistent_volume(obj: Mapping[str, Any], around: Around) -> Verdict:
    del around
    return Verdict(_status(obj).get("phase") in ("Available", "Bound"), "the volume to be available")


def resource_quota(obj: Mapping[str, Any], around: Around) -> Verdict:
    del around
    return Verdict(_spec(obj).get("hard") == _status(obj).get("hard"), "the quota to take effect")


def secret(obj: Mapping[str, Any], around: Around) -> Verdict:
    del around
    filled = obj.get("type") != "kubernetes.io/service-account-token" or bool(obj.get("data"))
    return Verdict(filled, "the token controller to write the token")


def custom_resource_definition(obj: Mapping[str, Any], around: Around) -> Verdict:
    del around
    names = condition(obj, "NamesAccepted")
    if names.get("status") == "False":
        return Verdict(False, failure=f"[{names.get('reason')}] {names.get('message')}")
    return Verdict(condition(obj, "Established").get("status") == "True", "the API server to serve it")


_WORKLOAD = frozenset({"pods"})

# As the genuine provider has it, a ReplicaSet of its own is not waited for. It does not wait for a CRD either, and
# tries its custom resources again instead: either way they come after it.
RULES: Mapping[tuple[str, str], Rule] = {
    ("apps", "Deployment"): Rule(deployment, needs=frozenset({"replica_sets", "pods"})),
    ("apps", "StatefulSet"): Rule(stateful_set, needs=_WORKLOAD),
    ("apps", "DaemonSet"): Rule(daemon_set, needs=_WORKLOAD),
    ("batch", "Job"): Rule(job, needs=_WORKLOAD),
    ("", "Pod"): Rule(pod),
    ("", "ReplicationController"): Rule(replication_controller, needs=_WORKLOAD, watched=False),
    ("", "Service"): Rule(service, needs=frozenset({"endpoint_slices"})),
    ("networking.k8s.io", "Ingress"): Rule(ingress, needs=frozenset({"services"})),
    ("", "PersistentVolumeClaim"): Rule(
        persistent_volume_claim, 300, needs=frozenset({"storage_class"}), watched=False
    ),
    ("", "PersistentVolume"): Rule(persistent_volume, 300, watched=False),
    ("", "ResourceQuota"): Rule(resource_quota, 60, watched=False),
    ("", "Secret"): Rule(secret, 5, watched=False),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): Rule(custom_resource_definition, 60, watched=False),
}


def rule_for(obj: Mapping[str, Any]) -> Rule | None:
    """How objects of this kind become ready; None for those that are as soon as they exist."""
    group = str(obj.get("apiVersion", "")).rpartition("/")[0]
    return RULES.get((group, str(obj.get("kind"))))
