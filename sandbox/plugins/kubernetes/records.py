"""How Helm remembers releases: a Secret for each revision, in the release's namespace."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import yaml

from sandbox.kube import KubeClient

Object = dict[str, Any]

_CRDS = "sandbox.platform/crds"
"""The annotation that names the CRDs installed with a release: Helm's own record does not tell."""
_CHART = "sandbox.platform/chart"


@dataclass(frozen=True, kw_only=True)
class Record:
    """One revision of a release."""

    name: str
    namespace: str
    chart: str
    version: str
    app_version: str
    values: Mapping[str, Any]
    objects: list[Object]
    """What it installed, CRDs aside."""
    crds: list[str]
    revision: int = 1


def write(client: KubeClient, record: Record) -> None:
    """Record a revision as the one that is deployed; earlier ones of the release are superseded."""
    for secret in _secrets(client, record.namespace, record.name):
        _relabel(client, secret, "superseded")
    now = datetime.now(UTC).isoformat()
    release = {
        "name": record.name,
        "info": {"first_deployed": now, "last_deployed": now, "description": "Install complete", "status": "deployed"},
        "chart": {
            "metadata": {
                "apiVersion": "v2",
                "name": record.chart,
                "version": record.version,
                "appVersion": record.app_version,
            }
        },
        "config": record.values,
        "manifest": yaml.safe_dump_all(record.objects),
        "version": record.revision,
        "namespace": record.namespace,
    }
    text = base64.b64encode(gzip.compress(json.dumps(release).encode()))
    client.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "helm.sh/release.v1",
            "metadata": {
                "name": f"sh.helm.release.v1.{record.name}.v{record.revision}",
                "namespace": record.namespace,
                "labels": {
                    "owner": "helm",
                    "name": record.name,
                    "status": "deployed",
                    "version": str(record.revision),
                },
                "annotations": {_CRDS: ",".join(record.crds), _CHART: record.chart},
            },
            "data": {"release": base64.b64encode(text).decode()},
        },
        field_manager="helm",
        force=True,
    )


def latest(client: KubeClient, namespace: str, name: str) -> Record | None:
    """The newest revision of a release, None when there is no such release."""
    secrets = _secrets(client, namespace, name)
    if not secrets:
        return None
    newest = max(secrets, key=lambda secret: int(secret["metadata"]["labels"]["version"]))
    text = base64.b64decode(base64.b64decode(newest["data"]["release"]))
    release = cast("Object", json.loads(gzip.decompress(text)))
    chart = cast("Object", release["chart"]["metadata"])
    crds = str(newest["metadata"].get("annotations", {}).get(_CRDS, ""))
    return Record(
        name=release["name"],
        namespace=release["namespace"],
        chart=chart["name"],
        version=chart["version"],
        app_version=chart.get("appVersion", ""),
        values=release.get("config") or {},
        objects=list(yaml.safe_load_all(release["manifest"])),
        crds=[crd for crd in crds.split(",") if crd],
        revision=release["version"],
    )


def forget(client: KubeClient, record: Record) -> None:
    """Delete every revision of a release."""
    for secret in _secrets(client, record.namespace, record.name):
        client.delete("v1", "Secret", secret["metadata"]["name"], record.namespace)


def of_chart(client: KubeClient, chart: str) -> bool:
    """Whether any release of a chart is recorded."""
    secrets = client.list("v1", "Secret", label_selector="owner=helm")
    return any(secret["metadata"].get("annotations", {}).get(_CHART) == chart for secret in secrets)


def _secrets(client: KubeClient, namespace: str, name: str) -> list[Object]:
    return client.list("v1", "Secret", namespace, label_selector=f"owner=helm,name={name}")


def _relabel(client: KubeClient, secret: Mapping[str, Any], status: str) -> None:
    body = {"metadata": {"labels": {"status": status}}}
    client.patch("v1", "Secret", secret["metadata"]["name"], secret["metadata"]["namespace"], body)
