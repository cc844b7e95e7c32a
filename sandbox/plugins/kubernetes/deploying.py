"""One revision of a Helm release, from its contents to its record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.charts import HookEvent
from sandbox.charts.census import Renderer
from sandbox.kube import KubeClient
from sandbox.plugins.kubernetes import objects, records
from sandbox.plugins.kubernetes.contents import Contents
from sandbox.plugins.kubernetes.installation import Installation
from sandbox.plugins.kubernetes.records import Record, Status
from sandbox.plugins.kubernetes.waiting import NotReady
from sandbox.plugins.protocol import Properties, ProviderError, Unanswered
from sandbox.stand_ins import crd_names

Object = dict[str, Any]


class DeploymentFailed(Exception):
    """A revision that did not come to be deployed, and why."""

    def __init__(self, record: Record, reasons: Sequence[str], *, undone: bool) -> None:
        super().__init__("; ".join(reasons))
        self.record, self.reasons, self.undone = record, list(reasons), undone
        """``undone``: whether the release is again what it was before, as it is atomic."""


def is_first(before: Record | None, renderer: Renderer) -> bool:
    """Whether this is the chart's install: also from a stand-in to the chart, and after an install that was cut off."""
    if before is None or before.gone:
        return True
    return before.rendered_by is not renderer or before.status is Status.PENDING_INSTALL


@dataclass(frozen=True)
class Deployment:
    """The next revision of a release, while it is made."""

    steps: Installation
    inputs: Properties
    contents: Contents
    before: Record | None
    """The newest revision that there is."""
    new: bool
    """Whether the engine's state does not have the release yet, so that one that fails may be gone without a trace."""

    @property
    def client(self) -> KubeClient:
        return self.steps.cluster.required

    @property
    def _true_chart(self) -> bool:
        return self.contents.rendered_by is Renderer.HELM

    def run(self) -> Record:
        """Make it. Raises DeploymentFailed once anything of it may exist, ProviderError before."""
        steps, inputs, before = self.steps, self.inputs, self.before
        if inputs.get("createNamespace"):
            steps.create_namespace()
        standing = steps.placed(records.standing(self.client, steps.namespace, steps.name))
        if before is not None and before.rendered_by is not self.contents.rendered_by:
            # A stand-in's objects are like the chart's, but their selectors, which can't be changed, may differ.
            steps.remove(list(reversed(standing)), keep=False)
        first = is_first(before, self.contents.rendered_by)
        if self._true_chart:
            steps.refuse_what_belongs_to_others(steps.placed(self.contents.objects), standing)
        self._install_crds(first=first)
        # Only now it can be told whether custom resources live in namespaces.
        wanted = steps.placed(self.contents.objects)
        wanted = steps.owned(wanted) if self._true_chart else wanted
        record = self._record(wanted, first=first)
        # Written down before anything is made, so that whatever is cut off can be finished, or taken away.
        records.write(self.client, record)
        try:
            self._make(record, standing, first=first)
        except NotReady as error:
            raise self._failed(
                record, standing, [f" did not become available: {text}" for text in error.reasons]
            ) from None
        except ProviderError as error:
            raise self._failed(record, standing, [f": {error}"]) from None
        record = record.as_(Status.DEPLOYED)
        records.write(self.client, record)
        records.prune(self.client, record, int(inputs.get("maxHistory") or 0))
        return record

    def _install_crds(self, *, first: bool) -> None:
        steps = self.steps
        try:
            if not self._true_chart:
                steps.install_crds(self.contents.crds)
            elif first:  # Helm never touches CRDs on an upgrade.
                steps.install_missing_crds(self.contents.crds, self.inputs["chart"])
        except NotReady as error:
            text = f"Helm release {steps.id}: {objects.describe(error.live)} did not become available: {error}"
            # Who was stopped in between can't tell, and asks again.
            raise (Unanswered if steps.cluster.cancelled.is_set() else ProviderError)(text) from None

    def _make(self, record: Record, standing: Sequence[Object], *, first: bool) -> None:
        steps, inputs = self.steps, self.inputs
        again = self.before is not None and self.before.status is not Status.DEPLOYED
        steps.run_hooks(record.hooks, HookEvent.PRE_INSTALL if first else HookEvent.PRE_UPGRADE, again=again)
        live = steps.apply(record.objects, strict=self._true_chart and not inputs.get("disableOpenapiValidation"))
        steps.remove(_without(standing, record.objects))
        if not inputs.get("skipAwait"):
            steps.wait(live, jobs=bool(inputs.get("waitForJobs")))
        steps.run_hooks(record.hooks, HookEvent.POST_INSTALL if first else HookEvent.POST_UPGRADE, again=again)

    def _failed(self, record: Record, standing: Sequence[Object], reasons: Sequence[str]) -> DeploymentFailed:
        """Record the failure, and undo what the release asks to have undone."""
        named = [f"Helm release {self.steps.id}{text}" for text in reasons]
        if self.steps.cluster.cancelled.is_set():
            # It did not fail, it was stopped: its record stays pending, and the next command goes on from there.
            return DeploymentFailed(record, named, undone=False)
        record = record.as_(Status.FAILED)
        records.write(self.client, record)
        try:
            undone = bool(self.inputs.get("atomic")) and self._undone(record, standing)
            if not undone and self.before is not None and self.inputs.get("cleanupOnFail"):
                self.steps.remove(_without(record.objects, standing), keep=False)
        except ProviderError as error:
            return DeploymentFailed(record, [*named, f"what it did could not be undone: {error}"], undone=False)
        return DeploymentFailed(record, named, undone=undone)

    def _undone(self, record: Record, standing: Sequence[Object]) -> bool:
        """Bring back the revision that is deployed, or else nothing at all; False where that is not possible."""
        steps, there = self.steps, [*standing, *_without(record.objects, standing)[::-1]]
        if (last := records.deployed(self.client, steps.namespace, steps.name)) is not None:
            known = steps.placed(last.objects)
            steps.remove(_without(there, known), keep=False)
            steps.apply(known)
            records.write(self.client, last.again(record.revision + 1))
        elif self.new:
            steps.remove(there[::-1])
            steps.forget(record)
        # Else there is nothing to go back to, and the state has the release.
        return last is not None or self.new

    def _record(self, wanted: list[Object], *, first: bool) -> Record:
        contents, inputs, before = self.contents, self.inputs, self.before
        return Record(
            name=inputs["name"],
            namespace=inputs["namespace"],
            chart=inputs["chart"],
            chart_name=contents.chart_name,
            version=contents.version,
            app_version=contents.app_version,
            values=inputs.get("values") or {},
            objects=wanted,
            crds=crd_names(contents.crds),
            hooks=contents.hooks,
            revision=before.revision + 1 if before else 1,
            status=Status.PENDING_INSTALL if first else Status.PENDING_UPGRADE,
            rendered_by=contents.rendered_by,
        )


def _without(some: Sequence[Object], others: Sequence[Object]) -> list[Object]:
    """The objects that are not among the others, last first: in the order in which to delete them."""
    there = {objects.identity(obj) for obj in others}
    return [obj for obj in reversed(some) if objects.identity(obj) not in there]
