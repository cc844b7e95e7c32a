"""Makes charts of a few lines, unpacked and packed."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


def chart(
    folder: Path,
    name: str = "shop",
    version: str = "1.0.0",
    *,
    templates: Mapping[str, str] | None = None,
    crds: Mapping[str, str] | None = None,
    values: Mapping[str, Any] | None = None,
    schema: Mapping[str, Any] | None = None,
    **metadata: Any,
) -> Path:
    """Write the chart ``name`` into ``folder`` and return its own folder."""
    root = folder / name
    described = {"apiVersion": "v2", "name": name, "version": version, "appVersion": "7.0", **metadata}
    texts = {"Chart.yaml": yaml.safe_dump(described), "values.yaml": yaml.safe_dump(dict(values or {}))}
    texts |= {f"templates/{file}": text for file, text in (templates or {}).items()}
    texts |= {f"crds/{file}": text for file, text in (crds or {}).items()}
    if schema is not None:
        texts["values.schema.json"] = json.dumps(schema)
    for file, text in texts.items():
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def packed(root: Path, into: Path) -> Path:
    """The chart in ``root`` as ``into/<name>-<version>.tgz``."""
    described = yaml.safe_load((root / "Chart.yaml").read_text())
    into.mkdir(parents=True, exist_ok=True)
    target = into / f"{described['name']}-{described['version']}.tgz"
    with tarfile.open(target, "w:gz") as archive:
        archive.add(root, described["name"])
    return target


CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-settings
data:
  greeting: {{ .Values.greeting | quote }}
"""

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  labels: &labels {app.kubernetes.io/name: {{ .Chart.Name }}, app.kubernetes.io/instance: {{ .Release.Name }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: *labels}
  template:
    metadata: {labels: *labels}
    spec:
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: shop
          image: example.com/shop:{{ .Chart.AppVersion }}
          resources: {requests: {cpu: 10m, memory: 16Mi}}
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""

WIDGETS = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.shop.example.com
spec:
  group: shop.example.com
  scope: Namespaced
  names: {kind: Widget, listKind: WidgetList, plural: widgets, singular: widget}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [size]
              properties: {size: {type: integer, minimum: 1}}
"""

WIDGET = """\
{{- if .Capabilities.APIVersions.Has "shop.example.com/v1/Widget" }}
apiVersion: shop.example.com/v1
kind: Widget
metadata:
  name: {{ .Release.Name }}
spec:
  size: {{ .Values.size }}
{{- end }}
"""


def hook(name: str, events: str, *, weight: int = 0, policy: str = "", kind: str = "Job", **spec: Any) -> str:
    """A template of a hook that makes a Job, or a ConfigMap."""
    annotations = {"helm.sh/hook": events, "helm.sh/hook-weight": str(weight)}
    if policy:
        annotations["helm.sh/hook-delete-policy"] = policy
    obj: dict[str, Any] = {
        "apiVersion": "batch/v1" if kind == "Job" else "v1",
        "kind": kind,
        "metadata": {"name": name, "annotations": annotations},
    }
    if kind == "Job":
        container = {
            "name": "hook",
            "image": "example.com/hook:1",
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
        pod = {
            "restartPolicy": "Never",
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
            **spec.pop("pod", {}),
        }
        obj["spec"] = {"backoffLimit": 0, "template": {"spec": pod}, **spec}
    return yaml.safe_dump(obj)
