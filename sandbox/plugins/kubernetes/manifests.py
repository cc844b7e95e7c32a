"""YAML manifests: what the SDK's ConfigFile and ConfigGroup ask the provider to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import yaml

from sandbox.plugins.kubernetes.cluster import Cluster
from sandbox.plugins.protocol import ProviderError

Object = dict[str, Any]


def decode(cluster: Cluster, text: str, default_namespace: str) -> list[Object]:
    """The objects in a text of YAML documents. Those without a kind are left out, Lists are taken apart."""
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise ProviderError(f"the manifest is not YAML: {error}") from None
    found = [obj for document in documents for obj in _flattened(document)]
    for obj in found:
        # A kind that nobody knows yet is a custom resource, and most of these are namespaced.
        if default_namespace and cluster.namespaced(obj) is not False:
            meta = cast("Object", obj.setdefault("metadata", {}))
            meta["namespace"] = meta.get("namespace") or default_namespace
    return found


def _flattened(document: Any) -> Iterator[Object]:
    if not isinstance(document, Mapping):
        return
    obj = cast("Object", document)
    if not obj.get("kind") or not obj.get("apiVersion"):
        return
    if str(obj["kind"]).endswith("List") and isinstance(obj.get("items"), list):
        for item in cast("list[Any]", obj["items"]):
            yield from _flattened(item)
    else:
        yield obj
