"""The node that an EC2 machine becomes: its name, labels, taints, and what it has room for."""

from __future__ import annotations

import json
import math
import secrets
from dataclasses import dataclass
from typing import Any, cast

from sandbox.cloud.moto_state import InstanceType, LaunchTemplate, Subnet
from sandbox.cloud.operations import Record
from sandbox.control_plane import NODE_ANNOTATION

GROUP_LABEL = "eks.amazonaws.com/nodegroup"
TEMPLATE_ANNOTATION = "sandbox.platform/template"
"""What the machine was made from: nodes whose group has moved on are replaced."""
TAINTS_ANNOTATION = "sandbox.platform/taints"
LABELS_ANNOTATION = "sandbox.platform/labels"
_EFFECTS = {
    "NO_SCHEDULE": "NoSchedule",
    "NO_EXECUTE": "NoExecute",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
}


@dataclass(frozen=True)
class Machine:
    """What a node of a group is made of."""

    group: Record
    type: InstanceType
    subnet: Subnet
    region: str
    address: str
    kubelet_version: str
    template: LaunchTemplate | None

    @property
    def name(self) -> str:
        domain = "ec2.internal" if self.region == "us-east-1" else f"{self.region}.compute.internal"
        return f"ip-{self.address.replace('.', '-')}.{domain}"

    def node(self) -> dict[str, Any]:
        """The Node as its kubelet registers it."""
        key, _, value = NODE_ANNOTATION.partition("=")
        annotations = {
            key: value,
            TEMPLATE_ANNOTATION: generation(self.group),
            TAINTS_ANNOTATION: json.dumps(taints(self.group)),
            LABELS_ANNOTATION: json.dumps(sorted(self.group["labels"])),
        }
        capacity, allocatable = resources(self.type, self._disk_gib)
        operating_system = {"operatingSystem": "linux", "architecture": self.type.architecture}
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": self.name, "labels": self._labels(), "annotations": annotations},
            "spec": {
                "providerID": f"aws:///{self.subnet.zone}/i-{secrets.token_hex(8)}0",
                "taints": taints(self.group),
            },
            "status": {
                "capacity": capacity,
                "allocatable": allocatable,
                "addresses": [
                    {"type": "InternalIP", "address": self.address},
                    {"type": "InternalDNS", "address": self.name},
                    {"type": "Hostname", "address": self.name},
                ],
                "nodeInfo": {
                    **operating_system,
                    "kubeletVersion": self.kubelet_version,
                    "osImage": "Amazon Linux 2023 (simulated)",
                    "containerRuntimeVersion": "kwok://simulated",
                },
            },
        }

    @property
    def _disk_gib(self) -> int:
        return (self.template and self.template.disk_gib) or int(self.group.get("diskSize", 20))

    def _labels(self) -> dict[str, str]:
        architecture, zone = self.type.architecture, self.subnet.zone
        labels = {
            **cast("dict[str, str]", self.group["labels"]),
            "beta.kubernetes.io/arch": architecture,
            "beta.kubernetes.io/instance-type": self.type.name,
            "beta.kubernetes.io/os": "linux",
            "eks.amazonaws.com/capacityType": self.group["capacityType"],
            GROUP_LABEL: self.group["nodegroupName"],
            "failure-domain.beta.kubernetes.io/region": self.region,
            "failure-domain.beta.kubernetes.io/zone": zone,
            "k8s.io/cloud-provider-aws": secrets.token_hex(16),
            "kubernetes.io/arch": architecture,
            "kubernetes.io/hostname": self.name,
            "kubernetes.io/os": "linux",
            "node.kubernetes.io/instance-type": self.type.name,
            "topology.ebs.csi.aws.com/zone": zone,
            "topology.k8s.aws/zone-id": self.subnet.zone_id,
            "topology.kubernetes.io/region": self.region,
            "topology.kubernetes.io/zone": zone,
        }
        if self.template:
            labels["eks.amazonaws.com/sourceLaunchTemplateId"] = self.template.id
            labels["eks.amazonaws.com/sourceLaunchTemplateVersion"] = self.template.version
        return labels


def taints(group: Record) -> list[dict[str, str]]:
    """The group's taints in Kubernetes' words."""
    return [
        {
            "key": taint["key"],
            "effect": _EFFECTS[taint["effect"]],
            **({"value": taint["value"]} if "value" in taint else {}),
        }
        for taint in cast("list[Record]", group["taints"])
    ]


def generation(group: Record) -> str:
    """What a node must be replaced for when it changes."""
    return f"{group.get('launchTemplate', {}).get('version', '-')}/{group['releaseVersion']}"


def max_pods(machine: InstanceType) -> int:
    """Pods that the VPC CNI has addresses for, and at most what EKS recommends for the size."""
    addresses = machine.interfaces * (machine.addresses_per_interface - 1) + 2
    return min(addresses, 110 if machine.vcpus <= 30 else 250)


def resources(machine: InstanceType, disk_gib: int) -> tuple[dict[str, str], dict[str, str]]:
    """Capacity and allocatable as a node of EKS has them."""
    pods = max_pods(machine)
    # The hypervisor and the kernel keep about as much as Karpenter reckons with.
    memory = math.floor(machine.memory_mib * (1 - 0.075))
    disk = disk_gib * 1024 - 512
    capacity = {
        "cpu": str(machine.vcpus),
        "memory": f"{memory}Mi",
        "pods": str(pods),
        "ephemeral-storage": f"{disk}Mi",
    }
    if machine.gpus:
        capacity["nvidia.com/gpu"] = str(machine.gpus)  # as if the device plugin ran
    # What EKS's images reserve: kubelet and runtime by the number of pods, 100 Mi before eviction, cores by tiers.
    reserved_memory = 255 + 11 * pods + 100
    reserved_cpu = math.ceil(sum(_reserved(core) for core in range(machine.vcpus)))
    allocatable = capacity | {
        "cpu": f"{machine.vcpus * 1000 - reserved_cpu}m",
        "memory": f"{memory - reserved_memory}Mi",
        "ephemeral-storage": f"{math.floor(disk * 0.9)}Mi",
    }
    return capacity, allocatable


def _reserved(core: int) -> float:
    """Milli-cores that are reserved of the core with this index."""
    return (60, 10, 5, 5)[core] if core < 4 else 2.5
