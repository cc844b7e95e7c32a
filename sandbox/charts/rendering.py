"""From a chart and a release's values to objects, as Helm renders them."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import yaml

from sandbox import files
from sandbox.charts import dialect
from sandbox.charts.finding import Chart
from sandbox.charts.helm import ChartError, Helm
from sandbox.charts.hooks import Hook, is_hook

Object = dict[str, Any]

_SOURCE = re.compile(r"\s*# Source: (\S+)")
_CRD_FOLDER = re.compile(r"[^/]+/(?:charts/[^/]+/)*crds/")


@dataclass(frozen=True)
class Capabilities:
    """What templates can learn of the cluster."""

    kubernetes: str
    """Its version."""
    api_versions: frozenset[str] = frozenset()
    """``apps/v1``, ``apps/v1/Deployment`` and so on; empty for what Helm takes every cluster to have."""
    kubeconfig: str = ""
    """Leads to the cluster that ``lookup`` looks at; without one it finds nothing."""
    context: str | None = None


@dataclass(frozen=True)
class Rendered:
    """What a chart puts into a cluster."""

    objects: list[Object]
    """In the order in which to apply them: by kind, as Helm sorts them."""
    crds: list[Object]
    """Of the ``crds`` folders; they come first."""
    hooks: list[Hook]


def render(
    helm: Helm,
    chart: Chart,
    *,
    name: str,
    namespace: str,
    values: Mapping[str, Any],
    value_files: Sequence[str] = (),
    capabilities: Capabilities,
    upgrade: bool = False,
) -> Rendered:
    """Render a chart for a release. ``value_files`` are texts of YAML, which ``values`` overrule.

    Raises ChartError with Helm's reason when a template fails, or when the chart's schema refuses the values.
    """
    arguments = ["template", name, str(chart.path), "--namespace", namespace, "--include-crds", "--skip-tests"]
    arguments += ["--is-upgrade"] if upgrade else []

    def run(known: Capabilities) -> Rendered:
        # Values and kubeconfigs may be secret: they go into files that nobody else can read, and away again.
        with tempfile.TemporaryDirectory(prefix="helm-") as scratch:
            texts = [*value_files, json.dumps(values)]
            paths = [
                files.write(Path(scratch) / f"values-{number}.yaml", text, mode=files.PRIVATE)
                for number, text in enumerate(texts)
            ]
            return parse(
                helm.run(
                    [
                        *arguments,
                        *(f"--values={path}" for path in paths),
                        *_cluster_arguments(known, Path(scratch)),
                    ]
                )
            )

    rendered = run(capabilities)
    coming = capabilities.api_versions | frozenset(_served(rendered.crds))
    if coming != capabilities.api_versions:
        # On an install, templates see the CRDs of their own chart.
        rendered = run(replace(capabilities, api_versions=coming))
    return rendered


def _cluster_arguments(capabilities: Capabilities, scratch: Path) -> Iterator[str]:
    yield f"--kube-version={capabilities.kubernetes}"
    for api_version in sorted(capabilities.api_versions):
        yield f"--api-versions={api_version}"
    if capabilities.kubeconfig:
        path = files.write(scratch / "kubeconfig", capabilities.kubeconfig, mode=files.PRIVATE)
        yield f"--kubeconfig={path}"
        yield "--dry-run=server"
        if capabilities.context:
            yield f"--kube-context={capabilities.context}"


def _served(crds: Sequence[Object]) -> Iterator[str]:
    """What the API server will list once these CRDs are there. One of another form it refuses, and says why."""
    for crd in crds:
        spec = _map(crd.get("spec"))
        group, kind, versions = spec.get("group"), _map(spec.get("names")).get("kind"), spec.get("versions")
        for version in map(_map, cast("list[Any]", versions) if isinstance(versions, list) else []):
            if version.get("served"):
                yield f"{group}/{version.get('name')}"
                yield f"{group}/{version.get('name')}/{kind}"


def _map(value: Any) -> Object:
    return cast("Object", value) if isinstance(value, dict) else {}


def parse(text: str) -> Rendered:
    """The objects in what ``helm template`` prints. Raises ChartError when one of them is no object."""
    rendered = Rendered([], [], [])
    source = ""
    for document in re.split(r"^---(?:\s|$)", text, flags=re.MULTILINE):
        if found := _SOURCE.match(document):
            source = found[1]
        for obj in _objects(document, source):
            # Other things in that folder count as the release's own, so that they go with it.
            if _CRD_FOLDER.match(source) and obj["kind"] == "CustomResourceDefinition":
                rendered.crds.append(obj)
            elif is_hook(obj):
                rendered.hooks.append(Hook(obj, source))
            else:
                rendered.objects.append(obj)
    return rendered


def _objects(document: str, source: str) -> Iterator[Object]:
    try:
        loaded = dialect.load(document)
    except yaml.YAMLError as error:
        # The error's context has the text itself, which may be a Secret's.
        raise ChartError(f"{source} is not YAML: {getattr(error, 'problem', None) or 'it can not be read'}") from None
    if loaded is not None:
        yield from _validated(loaded, source)


def _validated(loaded: Any, source: str) -> Iterator[Object]:
    """The object, or those in a list of them. Raises ChartError."""
    obj = _map(loaded)
    if str(obj.get("kind", "")).endswith("List") and isinstance(obj.get("items", ()), list | tuple | None):
        for item in cast("list[Any]", obj.get("items") or []):
            yield from _validated(item, source)
        return
    metadata = _map(obj.get("metadata"))
    missing = [key for key in ("apiVersion", "kind") if not obj.get(key)]
    if not metadata.get("name"):
        missing.append("metadata.name")
    if missing:
        raise ChartError(f"{source} is no Kubernetes object: it has no {', '.join(missing)}")
    for key in ("labels", "annotations"):
        if metadata.get(key) and not isinstance(metadata[key], dict):
            raise ChartError(f"{source} is no Kubernetes object: its metadata.{key} are no map")
    yield obj
