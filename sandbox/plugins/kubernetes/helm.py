"""Helm releases: what their chart is rendered to is installed, and written down as Helm itself does.

The record is Helm's own (a Secret ``sh.helm.release.v1.<name>.v<revision>`` with the release's values and manifest),
so `helm list` shows it. One thing differs on purpose: Helm never deletes the CRDs of a chart's ``crds`` folder; here
they go with the last release of the chart once no custom resource is left, so that a destroyed stack leaves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.charts import HookEvent
from sandbox.charts.census import BROUGHT_CRDS, RENDERED_BY, Renderer
from sandbox.charts.census import RELEASE as TYPE
from sandbox.charts.settings import CACHE, CHARTS
from sandbox.plugins.kubernetes import objects, records
from sandbox.plugins.kubernetes.cluster import Cluster
from sandbox.plugins.kubernetes.contents import Contents, Library, wanted_chart
from sandbox.plugins.kubernetes.deploying import Deployment, DeploymentFailed, is_first
from sandbox.plugins.kubernetes.differences import path_text, walk
from sandbox.plugins.kubernetes.ignoring import under
from sandbox.plugins.kubernetes.installation import Installation
from sandbox.plugins.kubernetes.records import Record, Status
from sandbox.plugins.protocol import (
    UNKNOWN,
    Call,
    Change,
    Diff,
    Failure,
    InitFailed,
    Properties,
    ProviderError,
    Unanswered,
    contains_unknown,
)

__all__ = ["TYPE", "Releases"]

Object = dict[str, Any]

DEFAULT_TIMEOUT = 300
"""Seconds for each of Helm's waits."""
DIGEST = "__chartDigest"
"""The output that tells when the files of a chart have changed."""

_REPLACES = ("name", "namespace")
_CHART = ("chart", "version", "repositoryOpts", "devel")
"""Inputs that say which chart it is."""
_RENDERED = ("values", "valueYamlFiles", "allowNullValues")
"""Inputs that do nothing but change what a chart is rendered to."""
_NOT_CARRIED_OUT = ("postrender", "reuseValues", "verify", "dependencyUpdate")
_LOSS = (Renderer.HELM, Renderer.STAND_IN)


class _WouldGo(ProviderError):
    """A release whose chart can't be had any more is to change: its stand-in would take the place of all it has."""

    def __init__(self, inputs: Properties) -> None:
        super().__init__(
            f"Helm release {_id(inputs)} was installed from its chart, and chart {wanted_chart(inputs)} can't be had "
            f"now: set {CACHE} (or {CHARTS}=online) as when it came up. To have a stand-in instead, take the release "
            "out of the program first"
        )


@dataclass(frozen=True)
class Releases:
    """The Helm releases of one cluster."""

    cluster: Cluster
    library: Library

    def check(self, call: Call, olds: Properties, news: Properties) -> tuple[Properties, list[Failure]]:
        inputs = {key: value for key, value in news.items() if value is not None and key != "resourceNames"}
        if not inputs.get("name"):
            inputs["name"] = olds.get("name") or objects.unique_name(call.name)
        inputs["namespace"] = inputs.get("namespace") or self.cluster.namespace
        if not inputs.get("skipAwait"):
            inputs.setdefault("timeout", DEFAULT_TIMEOUT)
        failures = [Failure("chart", "is missing: name the chart to install")] if not inputs.get("chart") else []
        if not failures and not contains_unknown(inputs) and self.library.chart(inputs):
            said = "the sandbox does not carry it out for true charts: take it out, or do without them"
            failures += [Failure(key, said) for key in _NOT_CARRIED_OUT if inputs.get(key)]
        return inputs, failures

    def diff(self, old_inputs: Properties, old_outputs: Properties, news: Properties, ignored: Sequence[str]) -> Diff:
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
        if details and self._would_lose_chart(old_outputs, news):
            raise _WouldGo(news)
        if not contains_unknown(news) and not replaces:
            if not under("chart", ignored) and self._is_another_chart(old_outputs, news):
                details.setdefault("chart", Change.UPDATE)
            elif self._renders_the_same(details, old_inputs, old_outputs, news):
                details = {}
        return Diff(changes=bool(details), replaces=tuple(replaces), details=details)

    def create(self, call: Call, inputs: Properties) -> tuple[str, Properties]:
        if call.preview:
            self._contents(call, inputs)
            return "", {**inputs, "resourceNames": UNKNOWN, "status": UNKNOWN}
        before = records.latest(self.cluster.required, inputs["namespace"], inputs["name"])
        # Of a creation that was begun before, the record is its own.
        own = call.again or before is None or before.gone
        if before is not None and not own and not (before.status.pending and before.chart == inputs["chart"]):
            raise ProviderError(f"cannot re-use a name that is still in use: there is a release {_id(inputs)}")
        try:
            return _id(inputs), self._install(call, inputs, before, new=True)
        except Unanswered:
            raise
        except ProviderError as error:
            # What was begun before may have made much already: only in the state it can be upgraded, or destroyed.
            begun = before is not None and not before.gone
            left = records.latest(self.cluster.required, inputs["namespace"], inputs["name"]) if begun else None
            if left is None:
                raise
            raise InitFailed(_id(inputs), {**inputs, **_computed(left)}, inputs, [str(error)]) from None

    def update(self, call: Call, news: Properties, old_outputs: Properties | None = None) -> Properties:
        if self._would_lose_chart(old_outputs or {}, news):
            raise _WouldGo(news)
        if call.preview:
            self._contents(call, news, upgrade=True)
            return {**news, "resourceNames": UNKNOWN, "status": UNKNOWN}
        before = records.latest(self.cluster.required, news["namespace"], news["name"])
        if before is None or before.gone:
            raise ProviderError(f"there is no release {_id(news)} to upgrade: `pulumi refresh` notes that")
        return self._install(call, news, before, new=False)

    def read(
        self, id: str, inputs: Properties | None, outputs: Properties
    ) -> tuple[str, Properties, Properties] | None:
        namespace, name = objects.parse_id(id)
        record = records.latest(self.cluster.required, namespace or self.cluster.namespace, name)
        if record is None or record.gone:
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
        steps = self._steps(call, {**outputs, "name": record.name, "namespace": record.namespace})
        hooks = [] if outputs.get("disableWebhooks") or record.gone else record.hooks
        again = record.status is Status.UNINSTALLING
        if not record.gone:
            records.mark(client, record, Status.UNINSTALLING)
        steps.run_hooks(hooks, HookEvent.PRE_DELETE, again=again)
        steps.remove(list(reversed(steps.placed(records.standing(client, record.namespace, record.name)))))
        steps.run_hooks(hooks, HookEvent.POST_DELETE, again=again)
        steps.forget(record)

    # -- steps --------------------------------------------------------------------------------------------------

    def _contents(self, call: Call, inputs: Properties, *, upgrade: bool = False) -> Contents | None:
        """What the release is made of, told to the user; None while that can't be known."""
        if contains_unknown(inputs):
            chart = wanted_chart(inputs)
            if not self.library.may_have(chart):
                call.log(f"chart {chart}: the sandbox installs a stand-in for its controllers", severity="warning")
            else:
                call.log(f"chart {chart} is rendered once its values are known")
            return None
        contents = self.library.contents(inputs, self.cluster, upgrade=upgrade)
        severity = "warning" if contents.rendered_by is Renderer.STAND_IN else "info"
        call.log(contents.told, severity=severity)
        return contents

    def _install(self, call: Call, inputs: Properties, before: Record | None, *, new: bool) -> Properties:
        renderer = Renderer.HELM if self.library.chart(inputs) else Renderer.STAND_IN
        if before is not None and not before.gone and (before.rendered_by, renderer) == _LOSS:
            raise _WouldGo(inputs)
        contents = self._contents(call, inputs, upgrade=not is_first(before, renderer))
        assert contents is not None, "nothing is unknown in an update"
        try:
            record = Deployment(self._steps(call, inputs), inputs, contents, before, new=new).run()
        except DeploymentFailed as error:
            if error.undone:
                raise ProviderError(f"{error}; as it is atomic, what it did was undone") from None
            outputs = {**inputs, **_computed(error.record), **self._noted(inputs)}
            raise InitFailed(_id(inputs), outputs, inputs, error.reasons) from None
        return {**inputs, **_computed(record), **self._noted(inputs)}

    def _steps(self, call: Call, inputs: Properties) -> Installation:
        timeout = float(call.timeout or inputs.get("timeout") or DEFAULT_TIMEOUT)
        return Installation(self.cluster, call, inputs["name"], inputs["namespace"], timeout)

    # -- differences --------------------------------------------------------------------------------------------

    def _is_another_chart(self, old_outputs: Properties, news: Properties) -> bool:
        """Whether the chart can be had by now, or has other files than when it was installed."""
        chart = self.library.chart(news)
        if chart is None:
            return False
        return old_outputs.get(RENDERED_BY) != Renderer.HELM or old_outputs.get(DIGEST) not in (None, chart.digest)

    def _would_lose_chart(self, old_outputs: Properties, news: Properties) -> bool:
        if old_outputs.get(RENDERED_BY) != Renderer.HELM or any(contains_unknown(news.get(key)) for key in _CHART):
            return False
        return self.library.chart(news) is None

    def _renders_the_same(
        self, details: Sequence[str] | dict[str, Change], olds: Properties, outputs: Properties, news: Properties
    ) -> bool:
        """Whether changed values make no difference to the chart that is installed."""
        if not details or not all(under(path, _RENDERED) for path in details):
            return False
        if outputs.get(RENDERED_BY) != Renderer.HELM or self.library.chart(news) is None or contains_unknown(olds):
            return False
        try:
            before = self.library.contents(olds, self.cluster, upgrade=True)
        except ProviderError:
            return False  # an upgrade refuses what the install took: the new values may well be the remedy
        return before == self.library.contents(news, self.cluster, upgrade=True)

    def _noted(self, inputs: Properties) -> Properties:
        chart = self.library.chart(inputs)
        return {DIGEST: chart.digest} if chart else {}


def _id(inputs: Properties) -> str:
    return f"{inputs['namespace']}/{inputs['name']}"


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
            "chart": record.chart_name,
            "name": record.name,
            "namespace": record.namespace,
            "revision": record.revision,
            "status": record.status,
            "version": record.version,
        },
        RENDERED_BY: record.rendered_by,
        BROUGHT_CRDS: record.crds,
    }
