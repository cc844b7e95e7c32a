"""Helm releases, recorded: the chart's stand-in is installed and the release written down as Helm itself does.

The record is Helm's own (a Secret ``sh.helm.release.v1.<name>.v<revision>`` with the release's values and manifest),
so `helm list` shows it. One thing differs on purpose: Helm never deletes the CRDs of a chart's ``crds`` folder; here
they go with the last release of the chart once no custom resource is left, so that a destroyed stack leaves nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from sandbox.kube import ApiError, UnknownKind
from sandbox.plugins.kubernetes import objects, records
from sandbox.plugins.kubernetes.cluster import Cluster, explain
from sandbox.plugins.kubernetes.differences import path_text, walk
from sandbox.plugins.kubernetes.ignoring import under
from sandbox.plugins.kubernetes.records import Record
from sandbox.plugins.kubernetes.waiting import NotReady
from sandbox.plugins.protocol import (
    UNKNOWN,
    Call,
    Change,
    Diff,
    Failure,
    InitFailed,
    Properties,
    ProviderError,
    contains_unknown,
)
from sandbox.stand_ins import crd_names, known, stand_in

Object = dict[str, Any]

TYPE = "kubernetes:helm.sh/v3:Release"
MANAGER = "helm"
DEFAULT_TIMEOUT = 300
"""Seconds for each of Helm's waits."""

_REPLACES = ("name", "namespace")


@dataclass(frozen=True)
class Releases:
    """The Helm releases of one cluster."""

    cluster: Cluster
    crds: Path
    """The toolchain's folder of CRDs."""

    def check(self, call: Call, olds: Properties, news: Properties) -> tuple[Properties, list[Failure]]:
        inputs = {key: value for key, value in news.items() if value is not None and key != "resourceNames"}
        failures = [Failure("chart", "is missing: name the chart to install")] if not inputs.get("chart") else []
        if not inputs.get("name"):
            inputs["name"] = olds.get("name") or objects.unique_name(call.name)
        inputs["namespace"] = inputs.get("namespace") or self.cluster.namespace
        if not inputs.get("skipAwait"):
            inputs.setdefault("timeout", DEFAULT_TIMEOUT)
        return inputs, failures

    def diff(self, old_inputs: Properties, news: Properties, ignored: Sequence[str]) -> Diff:
        details: dict[str, Change] = {}
        replaces: list[str] = []
        for path, change, _ in walk(old_inputs, news):
            text = path_text(path)
            if under(text, ignored):
                continue
            if text in _REPLACES:
                change = Change.UPDATE_REPLACE
                replaces.append(text)
            details[text] = change
        return Diff(changes=bool(details), replaces=tuple(replaces), details=details)

    def create(self, call: Call, inputs: Properties) -> tuple[str, Properties]:
        if call.preview:
            self._tell(call, inputs)
            return "", {**inputs, "resourceNames": UNKNOWN, "status": UNKNOWN}
        # Of a creation that was begun before, the record is its own.
        if not call.again and records.latest(self.cluster.required, inputs["namespace"], inputs["name"]) is not None:
            raise ProviderError(f"cannot re-use a name that is still in use: there is a release {_id(inputs)}")
        self._tell(call, inputs)
        return _id(inputs), self._install(call, inputs, None)

    def update(self, call: Call, news: Properties) -> Properties:
        self._tell(call, news)
        if call.preview:
            return {**news, "resourceNames": UNKNOWN, "status": UNKNOWN}
        before = records.latest(self.cluster.required, news["namespace"], news["name"])
        if before is None:
            raise ProviderError(f"there is no release {_id(news)} to upgrade: `pulumi refresh` notes that")
        return self._install(call, news, before)

    def read(
        self, id: str, inputs: Properties | None, outputs: Properties
    ) -> tuple[str, Properties, Properties] | None:
        namespace, name = objects.parse_id(id)
        record = records.latest(self.cluster.required, namespace or self.cluster.namespace, name)
        if record is None:
            return None
        known_inputs = inputs or {
            "chart": record.chart,
            "version": record.version,
            "name": record.name,
            "namespace": record.namespace,
            "values": record.values,
            "timeout": DEFAULT_TIMEOUT,
        }
        return id, known_inputs, {**(outputs or known_inputs), **_computed(record)}

    def delete(self, call: Call, id: str, outputs: Properties) -> None:
        namespace, name = objects.parse_id(id)
        client = self.cluster.required
        record = records.latest(client, namespace or self.cluster.namespace, name)
        if record is None:
            return
        timeout = float(call.timeout or outputs.get("timeout") or DEFAULT_TIMEOUT)
        self._remove(call, list(reversed(record.objects)), timeout)
        records.forget(client, record)
        if not records.of_chart(client, record.chart):
            self._remove_crds(call, record, timeout)

    # -- steps --------------------------------------------------------------------------------------------------

    def _install(self, call: Call, inputs: Properties, before: Record | None) -> Properties:
        client = self.cluster.required
        wanted = self._stand_in(inputs)
        crds = [obj for obj in wanted if obj["kind"] == "CustomResourceDefinition"]
        rest = [obj for obj in wanted if obj["kind"] != "CustomResourceDefinition"]
        timeout = float(call.timeout or inputs.get("timeout") or DEFAULT_TIMEOUT)
        if inputs.get("createNamespace") and client.get("v1", "Namespace", inputs["namespace"]) is None:
            # Helm does not count it among the release's objects either: it stays.
            self._apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": inputs["namespace"]}})
        if not inputs.get("skipCrds"):
            live = [self._apply(obj) for obj in crds]
            self._wait(call, live, timeout)
        live = [self._apply(obj) for obj in rest]
        record = Record(
            name=inputs["name"],
            namespace=inputs["namespace"],
            chart=inputs["chart"],
            version=str(inputs.get("version") or "0.0.0"),
            app_version=_app_version(rest),
            values=inputs.get("values") or {},
            objects=rest,
            crds=[] if inputs.get("skipCrds") else crd_names(crds),
            revision=before.revision + 1 if before else 1,
        )
        records.write(client, record)
        if before is not None:
            kept = {_key(obj) for obj in rest}
            self._remove(call, [obj for obj in before.objects if _key(obj) not in kept], timeout)
        outputs = {**inputs, **_computed(record)}
        if not inputs.get("skipAwait"):
            try:
                self._wait(call, live, timeout)
            except NotReady as error:
                reasons = [f"Helm release {_id(inputs)} did not become available: {text}" for text in error.reasons]
                raise InitFailed(_id(inputs), outputs, inputs, reasons) from None
        return outputs

    def _stand_in(self, inputs: Properties) -> list[Object]:
        return stand_in(
            _chart_name(inputs),
            namespace=inputs["namespace"],
            version=str(inputs.get("version") or ""),
            crds=self.crds,
            release=inputs["name"],
            values=inputs.get("values") or {},
        )

    def _tell(self, call: Call, inputs: Properties) -> None:
        """Say, once per operation, that this is not the chart."""
        chart = f"chart {inputs.get('chart')} {inputs.get('version') or ''}".rstrip()
        if contains_unknown(inputs):
            call.log(f"{chart}: the sandbox installs a stand-in for the chart's controllers", severity="warning")
            return
        wanted = self._stand_in(inputs)
        workloads = [objects.describe(obj) for obj in wanted if obj["kind"] in ("Deployment", "DaemonSet")]
        text = f"{chart}: {', '.join(workloads)} is a stand-in whose containers run nowhere"
        crds = crd_names(wanted)
        if not known(_chart_name(inputs)):
            text += "; the sandbox does not know this chart, so none of its other objects and CRDs exist"
        elif inputs.get("skipCrds") or not crds:
            text += "; it brings no CRDs"
        else:
            text += f"; its CRDs are the project's own ({_counted(crds)})"
        call.log(text, severity="warning")

    def _apply(self, obj: Object) -> Object:
        try:
            return self.cluster.required.apply(obj, field_manager=MANAGER, force=True)
        except ApiError as error:
            raise explain(error, obj) from None

    def _wait(self, call: Call, live: Sequence[Object], timeout: float) -> None:
        for obj in live:
            log = partial(call.log, ephemeral=True)
            self.cluster.waiter.until_ready(obj, obj, timeout=timeout, log=log)

    def _remove(self, call: Call, wanted: Sequence[Mapping[str, Any]], timeout: float) -> None:
        client = self.cluster.required
        live: list[Object] = []
        for obj in wanted:
            meta = objects.metadata(obj)
            try:
                found = client.get(obj["apiVersion"], obj["kind"], meta["name"], meta.get("namespace"))
                if found is not None:
                    client.delete(obj["apiVersion"], obj["kind"], meta["name"], meta.get("namespace"))
                    live.append(found)
            except UnknownKind:
                continue
            except ApiError as error:
                raise explain(error, obj) from None
        for obj in live:
            self.cluster.waiter.until_gone(obj, timeout=timeout, log=partial(call.log, ephemeral=True))

    def _remove_crds(self, call: Call, record: Record, timeout: float) -> None:
        client = self.cluster.required
        unused: list[Object] = []
        for name in record.crds:
            crd = client.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", name)
            if crd is not None and not self._in_use(crd):
                unused.append(crd)
        self._remove(call, unused, timeout)

    def _in_use(self, crd: Mapping[str, Any]) -> bool:
        spec = cast("Object", crd["spec"])
        version = next(entry["name"] for entry in spec["versions"] if entry.get("storage"))
        try:
            return bool(self.cluster.required.list(f"{spec['group']}/{version}", spec["names"]["kind"]))
        except ApiError:
            return False  # not served, so nothing of it can be reached


def _id(inputs: Properties) -> str:
    return f"{inputs['namespace']}/{inputs['name']}"


def _chart_name(inputs: Properties) -> str:
    """``traefik`` of ``traefik``, ``traefik/traefik`` or ``oci://example.com/charts/traefik``."""
    return str(inputs["chart"]).rstrip("/").rpartition("/")[2]


def _counted(crds: Sequence[str]) -> str:
    """``10 of traefik.io, 2 of gateway.networking.k8s.io``."""
    groups = Counter(name.partition(".")[2] for name in crds)
    return ", ".join(f"{count} of {group}" for group, count in sorted(groups.items()))


def _key(obj: Mapping[str, Any]) -> tuple[str, str, str | None, str]:
    meta = objects.metadata(obj)
    return str(obj["apiVersion"]).rpartition("/")[0], obj["kind"], meta.get("namespace"), meta["name"]


def _app_version(wanted: Sequence[Mapping[str, Any]]) -> str:
    """The tag of the first workload's image: what the chart's appVersion is in charts of one program."""
    for obj in wanted:
        if obj["kind"] in ("Deployment", "DaemonSet"):
            image = str(obj["spec"]["template"]["spec"]["containers"][0]["image"])
            return image.rpartition(":")[2]
    return ""


def _computed(record: Record) -> Properties:
    """The outputs that only an installed release has."""
    names: dict[str, list[str]] = {}
    for obj in record.objects:
        group, _, _ = str(obj["apiVersion"]).rpartition("/")
        key = f"{obj['kind']}.{group}/{obj['apiVersion']}" if group else f"{obj['kind']}/{obj['apiVersion']}"
        names.setdefault(key, []).append(objects.object_id(obj))
    return {
        "resourceNames": names,
        "status": {
            "appVersion": record.app_version,
            "chart": record.chart,
            "name": record.name,
            "namespace": record.namespace,
            "revision": record.revision,
            "status": "deployed",
            "version": record.version,
        },
    }
