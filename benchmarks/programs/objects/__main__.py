"""``count`` ConfigMaps in one namespace: what they cost is what the engine and its state cost."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s

gc.disable()  # as the platform does
config = pulumi.Config()
provider = k8s.Provider("kubernetes", kubeconfig=Path(os.environ["KUBECONFIG"]).read_text())
options = pulumi.ResourceOptions(provider=provider)
namespace = k8s.core.v1.Namespace("objects", metadata={"name": "objects"}, opts=options)
for index in range(config.require_int("count")):
    k8s.core.v1.ConfigMap(
        f"object-{index}",
        metadata={"name": f"object-{index}", "namespace": namespace.metadata.name},
        data={"index": str(index)},
        opts=options,
    )
