"""The simulation of EKS node groups: Node objects come, change and go as the groups say."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv4Network
from typing import Any

from sandbox.cloud import moto_state
from sandbox.cloud.eks.progress import Progress
from sandbox.cloud.eks.state import Cluster, Clusters
from sandbox.cloud.machines import (
    GROUP_LABEL,
    LABELS_ANNOTATION,
    TAINTS_ANNOTATION,
    TEMPLATE_ANNOTATION,
    Machine,
    generation,
    taints,
)
from sandbox.cloud.operations import AwsError, Record
from sandbox.kube import ApiError, KubeClient

_DRAIN_TIMEOUT = 30.0
"""Seconds that pods get to leave a node, whatever their disruption budgets say. On AWS it is 15 minutes."""
_FIRST_ADDRESS = 10
"""AWS keeps the first addresses of a subnet; gateways and load balancers take the next ones."""

Node = dict[str, Any]


class NodeSimulation:
    """Keeps the API server's nodes as the node groups want them, and the groups' status as the nodes are."""

    def __init__(self, clusters: Clusters, progress: Progress) -> None:
        self._clusters = clusters
        self._progress = progress
        self._drained_since: dict[str, float] = {}
        self._version = ""

    def step(self, kube: KubeClient) -> bool:
        """One step. Returns whether there is more to do."""
        busy = [self._reconcile(kube, cluster) for cluster in self._clusters]  # all of them, each time
        return any(busy)

    def _reconcile(self, kube: KubeClient, cluster: Cluster) -> bool:
        if cluster.record["status"] == "CREATING":
            return False
        self._version = self._version or kube.server_version()
        groups = self._progress.node_groups(cluster)
        everyone = kube.list("v1", "Node", label_selector=GROUP_LABEL)
        names = {group["nodegroupName"] for group in groups}
        strangers = [node for node in everyone if node["metadata"]["labels"][GROUP_LABEL] not in names]
        for node in strangers:
            self._drain(kube, node)
        busy = bool(strangers)
        for group in groups:
            nodes = [node for node in everyone if node["metadata"]["labels"][GROUP_LABEL] == group["nodegroupName"]]
            try:
                done = self._reconcile_group(kube, cluster, group, nodes, everyone)
            except AwsError as error:  # its subnets or launch template were deleted
                status = "CREATE_FAILED" if group["status"] in ("CREATING", "CREATE_FAILED") else "DEGRADED"
                issue = {"code": "NodeCreationFailure", "message": error.message}
                self._progress.node_group(cluster, group, status, issue)
                continue
            if done and group["status"] == "DELETING":
                self._progress.node_group_gone(cluster, group)
            elif done and group["status"] in ("CREATING", "UPDATING", "DEGRADED"):
                self._progress.node_group(cluster, group, "ACTIVE")
            busy = busy or not done
        return busy

    def _reconcile_group(
        self, kube: KubeClient, cluster: Cluster, group: Record, nodes: list[Node], everyone: list[Node]
    ) -> bool:
        """Returns whether the nodes are as the group wants them."""
        leaving = group["status"] == "DELETING"
        wanted = 0 if leaving else int(group["scalingConfig"]["desiredSize"])
        template = generation(group)
        current = [node for node in nodes if node["metadata"]["annotations"].get(TEMPLATE_ANNOTATION) == template]
        outdated = [node for node in nodes if node not in current]
        for _ in range(wanted - len(current)):
            node = self._machine(cluster, group, current, everyone).node()
            kube.create(node)
            current.append(node)
            everyone.append(node)
        for node in current:
            _update(kube, group, node)
        surplus = _surplus(current, len(current) - wanted)
        staying = [node for node in current if node not in surplus]
        ready = all(_ready(node) for node in staying)
        # New nodes first: what must leave an old one then has somewhere to go.
        for node in [*surplus, *(outdated if ready else [])]:
            self._drain(kube, node)
        return ready and not surplus and not outdated

    def _machine(self, cluster: Cluster, group: Record, current: list[Node], everyone: Iterable[Node]) -> Machine:
        region = cluster.region
        template = moto_state.launch_template(region, group["launchTemplate"]) if "launchTemplate" in group else None
        types: list[str] = group.get("instanceTypes") or [str(template.instance_type if template else None)]
        spot = group["capacityType"] == "SPOT"
        subnets = [moto_state.subnet(region, each) for each in group["subnets"]]
        # Auto Scaling balances zones, and on-demand groups take the first type that is to be had.
        populations = Counter(node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in current)
        subnet = min(subnets, key=lambda each: populations[each.zone])
        taken = {address["address"] for node in everyone for address in node["status"]["addresses"]}
        address = next(
            (str(host) for host in list(IPv4Network(subnet.cidr))[_FIRST_ADDRESS:-1] if str(host) not in taken), None
        )
        if address is None:
            raise AwsError("InsufficientFreeAddresses", f"Subnet {subnet.id} ({subnet.cidr}) has no free address")
        return Machine(
            group=group,
            type=moto_state.instance_type(types[len(current) % len(types)] if spot else types[0]),
            subnet=subnet,
            region=region,
            address=address,
            kubelet_version=self._version,
            template=template,
        )

    def _drain(self, kube: KubeClient, node: Node) -> None:
        """One step of draining: cordon, evict, and delete the node once nothing but daemons is left on it."""
        name = node["metadata"]["name"]
        began = self._drained_since.setdefault(name, time.monotonic())
        if not node["spec"].get("unschedulable"):
            kube.patch("v1", "Node", name, None, {"spec": {"unschedulable": True}})
        pods = kube.list("v1", "Pod", field_selector=f"spec.nodeName={name}")
        movable = [pod for pod in pods if not _is_daemon(pod)]
        if movable and time.monotonic() - began < _DRAIN_TIMEOUT:
            for pod in movable:
                if "deletionTimestamp" not in pod["metadata"]:
                    _evict(kube, pod)
            return
        kube.delete("v1", "Node", name)
        for pod in pods:
            kube.delete("v1", "Pod", pod["metadata"]["name"], pod["metadata"]["namespace"], grace_period=0)
        del self._drained_since[name]


def _update(kube: KubeClient, group: Record, node: Node) -> None:
    """Carry changed labels and taints of the group over to a node that is there already."""
    annotations = node["metadata"]["annotations"]
    wanted_taints = taints(group)
    old_taints = json.loads(annotations[TAINTS_ANNOTATION])
    old_labels = set(json.loads(annotations[LABELS_ANNOTATION]))
    labels: dict[str, str | None] = dict.fromkeys(old_labels - set(group["labels"]))
    labels |= {key: value for key, value in group["labels"].items() if node["metadata"]["labels"].get(key) != value}
    if wanted_taints == old_taints and not labels:
        return
    others = [taint for taint in _listed(node["spec"], "taints") if taint not in old_taints]
    patch: dict[str, Any] = {
        "metadata": {
            "labels": labels,
            "annotations": {
                TAINTS_ANNOTATION: json.dumps(wanted_taints),
                LABELS_ANNOTATION: json.dumps(sorted(group["labels"])),
            },
        },
        "spec": {"taints": others + wanted_taints},
    }
    kube.patch("v1", "Node", node["metadata"]["name"], None, patch)


def _surplus(nodes: list[Node], count: int) -> list[Node]:
    """The nodes to give up: cordoned ones first, then of the fullest zone."""
    left, chosen = list(nodes), list[Node]()
    for _ in range(max(0, count)):
        populations = Counter(node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in left)
        node = max(
            left,
            key=lambda each: (
                bool(each["spec"].get("unschedulable")),
                populations[each["metadata"]["labels"]["topology.kubernetes.io/zone"]],
                each["metadata"]["name"],
            ),
        )
        left.remove(node)
        chosen.append(node)
    return chosen


def _evict(kube: KubeClient, pod: dict[str, Any]) -> None:
    try:
        kube.evict(pod["metadata"]["name"], pod["metadata"]["namespace"])
    except ApiError as error:
        if error.status != 429:  # a disruption budget forbids it for now
            raise


def _is_daemon(pod: dict[str, Any]) -> bool:
    return any(owner["kind"] in ("DaemonSet", "Node") for owner in pod["metadata"].get("ownerReferences", []))


def _listed(part: dict[str, Any], key: str) -> list[dict[str, Any]]:
    return part.get(key) or []


def _ready(node: Node) -> bool:
    conditions = _listed(node.get("status", {}), "conditions")
    taints_ = _listed(node["spec"], "taints")
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions) and not any(
        taint["key"] == "node.kubernetes.io/not-ready" for taint in taints_
    )
