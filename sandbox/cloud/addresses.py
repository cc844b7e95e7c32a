"""Load balancers: Services and Ingresses get the addresses that AWS's controllers would give them.

This stands in for the AWS Load Balancer Controller, for EKS's own service controller, and for the part of an ingress
controller that publishes its address. Nothing listens behind the names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from sandbox.cloud.balancers import ClusterBalancers, LoadBalancers
from sandbox.cloud.eks.state import Clusters
from sandbox.kube import KubeClient
from sandbox.stand_ins import LABEL

_FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
_SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"
_ALB_CONTROLLER = "ingress.k8s.aws/alb"
_LEGACY_CLASS = "kubernetes.io/ingress.class"

Object = dict[str, Any]
WATCHED = ("/api/v1/services", "/apis/networking.k8s.io/v1/ingresses", "/apis/networking.k8s.io/v1/ingressclasses")


class AddressSimulation:
    """Gives addresses to Services of type LoadBalancer and to Ingresses that a class has a controller for."""

    def __init__(self, clusters: Clusters, balancers: LoadBalancers) -> None:
        self._clusters = clusters
        self._balancers = balancers

    def step(self, kube: KubeClient) -> bool:
        """One step. Returns whether there is more to do soon."""
        cluster = next(iter(self._clusters), None)
        if cluster is None:
            return False
        balancers = self._balancers.of(cluster)
        services = [self._settle(kube, balancers, service) for service in kube.list("v1", "Service")]
        self._publish(kube, balancers, [service for service in services if service is not None])
        return False

    def _settle(self, kube: KubeClient, balancers: ClusterBalancers, service: Object) -> Object | None:
        """Give the Service its load balancer, or take it away. Returns the Service when it has an address."""
        metadata = service["metadata"]
        name, namespace = metadata["name"], metadata["namespace"]
        finalizers: list[str] = metadata.get("finalizers", [])
        wanted = service["spec"].get("type") == "LoadBalancer" and "deletionTimestamp" not in metadata
        if not wanted:
            if _FINALIZER in finalizers:
                balancers.delete(_balancer_name(service))
                kept = [each for each in finalizers if each != _FINALIZER]
                kube.patch("v1", "Service", name, namespace, {"metadata": {"finalizers": kept or None}})
                if _address(service):
                    _set_address(kube, service, None)
            return None
        if _FINALIZER not in finalizers:
            patch = {"metadata": {"finalizers": [*finalizers, _FINALIZER]}}
            service = {**kube.patch("v1", "Service", name, namespace, patch), "apiVersion": "v1", "kind": "Service"}
        internal = metadata.get("annotations", {}).get(_SCHEME, "internet-facing") == "internal"
        hostname = balancers.ensure(_balancer_name(service), f"{namespace}/{name}", internal=internal)
        if _address(service) != hostname:
            _set_address(kube, service, hostname)
            service["status"] = {"loadBalancer": {"ingress": [{"hostname": hostname}]}}
        return service

    def _publish(self, kube: KubeClient, balancers: ClusterBalancers, services: list[Object]) -> None:
        classes = {each["metadata"]["name"]: each for each in kube.list("networking.k8s.io/v1", "IngressClass")}
        for ingress in kube.list("networking.k8s.io/v1", "Ingress"):
            annotations = ingress["metadata"].get("annotations", {})
            class_name = ingress["spec"].get("ingressClassName") or annotations.get(_LEGACY_CLASS)
            if class_name is None:
                continue
            entry = classes.get(class_name)
            if entry is not None and entry["spec"].get("controller") == _ALB_CONTROLLER:
                hostname = self._application_balancer(kube, balancers, ingress)
            else:
                hostname = controller_address(kube, entry, services)
            if hostname and _address(ingress) != hostname:
                _set_address(kube, ingress, hostname)

    def _application_balancer(self, kube: KubeClient, balancers: ClusterBalancers, ingress: Object) -> str | None:
        """The class ``alb`` has a load balancer for each Ingress."""
        name, metadata = _balancer_name(ingress), ingress["metadata"]
        finalizers: list[str] = metadata.get("finalizers", [])
        finalizer = "ingress.k8s.aws/resources"
        change: Callable[[list[str]], Any] = lambda kept: kube.patch(  # noqa: E731
            "networking.k8s.io/v1",
            "Ingress",
            metadata["name"],
            metadata["namespace"],
            {"metadata": {"finalizers": kept or None}},
        )
        if "deletionTimestamp" in metadata:
            balancers.delete(name)
            change([each for each in finalizers if each != finalizer])
            return None
        if finalizer not in finalizers:
            change([*finalizers, finalizer])
        internal = metadata.get("annotations", {}).get("alb.ingress.kubernetes.io/scheme") != "internet-facing"
        owner = f"{metadata['namespace']}/{metadata['name']}"
        return balancers.ensure(name, owner, internal=internal, application=True)


def controller_address(kube: KubeClient, ingress_class: Object | None, services: list[Object]) -> str | None:
    """Where the class's controller is reached: at the LoadBalancer Service in front of its pods.

    A controller is of a stand-in or of a Helm release. It may serve a class that did not come with it (Traefik serves
    ``nginx``): then it is any controller's.
    """
    wanted = _bringer(ingress_class) if ingress_class else None
    workloads = [each for kind in ("Deployment", "DaemonSet") for each in kube.list("apps/v1", kind) if _bringer(each)]
    fronts = [(service, bringer) for service in services if (bringer := _bringer_behind(service, workloads))]
    same = [service for service, bringer in fronts if bringer == wanted]
    return next((_address(service) for service in same or [service for service, _ in fronts]), None)


def _bringer(obj: Object) -> str | None:
    """The stand-in or the Helm release that brought an object, None for one that came alone."""
    metadata: Object = obj["metadata"]
    labels: dict[str, str] = metadata.get("labels") or {}
    annotations: dict[str, str] = metadata.get("annotations") or {}
    release = annotations.get("meta.helm.sh/release-name")
    return labels.get(LABEL) or (release and f"{annotations.get('meta.helm.sh/release-namespace')}/{release}")


def _bringer_behind(service: Object, workloads: list[Object]) -> str | None:
    """Who brought the pods that the Service selects. The Service itself may be anybody's, so it says nothing."""
    selector: dict[str, str] = service["spec"].get("selector") or {}
    for workload in workloads:
        labels: dict[str, str] = workload["spec"]["template"]["metadata"].get("labels") or {}
        same_namespace = workload["metadata"]["namespace"] == service["metadata"]["namespace"]
        if selector and same_namespace and selector.items() <= labels.items():
            return _bringer(workload)
    return None


def _balancer_name(obj: Object) -> str:
    """At most 32 characters, as load balancers' names are."""
    metadata = obj["metadata"]
    digest = hashlib.sha256(metadata["uid"].encode()).hexdigest()[:10]
    return f"k8s-{metadata['namespace'][:8].strip('-')}-{metadata['name'][:8].strip('-')}-{digest}"


def _address(obj: Object) -> str | None:
    entries: list[Object] = obj.get("status", {}).get("loadBalancer", {}).get("ingress") or [{}]
    return entries[0].get("hostname")


def _set_address(kube: KubeClient, obj: Object, hostname: str | None) -> None:
    body = {"status": {"loadBalancer": {"ingress": [{"hostname": hostname}] if hostname else None}}}
    metadata = obj["metadata"]
    kube.patch(obj["apiVersion"], obj["kind"], metadata["name"], metadata["namespace"], body, subresource="status")
