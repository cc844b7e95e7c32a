"""The configuration files of the control plane's components."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sandbox import files

AUTHENTICATION = {
    "apiVersion": "apiserver.config.k8s.io/v1",
    "kind": "AuthenticationConfiguration",
    # As on EKS since 1.32: who does not say who they are may ask for the server's health, and nothing else.
    "anonymous": {"enabled": True, "conditions": [{"path": path} for path in ("/livez", "/readyz", "/healthz")]},
}


def authorization(access_review: str) -> dict[str, Any]:
    """Nodes, then RBAC, then the webhook of kubeconfig ``access_review`` for what these don't allow."""
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthorizationConfiguration",
        "authorizers": [
            {"type": "Node", "name": "node"},
            {"type": "RBAC", "name": "rbac"},
            {
                "type": "Webhook",
                "name": "eks",
                "webhook": {
                    "authorizedTTL": "1s",
                    "unauthorizedTTL": "1s",
                    "timeout": "3s",
                    "subjectAccessReviewVersion": "v1",
                    "matchConditionSubjectAccessReviewVersion": "v1",
                    "failurePolicy": "NoOpinion",
                    "connectionInfo": {"type": "KubeConfigFile", "kubeConfigFile": access_review},
                    # Only principals of AWS can have access policies.
                    "matchConditions": [{"expression": "has(request.extra) && 'canonicalArn' in request.extra"}],
                },
            },
        ],
    }


def webhook(url: str) -> dict[str, Any]:
    """The kubeconfig by which the API server reaches a webhook."""
    return kubeconfig({"server": url}, {})


def kubeconfig(cluster: dict[str, Any], user: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "sandbox", "cluster": cluster}],
        "users": [{"name": "sandbox", "user": user}],
        "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "sandbox"}}],
        "current-context": "sandbox",
    }


def write(path: Path, content: dict[str, Any]) -> str:
    """Write a configuration file (JSON is YAML) and return its path."""
    return str(files.write(path, json.dumps(content)))


def write_private(path: Path, content: dict[str, Any]) -> Path:
    return files.write(path, json.dumps(content), mode=files.PRIVATE)
