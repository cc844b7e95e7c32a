"""``count`` web applications, each in a namespace of its own; ``collector: on`` looks for garbage meanwhile."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pulumi

config = pulumi.Config()
if config.require("collector") == "off":
    gc.disable()

import pulumi_kubernetes as k8s

from components.workload import WebApplication, WebApplicationArgs

provider = k8s.Provider("kubernetes", kubeconfig=Path(os.environ["KUBECONFIG"]).read_text())
for index in range(config.require_int("count")):
    WebApplication(
        f"application-{index}",
        WebApplicationArgs(
            namespace=f"application-{index}",
            image="registry.example.com/app:1.4.2",
            host=f"app-{index}.example.com",
            database_url=pulumi.Output.secret("postgresql://app:secret@db.example.com:5432/app?sslmode=require"),
            redis_url="rediss://cache.example.com:6379/0",
            ingress_class="nginx",
            ingress_namespace="ingress",
            cluster_issuer="letsencrypt-prod",
        ),
        pulumi.ResourceOptions(provider=provider),
    )
