"""The Traefik chart's values, the load balancer's Service and who reaches the pods, as pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias, Union

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import ServiceSpecArgsDict
    from pulumi_kubernetes.networking.v1 import NetworkPolicySpecArgsDict

Value: TypeAlias = Union[str, int, bool, "Sequence[Value]", "Mapping[str, Value]"]
"""What a chart's values are made of."""

CHART = "traefik"
CHART_REPOSITORY = "https://traefik.github.io/charts"
CHART_VERSION = "41.3.0"
"""It brings Traefik 3.7.11. Keys of values move between major versions: read the chart's changelog before a change."""

SELECTOR = {"app.kubernetes.io/name": "traefik"}
"""Label that the chart gives its pods."""
ENTRY_PORTS = {"web": 8000, "websecure": 8443}
"""Entry point to the port on which the pods serve it."""
METRICS_PORT = 9100
NGINX_CONTROLLER = "k8s.io/ingress-nginx"
"""Controller of the IngressClass; Traefik's ingress-nginx provider answers to this name."""

_DRAIN_SECONDS = 25
"""The load balancer needs two failed checks, 10 s apart, to leave out a node: a leaving pod serves on until then."""
_FINISH_SECONDS = 30


class Exposure(StrEnum):
    """Who can reach the load balancer."""

    INTERNET_FACING = "InternetFacing"
    """Everybody: public subnets, public addresses."""
    INTERNAL = "Internal"
    """Only the VPC and networks joined to it."""


class PlainHttp(StrEnum):
    """What happens to requests on port 80."""

    REDIRECT = "Redirect"
    """All are redirected to HTTPS, whatever an Ingress or route says."""
    PER_INGRESS = "PerIngress"
    """Each Ingress decides, by its ``ssl-redirect`` annotation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ControllerResources:
    """CPU and memory of one controller pod, as Kubernetes quantities. No CPU limit: bursts must not be throttled."""

    cpu_request: str = "100m"
    memory: str = "256Mi"
    """Both request and limit: the chart derives Go's own memory limit from it."""


def service_annotations(exposure: Exposure) -> dict[str, str]:
    """An NLB made by the AWS cloud controller that EKS itself runs.

    The type ``external`` would leave it to the AWS Load Balancer Controller, which isn't installed.
    """
    annotations = {
        "service.beta.kubernetes.io/aws-load-balancer-type": "nlb",
        # Pods needn't be in the zone where a request comes in.
        "service.beta.kubernetes.io/aws-load-balancer-cross-zone-load-balancing-enabled": "true",
    }
    if exposure is Exposure.INTERNAL:
        annotations["service.beta.kubernetes.io/aws-load-balancer-internal"] = "true"
    else:
        # So that a policy can tell it from a load balancer that opens a second way in.
        annotations["platform/entrance"] = "true"
    return annotations


def service_spec(allowed_cidrs: Sequence[str]) -> ServiceSpecArgsDict:
    """Straight to a node that runs the controller, so that it sees the clients' own addresses."""
    spec: ServiceSpecArgsDict = {
        "type": "LoadBalancer",
        "external_traffic_policy": "Local",
        "selector": SELECTOR,
        "ports": [
            {"name": "web", "port": 80, "target_port": "web", "protocol": "TCP"},
            {"name": "websecure", "port": 443, "target_port": "websecure", "protocol": "TCP"},
        ],
    }
    if allowed_cidrs:
        spec["load_balancer_source_ranges"] = list(allowed_cidrs)
    return spec


def network_policy_spec() -> NetworkPolicySpecArgsDict:
    """Clients come from anywhere, as the load balancer passes their own addresses on; metrics stay in the cluster.

    The kubelet needs no leave for its probes. Ports are numbers: AWS's network policy controller did not always take
    names where everybody may come in.
    """
    return {
        "pod_selector": {"match_labels": SELECTOR},
        "policy_types": ["Ingress"],
        "ingress": [
            {"ports": [{"port": port, "protocol": "TCP"} for port in ENTRY_PORTS.values()]},
            {"from_": [{"namespace_selector": {}}], "ports": [{"port": METRICS_PORT, "protocol": "TCP"}]},
        ],
    }


def chart_values(
    *,
    class_name: str,
    service: str,
    namespace: str,
    replicas: int,
    resources: ControllerResources,
    plain_http: PlainHttp,
) -> dict[str, Value]:
    """Values of the chart. ``service`` is the load balancer's Service, which is not the chart's."""
    published = f"{namespace}/{service}"
    return {
        "deployment": {
            "replicas": replicas,
            "revisionHistoryLimit": 5,
            "terminationGracePeriodSeconds": _DRAIN_SECONDS + _FINISH_SECONDS + 5,
            "lifecycle": {"preStop": {"sleep": {"seconds": _DRAIN_SECONDS}}},
        },
        "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
        "resources": {
            "requests": {"cpu": resources.cpu_request, "memory": resources.memory},
            "limits": {"memory": resources.memory},
        },
        "topologySpreadConstraints": [_spread("topology.kubernetes.io/zone"), _spread("kubernetes.io/hostname")],
        "service": {"enabled": False},
        "ingressClass": {"enabled": False},
        "providers": {
            # It would answer the same Ingress objects a second time.
            "kubernetesIngress": {"enabled": False},
            "kubernetesIngressNGINX": {
                "enabled": True,
                "ingressClass": class_name,
                "controllerClass": NGINX_CONTROLLER,
                # Such a Service would make the controller fetch from any host its author names.
                "disableSvcExternalName": True,
                # Without it no Ingress ever gets an address, and whoever waits for one waits in vain.
                "publishService": {"enabled": True, "pathOverride": published},
            },
        },
        "gateway": {"enabled": False},
        "ports": {
            "web": _web(plain_http),
            "websecure": _entry_point("websecure"),
            "metrics": {"port": METRICS_PORT},
        },
        "api": {"dashboard": False},
        "log": {"format": "json"},
        "accessLog": {"enabled": True, "format": "json"},
        "metrics": {"prometheus": {"service": {"enabled": True}, "addRoutersLabels": True}},
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
    }


def _web(plain_http: PlainHttp) -> dict[str, Value]:
    entry_point = _entry_point("web")
    if plain_http is PlainHttp.REDIRECT:
        redirect = {"to": "websecure", "scheme": "https", "permanent": True}
        entry_point["http"] = {"redirections": {"entryPoint": redirect}}
    return entry_point


def _entry_point(name: str) -> dict[str, Value]:
    return {"port": ENTRY_PORTS[name], "transport": {"lifeCycle": {"graceTimeOut": f"{_FINISH_SECONDS}s"}}}


def _spread(topology_key: str) -> dict[str, Value]:
    """Preferred: an entrance with two pods on one node is better than one with a pod that waits."""
    return {
        "maxSkew": 1,
        "topologyKey": topology_key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": SELECTOR},
        "matchLabelKeys": ["pod-template-hash"],
    }
