"""Parts of small programs, as source text."""

from __future__ import annotations

from typing import Any

# Deletion in the foreground needs the garbage collector, which looks for new kinds every 30 s only.
BACKGROUND = {"pulumi.com/deletionPropagationPolicy": "background"}
WIDGETS = """
widgets = k8s.apiextensions.v1.CustomResourceDefinition("widgets", metadata={"name": "widgets.example.com"}, spec={
    "group": "example.com", "scope": "Namespaced", "names": {"kind": "Widget", "plural": "widgets"},
    "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
        "type": "object", "properties": {"spec": {"type": "object", "properties": {
            "size": {"type": "integer", "maximum": 3}, "password": {"type": "string", "pattern": "^[a-z]+$"},
        }}},
    }}}],
}, opts=on)
"""


def custom(
    name: str, api_version: str = "example.com/v1", kind: str = "Widget", spec: str = "{}", opts: str = "on"
) -> str:
    """A custom resource."""
    metadata = {"name": name, "namespace": "default", "annotations": BACKGROUND}
    arguments = f"api_version={api_version!r}, kind={kind!r}, metadata={metadata}, spec={spec}, opts={opts}"
    return f"\nk8s.apiextensions.CustomResource({name!r}, {arguments})\n"


def core(kind: str, name: str, /, opts: str = "on", **fields: Any) -> str:
    """An object of Kubernetes' core, in namespace ``default`` unless its metadata say otherwise."""
    metadata = {"name": name, "namespace": "default", **fields.pop("metadata", {})}
    arguments = ", ".join(f"{key}={value!r}" for key, value in {"metadata": metadata, **fields}.items())
    return f"\nk8s.core.v1.{kind}({name!r}, {arguments}, opts={opts})\n"


def namespace(name: str, opts: str = "on", **labels: str) -> str:
    labelled = {
        key.replace("_", "-").replace("security-", "security.kubernetes.io/"): value for key, value in labels.items()
    }
    return f"\nk8s.core.v1.Namespace({name!r}, metadata={{'name': {name!r}, 'labels': {labelled}}}, opts={opts})\n"


def workload(kind: str, name: str, namespace: str = "default", *, wait: int = 60, **pod: Any) -> str:
    """A workload of one container, that is waited for ``wait`` seconds."""
    container = {"name": "app", "image": "example.com/app:1", **pod.pop("container", {})}
    pod = {"containers": [container], **pod}
    spec: dict[str, Any] = {"template": {"metadata": {"labels": {"app": name}}, "spec": pod}}
    if kind == "Job":
        spec["backoffLimit"] = 0
        pod["restartPolicy"] = "Never"
    else:
        spec["selector"] = {"matchLabels": {"app": name}}
    if kind == "StatefulSet":
        spec["serviceName"] = name
    metadata = {"name": name, "namespace": namespace}
    waiting = f"merged(custom_timeouts=pulumi.CustomTimeouts(create='{wait}s', update='{wait}s'))"
    group = "batch" if kind == "Job" else "apps"
    return f"\nk8s.{group}.v1.{kind}({name!r}, metadata={metadata}, spec={spec}, opts={waiting})\n"
