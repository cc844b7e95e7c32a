"""How Helm remembers releases: a Secret for each revision, in the release's namespace."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, cast

import yaml

from sandbox.charts import ChartError, Hook, dialect
from sandbox.charts.census import Renderer
from sandbox.charts.rendering import parse
from sandbox.kube import KubeClient
from sandbox.plugins.kubernetes import objects
from sandbox.plugins.protocol import ProviderError

Object = dict[str, Any]

_CRDS = "sandbox.platform/crds"
"""The annotation that names the CRDs installed with a release: Helm's own record does not tell."""
_CHART = "sandbox.platform/chart"
_RENDERED_BY = "sandbox.platform/rendered-by"


class Status(StrEnum):
    """How far a revision got, in Helm's words."""

    DEPLOYED = "deployed"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    PENDING_INSTALL = "pending-install"
    PENDING_UPGRADE = "pending-upgrade"
    PENDING_ROLLBACK = "pending-rollback"
    UNINSTALLING = "uninstalling"
    UNINSTALLED = "uninstalled"
    """Nothing but the history is left: `helm uninstall --keep-history`."""
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, value: object) -> Status:
        del value  # a word of another Helm
        return cls.UNKNOWN

    @property
    def pending(self) -> bool:
        return self in (Status.PENDING_INSTALL, Status.PENDING_UPGRADE, Status.PENDING_ROLLBACK)


@dataclass(frozen=True, kw_only=True)
class Record:
    """One revision of a release."""

    name: str
    namespace: str
    chart: str
    """What the program calls the chart."""
    chart_name: str
    """What the chart calls itself."""
    version: str
    app_version: str
    values: Mapping[str, Any]
    objects: list[Object]
    """What it installed, CRDs and hooks aside."""
    crds: list[str]
    hooks: list[Hook] = field(default_factory=list[Hook])
    revision: int = 1
    status: Status = Status.DEPLOYED
    rendered_by: Renderer = Renderer.STAND_IN

    def as_(self, status: Status) -> Record:
        return replace(self, status=status)

    @property
    def gone(self) -> bool:
        return self.status is Status.UNINSTALLED

    def again(self, revision: int) -> Record:
        """The same as a later revision."""
        return replace(self, revision=revision, status=Status.DEPLOYED)


def write(client: KubeClient, record: Record) -> None:
    """Record a revision. One that is deployed supersedes the earlier ones of the release."""
    if record.status is Status.DEPLOYED:
        for secret in _secrets(client, record.namespace, record.name):
            if _revision(secret) != record.revision:
                _relabel(client, secret, Status.SUPERSEDED)
    now = datetime.now(UTC).isoformat()
    release = {
        "name": record.name,
        "info": {
            "first_deployed": now,
            "last_deployed": now,
            "description": _description(record),
            "status": record.status,
        },
        "chart": {
            "metadata": {
                "apiVersion": "v2",
                "name": record.chart_name,
                "version": record.version,
                "appVersion": record.app_version,
            }
        },
        "config": record.values,
        "manifest": yaml.safe_dump_all(record.objects),
        "hooks": [_hook(hook) for hook in record.hooks],
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
                    "status": record.status,
                    "version": str(record.revision),
                },
                "annotations": {
                    _CRDS: ",".join(record.crds),
                    _CHART: record.chart,
                    _RENDERED_BY: record.rendered_by,
                },
            },
            "data": {"release": base64.b64encode(text).decode()},
        },
        field_manager="helm",
        force=True,
    )


def _description(record: Record) -> str:
    if record.status is Status.DEPLOYED:
        return "Install complete" if record.revision == 1 else "Upgrade complete"
    return {Status.FAILED: "Release failed", Status.PENDING_INSTALL: "Initial install underway"}.get(
        record.status, "Preparing upgrade"
    )


def latest(client: KubeClient, namespace: str, name: str) -> Record | None:
    """The newest revision of a release, None when there is no such release."""
    secrets = _secrets(client, namespace, name)
    return _read(max(secrets, key=_revision)) if secrets else None


def deployed(client: KubeClient, namespace: str, name: str) -> Record | None:
    """The revision of a release that is deployed, None while none is."""
    secrets = [secret for secret in _secrets(client, namespace, name) if _status(secret) is Status.DEPLOYED]
    return _read(max(secrets, key=_revision)) if secrets else None


def standing(client: KubeClient, namespace: str, name: str) -> list[Object]:
    """What a release may have in the cluster: the objects of the revision that is deployed, and of those that came
    after it and got somewhere, each once and in the order in which they were applied."""
    secrets = sorted(_secrets(client, namespace, name), key=_revision)
    records = [_read(secret) for secret in secrets if _status(secret) not in (Status.SUPERSEDED, Status.UNINSTALLED)]
    found = {objects.identity(obj): obj for record in records for obj in record.objects}
    return list(found.values())


def forget(client: KubeClient, record: Record) -> None:
    """Delete every revision of a release."""
    for secret in _secrets(client, record.namespace, record.name):
        client.delete("v1", "Secret", secret["metadata"]["name"], record.namespace)


def prune(client: KubeClient, record: Record, kept: int) -> None:
    """Delete the oldest revisions but ``kept``; 0 keeps all."""
    secrets = sorted(_secrets(client, record.namespace, record.name), key=_revision)
    for secret in secrets[: max(0, len(secrets) - kept)] if kept else []:
        client.delete("v1", "Secret", secret["metadata"]["name"], record.namespace)


def mark(client: KubeClient, record: Record, status: Status) -> None:
    """Note how far a revision is by now."""
    for secret in _secrets(client, record.namespace, record.name):
        if _revision(secret) == record.revision:
            _relabel(client, secret, status)


def others_of_chart(client: KubeClient, record: Record) -> bool:
    """Whether another release of the same chart is recorded."""
    secrets = client.list("v1", "Secret", label_selector="owner=helm")
    others = (s["metadata"] for s in secrets if _release(s) != (record.namespace, record.name))
    return any(other.get("annotations", {}).get(_CHART) == record.chart for other in others)


def _read(secret: Mapping[str, Any]) -> Record:
    text = base64.b64decode(base64.b64decode(secret["data"]["release"]))
    release = cast("Object", json.loads(gzip.decompress(text)))
    metadata = cast("Object", release["chart"]["metadata"])
    annotations = cast("Mapping[str, str]", secret["metadata"].get("annotations", {}))
    # One without the sandbox's annotations is of plain helm, and so are its YAML and what it came from.
    ours = _RENDERED_BY in annotations
    try:
        manifest = list(yaml.safe_load_all(release["manifest"])) if ours else parse(release["manifest"]).objects
    except ChartError as error:
        raise ProviderError(f"the record of Helm release {release['namespace']}/{release['name']}: {error}") from None
    return Record(
        name=release["name"],
        namespace=release["namespace"],
        chart=annotations.get(_CHART, metadata["name"]),
        chart_name=metadata["name"],
        version=metadata["version"],
        app_version=metadata.get("appVersion", ""),
        values=release.get("config") or {},
        objects=manifest,
        crds=[crd for crd in annotations.get(_CRDS, "").split(",") if crd],
        hooks=[
            Hook((yaml.safe_load if ours else dialect.load)(hook["manifest"]), hook["path"])
            for hook in release.get("hooks") or ()
        ],
        revision=release["version"],
        status=_status(secret),
        rendered_by=Renderer(annotations.get(_RENDERED_BY, Renderer.HELM)),
    )


def _hook(hook: Hook) -> Object:
    return {
        "name": hook.name,
        "kind": hook.object["kind"],
        "path": hook.path,
        "manifest": yaml.safe_dump(hook.object),
        "events": list(hook.events),
        "last_run": {"started_at": "", "completed_at": "", "phase": ""},
        "weight": hook.weight,
        "delete_policies": list(hook.delete_policies),
    }


def _secrets(client: KubeClient, namespace: str, name: str) -> list[Object]:
    return client.list("v1", "Secret", namespace, label_selector=f"owner=helm,name={name}")


def _revision(secret: Mapping[str, Any]) -> int:
    return int(secret["metadata"]["labels"]["version"])


def _status(secret: Mapping[str, Any]) -> Status:
    return Status(secret["metadata"]["labels"]["status"])


def _release(secret: Mapping[str, Any]) -> tuple[str, str]:
    metadata = secret["metadata"]
    return metadata["namespace"], metadata["labels"]["name"]


def _relabel(client: KubeClient, secret: Mapping[str, Any], status: Status) -> None:
    body = {"metadata": {"labels": {"status": status}}}
    client.patch("v1", "Secret", secret["metadata"]["name"], secret["metadata"]["namespace"], body)
