"""The kubeconfig of a cluster, as pure data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi


def kubeconfig(
    *,
    cluster_name: pulumi.Input[str],
    endpoint: pulumi.Input[str],
    certificate_authority: pulumi.Input[str],
    region: pulumi.Input[str],
    role_arn: str | None = None,
) -> Mapping[str, Any]:
    """A kubeconfig that holds no credentials: a token is asked for with the caller's own AWS credentials at each use.

    With ``role_arn`` that role asks, which the caller must be allowed to take.

    It is the one that ``aws eks update-kubeconfig`` writes, without anything of the machine it is written on, so that
    it is the same for everybody and for every run.
    """
    name = "platform"
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": endpoint, "certificate-authority-data": certificate_authority}}
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
        "users": [
            {
                "name": name,
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1beta1",
                        "command": "aws",
                        "args": [
                            "--region",
                            region,
                            "eks",
                            "get-token",
                            "--cluster-name",
                            cluster_name,
                            "--output",
                            "json",
                            *(["--role-arn", role_arn] if role_arn else []),
                        ],
                        "interactiveMode": "Never",
                    }
                },
            }
        ],
    }
