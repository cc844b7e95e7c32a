"""What the Traefik chart puts into a cluster, by the release's values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

Object = dict[str, Any]

NAME = "traefik"

_PORTS: Mapping[str, Object] = {
    "web": {"port": 8000, "exposedPort": 80, "expose": {"default": True}},
    "websecure": {"port": 8443, "exposedPort": 443, "expose": {"default": True}},
    "traefik": {"port": 8080, "exposedPort": 8080, "expose": {"default": False}},
    "metrics": {"port": 9100, "exposedPort": 9100, "expose": {"default": False}},
}
_PULL_THROUGH = ("nodeSelector", "tolerations", "affinity", "topologySpreadConstraints", "priorityClassName")
_GATEWAY_CRDS_UNTIL = (40, 2)
"""The chart's first version without the Gateway API's CRDs."""
_IMAGE_TAG = "v3.7.11"
"""The appVersion of chart 41.3.0."""


def crds(version: str) -> tuple[str, ...]:
    """The folders of CRDs that this version of the chart ships."""
    numbers = tuple(int(part) for part in version.lstrip("v").split(".")[:2] if part.isdigit())
    return ("traefik", "gateway-api") if numbers < _GATEWAY_CRDS_UNTIL else ("traefik",)


def objects(release: str, namespace: str, version: str, values: Mapping[str, Any]) -> Iterator[Object]:
    """ServiceAccount, Deployment, Service, IngressClass and, when asked for, budget and autoscaler."""
    name = _text(values, "fullnameOverride") or (release if NAME in release else f"{release}-{NAME}")
    target = _text(values, "namespaceOverride") or namespace
    selector = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/instance": f"{release}-{target}"[:63].rstrip("-")}
    labels = {
        **selector,
        "helm.sh/chart": f"{NAME}-{version}".replace("+", "_")[:63],
        "app.kubernetes.io/managed-by": "Helm",
        **_section(values, "commonLabels"),
    }
    metadata: Object = {"name": name, "namespace": target, "labels": labels}
    ports = _ports(values)

    def meta(**more: Any) -> Object:
        return {**metadata, "labels": dict(labels), **more}

    annotations = _section(values, "serviceAccountAnnotations")
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta(annotations=annotations)}
    yield _workload(meta(), selector, ports, values)
    yield from _service(meta, selector, ports, values)
    ingress_class = _section(values, "ingressClass")
    if ingress_class.get("enabled", True):
        default = str(ingress_class.get("isDefaultClass", True)).lower()
        yield {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": {
                "name": ingress_class.get("name") or name,
                "labels": dict(labels),
                "annotations": {"ingressclass.kubernetes.io/is-default-class": default},
            },
            "spec": {"controller": "traefik.io/ingress-controller"},
        }
    yield from _gateway(labels, target, values)
    budget = _section(values, "podDisruptionBudget")
    if budget.get("enabled"):
        bounds = {key: budget[key] for key in ("minAvailable", "maxUnavailable") if budget.get(key) is not None}
        spec = {**bounds, "selector": {"matchLabels": selector}}
        yield {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta(), "spec": spec}
    scaling = _section(values, "autoscaling")
    if scaling.get("enabled"):
        bounds = {
            key: scaling[key] for key in ("minReplicas", "maxReplicas", "metrics", "behavior") if scaling.get(key)
        }
        spec = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}, **bounds}
        yield {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": meta(), "spec": spec}


def _workload(metadata: Object, selector: Object, ports: Mapping[str, Object], values: Mapping[str, Any]) -> Object:
    deployment = _section(values, "deployment")
    kind = deployment.get("kind") or "Deployment"
    image = _section(values, "image")
    repository = f"{image.get('registry') or 'docker.io'}/{image.get('repository') or NAME}"
    container: Object = {
        "name": metadata["name"],
        "image": f"{repository}:{image.get('tag') or _IMAGE_TAG}",
        "ports": [{"name": port, "containerPort": entry["port"]} for port, entry in ports.items()],
        "readinessProbe": {"httpGet": {"path": "/ping", "port": ports["traefik"]["port"]}, "periodSeconds": 10},
        "livenessProbe": {"httpGet": {"path": "/ping", "port": ports["traefik"]["port"]}, "periodSeconds": 10},
        "args": [str(argument) for argument in values.get("additionalArguments") or ()],
        "resources": _section(values, "resources"),
        "securityContext": _section(values, "securityContext")
        or {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }
    if lifecycle := _section(deployment, "lifecycle"):
        container["lifecycle"] = lifecycle
    pod: Object = {
        "serviceAccountName": metadata["name"],
        "terminationGracePeriodSeconds": deployment.get("terminationGracePeriodSeconds") or 60,
        "containers": [container],
        "securityContext": _section(values, "podSecurityContext")
        or {
            "runAsGroup": 65532,
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        **{key: values[key] for key in _PULL_THROUGH if values.get(key)},
    }
    template = {
        "metadata": {
            "labels": {**metadata["labels"], **_section(deployment, "podLabels")},
            "annotations": _section(deployment, "podAnnotations"),
        },
        "spec": pod,
    }
    spec: Object = {"selector": {"matchLabels": selector}, "template": template}
    if deployment.get("revisionHistoryLimit") is not None:
        spec["revisionHistoryLimit"] = deployment["revisionHistoryLimit"]
    if kind == "Deployment" and not _section(values, "autoscaling").get("enabled"):
        spec["replicas"] = deployment.get("replicas", 1)
    update = _section(values, "updateStrategy") or {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
    }
    spec["strategy" if kind == "Deployment" else "updateStrategy"] = update
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}


def _service(meta: Any, selector: Object, ports: Mapping[str, Object], values: Mapping[str, Any]) -> Iterator[Object]:
    """The Service in front of the entry points, and the one that metrics are collected from."""
    service = _section(values, "service")
    exposed = {port: entry for port, entry in ports.items() if _section(entry, "expose").get("default")}
    if service.get("enabled", True) and exposed:
        spec = _section(service, "spec")
        # The chart moved `service.type` into `service.spec` in the course of its versions: either is understood.
        spec["type"] = spec.get("type") or service.get("type") or "LoadBalancer"
        annotations = {**_section(service, "annotations"), **_section(service, "annotationsTCP")}
        yield {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta(annotations=annotations),
            "spec": {**spec, "selector": dict(selector), "ports": _service_ports(exposed)},
        }
    prometheus = _section(_section(values, "metrics"), "prometheus")
    if _section(prometheus, "service").get("enabled"):
        metadata = meta()
        metrics = {port: entry for port, entry in ports.items() if port == "metrics"}
        yield {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {**metadata, "name": f"{metadata['name']}-metrics"},
            "spec": {"selector": dict(selector), "ports": _service_ports(metrics)},
        }


def _service_ports(ports: Mapping[str, Object]) -> list[Object]:
    return [
        {
            "name": port,
            "port": entry.get("exposedPort") or entry["port"],
            "targetPort": entry.get("targetPort") or port,
            "protocol": entry.get("protocol") or "TCP",
        }
        for port, entry in ports.items()
    ]


def _gateway(labels: Object, namespace: str, values: Mapping[str, Any]) -> Iterator[Object]:
    """GatewayClass and Gateway, where the Gateway API is served; its CRDs must be there already."""
    if not _section(_section(values, "providers"), "kubernetesGateway").get("enabled"):
        return
    gateway_class, gateway = _section(values, "gatewayClass"), _section(values, "gateway")
    name = gateway_class.get("name") or NAME
    if gateway_class.get("enabled", True):
        yield {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "GatewayClass",
            "metadata": {"name": name, "labels": dict(labels)},
            "spec": {"controllerName": "traefik.io/gateway-controller"},
        }
    if gateway.get("enabled", True):
        listeners = _section(gateway, "listeners") or {"web": {"port": 8000, "protocol": "HTTP"}}
        yield {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "Gateway",
            "metadata": {
                "name": gateway.get("name") or "traefik-gateway",
                "namespace": gateway.get("namespace") or namespace,
                "labels": dict(labels),
            },
            "spec": {
                "gatewayClassName": name,
                "listeners": [
                    {"name": listener, "port": entry["port"], "protocol": entry["protocol"]}
                    for listener, entry in listeners.items()
                ],
            },
        }


def _ports(values: Mapping[str, Any]) -> dict[str, Object]:
    given = _section(values, "ports")
    return {
        port: {**_PORTS.get(port, {}), **_section(given, port)} for port in [*_PORTS, *sorted(given.keys() - _PORTS)]
    }


def _section(values: Mapping[str, Any], key: str) -> Object:
    found = values.get(key)
    return dict(cast("Mapping[str, Any]", found)) if isinstance(found, Mapping) else {}


def _text(values: Mapping[str, Any], key: str) -> str:
    return str(values.get(key) or "")
