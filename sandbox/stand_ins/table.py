"""The stand-ins as data: one row for each EKS add-on or chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

_ECR = "602401143452.dkr.ecr.us-west-2.amazonaws.com"
"""Where Amazon keeps the images of its add-ons."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """A Deployment or DaemonSet, with its ServiceAccount."""

    name: str
    image: str
    """With ``{version}`` where the tag follows the add-on's version."""
    labels: Mapping[str, str]
    """The selector's labels."""
    kind: Literal["Deployment", "DaemonSet"] = "Deployment"
    replicas: int = 1
    cpu: str = "10m"
    memory: str = "32Mi"
    ports: Mapping[str, int] = field(default_factory=dict[str, int])
    service: str | None = None
    """Name of the Service in front of ``ports``, None for no Service."""
    service_ports: Mapping[str, int] = field(default_factory=dict[str, int])
    """Ports of the Service that differ from the container's."""
    service_account: str | None = None
    host_network: bool = False
    priority_class: str | None = None
    max_unavailable: int | None = None
    """Of its PodDisruptionBudget, None for no budget."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StandIn:
    """What one add-on or chart puts into the cluster."""

    version: str
    """The version when the caller names none."""
    namespace: str = "kube-system"
    own_namespace: bool = False
    """Whether it brings its namespace."""
    crds: tuple[str, ...] = ()
    """Folders of the toolchain's CRDs."""
    workloads: tuple[Workload, ...] = ()
    objects: tuple[Mapping[str, Any], ...] = ()
    """Cluster-scoped objects as they are."""


def _app(name: str, component: str | None = None) -> dict[str, str]:
    labels = {"app.kubernetes.io/name": name}
    if component is not None:
        labels["app.kubernetes.io/component"] = component
    return labels


def _cert_manager(component: str, image: str, ports: Mapping[str, int], service: str | None = None) -> Workload:
    name = "cert-manager" if component == "controller" else f"cert-manager-{component}"
    return Workload(
        name=name,
        image=f"{_ECR}/eks/{image}:{{version}}",
        labels={
            "app.kubernetes.io/name": component if component != "controller" else "cert-manager",
            "app.kubernetes.io/instance": "cert-manager",
            "app.kubernetes.io/component": component,
        },
        ports=ports,
        service=service,
        service_ports={"https": 443} if "https" in ports else {},
    )


STAND_INS: Mapping[str, StandIn] = {
    "vpc-cni": StandIn(
        version="v1.20.4-eksbuild.1",
        workloads=(
            Workload(
                name="aws-node",
                kind="DaemonSet",
                image=f"{_ECR}/amazon-k8s-cni:{{version}}",
                labels={"k8s-app": "aws-node"},
                cpu="25m",
                ports={"metrics": 61678},
                host_network=True,
                priority_class="system-node-critical",
            ),
        ),
    ),
    "kube-proxy": StandIn(
        version="v1.35.0-eksbuild.2",
        workloads=(
            Workload(
                name="kube-proxy",
                kind="DaemonSet",
                image=f"{_ECR}/eks/kube-proxy:{{version}}",
                labels={"k8s-app": "kube-proxy"},
                cpu="100m",
                host_network=True,
                priority_class="system-node-critical",
            ),
        ),
    ),
    "coredns": StandIn(
        version="v1.12.4-eksbuild.1",
        workloads=(
            Workload(
                name="coredns",
                image=f"{_ECR}/eks/coredns:{{version}}",
                labels={"eks.amazonaws.com/component": "coredns", "k8s-app": "kube-dns"},
                replicas=2,
                cpu="100m",
                memory="70Mi",
                ports={"dns": 53, "metrics": 9153},
                service="kube-dns",
                priority_class="system-cluster-critical",
                max_unavailable=1,
            ),
        ),
    ),
    "aws-ebs-csi-driver": StandIn(
        version="v1.53.0-eksbuild.1",
        workloads=(
            Workload(
                name="ebs-csi-controller",
                image=f"{_ECR}/eks/aws-ebs-csi-driver:{{version}}",
                labels={"app": "ebs-csi-controller", **_app("aws-ebs-csi-driver")},
                replicas=2,
                memory="40Mi",
                service_account="ebs-csi-controller-sa",
                priority_class="system-cluster-critical",
                max_unavailable=1,
            ),
            Workload(
                name="ebs-csi-node",
                kind="DaemonSet",
                image=f"{_ECR}/eks/aws-ebs-csi-driver:{{version}}",
                labels={"app": "ebs-csi-node", **_app("aws-ebs-csi-driver")},
                memory="40Mi",
                service_account="ebs-csi-node-sa",
                priority_class="system-node-critical",
            ),
        ),
        objects=(
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "CSIDriver",
                "metadata": {"name": "ebs.csi.aws.com"},
                "spec": {"attachRequired": True, "podInfoOnMount": False, "fsGroupPolicy": "File"},
            },
        ),
    ),
    "eks-pod-identity-agent": StandIn(
        version="v1.3.10-eksbuild.1",
        workloads=(
            Workload(
                name="eks-pod-identity-agent",
                kind="DaemonSet",
                image=f"{_ECR}/eks/eks-pod-identity-agent:{{version}}",
                labels={**_app("eks-pod-identity-agent"), "app.kubernetes.io/instance": "eks-pod-identity-agent"},
                host_network=True,
                ports={"proxy": 80, "probes-port": 2703},
                priority_class="system-node-critical",
            ),
        ),
    ),
    "metrics-server": StandIn(
        version="v0.8.0-eksbuild.5",
        workloads=(
            Workload(
                name="metrics-server",
                image=f"{_ECR}/eks/metrics-server:{{version}}",
                labels={**_app("metrics-server"), "app.kubernetes.io/instance": "metrics-server"},
                replicas=2,
                cpu="100m",
                memory="200Mi",
                ports={"https": 10251},
                service="metrics-server",
                service_ports={"https": 443},
                priority_class="system-cluster-critical",
                max_unavailable=1,
            ),
        ),
    ),
    "cert-manager": StandIn(
        version="v1.19.1-eksbuild.1",
        namespace="cert-manager",
        own_namespace=True,
        crds=("cert-manager",),
        workloads=(
            _cert_manager("controller", "cert-manager-controller", {"metrics": 9402}, "cert-manager"),
            _cert_manager("cainjector", "cert-manager-cainjector", {"metrics": 9402}, "cert-manager-cainjector"),
            _cert_manager("webhook", "cert-manager-webhook", {"https": 10250, "metrics": 9402}, "cert-manager-webhook"),
        ),
    ),
}
