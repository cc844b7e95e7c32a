"""A chart and its releases, with a Helm that is played by a script."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from sandbox.charts import Charts, ChartSettings, Helm
from sandbox.plugins.kubernetes.contents import Library
from sandbox.plugins.protocol import Properties
from tests.sandbox.charts.small_charts import chart
from tests.sandbox.kubernetes.fake_kube import FakeKube


def all_is_well(obj: dict[str, Any]) -> None:
    if obj["kind"] == "CustomResourceDefinition":
        obj["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
    if obj["kind"] == "Job":
        failed = obj["spec"].get("fails")
        obj["status"] = {"conditions": [{"type": "Failed" if failed else "Complete", "status": "True"}]}


def served_in_a_moment(obj: dict[str, Any]) -> None:
    """Controllers of a true cluster: nothing is ready at the first look, and Jobs take long."""
    if obj["kind"] != "Job":
        threading.Timer(0.2, all_is_well, [obj]).start()


def cut_off_at(kind: str) -> Callable[[dict[str, Any]], None]:
    """Controllers of a cluster whose user's machine goes down once an object of a kind is made."""

    def settle(obj: dict[str, Any]) -> None:
        if obj["kind"] == kind:
            raise KeyboardInterrupt
        all_is_well(obj)

    return settle


def set_event() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


def config_map(name: str, *, annotations: dict[str, str] | None = None, **data: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name}
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def job(name: str, events: str, *, weight: int = 0, policy: str = "", **spec: Any) -> dict[str, Any]:
    annotations = {"helm.sh/hook": events, "helm.sh/hook-weight": str(weight), "helm.sh/hook-delete-policy": policy}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "annotations": annotations},
        "spec": spec,
    }


CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.shop"},
    "spec": {"group": "shop", "names": {"kind": "Widget"}, "versions": [{"name": "v1", "storage": True}]},
}


class Shop:
    """The chart ``shop``, and what Helm is to make of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = chart(folder / "cache")
        self.program = folder / "helm"
        self.renders()

    def renders(self, *objects: dict[str, Any], crds: tuple[dict[str, Any], ...] = ()) -> None:
        sources = [("shop/crds/crd.yaml", crd) for crd in crds] + [("shop/templates/all.yaml", obj) for obj in objects]
        text = "".join(f"---\n# Source: {source}\n{yaml.safe_dump(obj)}" for source, obj in sources)
        (self.folder / "answer").write_text(text)
        self.plays(f'echo "$@" >> {self.folder}/log; cat {self.folder}/answer')

    def fails(self, reason: str) -> None:
        self.plays(f'echo "Error: {reason}" >&2; exit 1')

    def plays(self, script: str) -> None:
        self.program.write_text(f"#!/bin/sh\n{script}\n")
        self.program.chmod(0o755)

    @property
    def runs(self) -> list[str]:
        return (self.folder / "log").read_text().splitlines()

    def library(self, *, available: bool = True) -> Library:
        charts = Charts(
            ChartSettings(self.folder / "cache"), Helm(str(self.program), self.folder / "h"), self.folder / "p"
        )
        return Library(self.folder, charts if available else None, "1.35")


def inputs(**changes: Any) -> Properties:
    return {"chart": "shop", "version": "1.0.0", "name": "main", "namespace": "shop", "timeout": 1, **changes}


def written(kube: FakeKube) -> list[str]:
    """What was made, in order; Helm's own records left out."""
    return [obj["metadata"]["name"] for obj in kube.applied if obj["kind"] != "Secret"]
