"""Who reaches a web application, and how: Ingress and NetworkPolicy specs as pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pulumi

from components.workload.pods import HTTP_PORT, HTTP_PORT_NAME

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import ServiceSpecArgsDict
    from pulumi_kubernetes.networking.v1 import IngressSpecArgsDict, NetworkPolicySpecArgsDict

SERVICE_PORT = 80
CHALLENGE_PORT = 8089
"""Port of the pods cert-manager starts for a moment to answer an HTTP-01 challenge."""
CHALLENGE_LABELS = {"acme.cert-manager.io/http01-solver": "true"}


def ingress_annotations(cluster_issuer: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
    """Redirect plain HTTP, and have cert-manager keep the TLS Secret filled."""
    return {
        "nginx.ingress.kubernetes.io/ssl-redirect": "true",
        "cert-manager.io/cluster-issuer": cluster_issuer,
    }


def ingress_spec(
    *, host: str, ingress_class: pulumi.Input[str], tls_secret: str, service: pulumi.Input[str]
) -> IngressSpecArgsDict:
    """Everything below ``https://host/`` goes to the Service."""
    return {
        "ingress_class_name": ingress_class,
        "tls": [{"hosts": [host], "secret_name": tls_secret}],
        "rules": [
            {
                "host": host,
                "http": {
                    "paths": [
                        {
                            "path": "/",
                            "path_type": "Prefix",
                            "backend": {"service": {"name": service, "port": {"number": SERVICE_PORT}}},
                        }
                    ]
                },
            }
        ],
    }


def service_spec(selector: Mapping[str, str]) -> ServiceSpecArgsDict:
    """The application's one address inside the cluster."""
    return {
        "type": "ClusterIP",
        "selector": selector,
        "ports": [
            {"name": HTTP_PORT_NAME, "port": SERVICE_PORT, "target_port": HTTP_PORT_NAME, "protocol": "TCP"},
        ],
    }


def allow_ingress(
    selector: Mapping[str, str], *, from_namespace: pulumi.Input[str], port: int = HTTP_PORT
) -> NetworkPolicySpecArgsDict:
    """The selected pods can be reached from one namespace, on one port."""
    return {
        "pod_selector": {"match_labels": selector},
        "policy_types": ["Ingress"],
        "ingress": [
            {
                "from_": [{"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": from_namespace}}}],
                "ports": [{"port": port, "protocol": "TCP"}],
            }
        ],
    }
