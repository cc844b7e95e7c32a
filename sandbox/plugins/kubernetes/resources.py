"""Check, diff, create, read, update and delete of any Kubernetes object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sandbox.kube import ApiError, UnknownKind
from sandbox.plugins.kubernetes import objects
from sandbox.plugins.kubernetes.checks import annotation_failures
from sandbox.plugins.kubernetes.cluster import Cluster, conflicting_managers, explain
from sandbox.plugins.kubernetes.coming import Coming
from sandbox.plugins.kubernetes.differences import compare
from sandbox.plugins.kubernetes.drift import as_inputs, drifted
from sandbox.plugins.kubernetes.ignoring import leave_to_others, under
from sandbox.plugins.kubernetes.previewing import Previewing
from sandbox.plugins.kubernetes.readiness import Around, job
from sandbox.plugins.kubernetes.waiting import NotReady
from sandbox.plugins.protocol import (
    UNKNOWN,
    Call,
    Diff,
    Failure,
    InitFailed,
    Properties,
    ProviderError,
    contains_unknown,
)

Object = dict[str, Any]

MANAGER_PREFIX = "pulumi-kubernetes"
DELETE_TIMEOUT = 600.0
CREATE_TRIES = 6
"""Tries to create an object whose namespace or CRD may just be coming, at doubling intervals from 1 s."""

# What people change by hand is taken over, as the genuine provider does: their edits are what an up is to undo.
_YIELDING_MANAGERS = ("kubectl", "before-first-apply", "pulumi-kubernetes", "pulumi-resource-kubernetes")
_SKIPS_DELETE_AWAIT = frozenset(
    {"Namespace", "Pod", "ReplicationController", "DaemonSet", "Deployment", "StatefulSet", "Job"}
)


class Resources:
    """The objects of one cluster."""

    def __init__(self, cluster: Cluster, coming: Coming | None = None) -> None:
        self._cluster = cluster
        self._previewing = Previewing(cluster, coming or Coming())
        self._ignored: dict[str, Sequence[str]] = {}

    def check(self, call: Call, olds: Properties, news: Properties) -> tuple[Properties, list[Failure]]:
        api_version, kind = objects.parse_type(call.type)
        obj = objects.normalise(objects.from_properties(news))
        if kind == f"{obj.get('kind')}Patch":
            return news, [Failure("kind", f"the sandbox does not support {kind}: manage the whole object, or leave it")]
        if kind.endswith("List") and "items" in obj:
            return news, [Failure("kind", f"{kind} can't be created as such: use a resource for each of its items")]
        obj.setdefault("apiVersion", api_version)
        obj.setdefault("kind", kind)
        failures = [
            Failure(key, f"is {obj[key]!r}, but the resource's type says {wanted!r}")
            for key, wanted in (("apiVersion", api_version), ("kind", kind))
            if obj[key] != wanted and obj[key] is not UNKNOWN
        ]
        failures += annotation_failures(call, obj)
        if failures:
            return news, failures
        objects.autoname(obj, call.name, objects.from_properties(olds))
        if self._cluster.namespaced(obj) and not objects.metadata(obj).get("namespace"):
            obj["metadata"]["namespace"] = self._cluster.namespace
        return objects.to_properties(obj), []

    def diff(
        self, call: Call, old_inputs: Properties, old_outputs: Properties, news: Properties, ignored: Sequence[str]
    ) -> Diff:
        self._ignored[call.urn] = ignored
        new = objects.from_properties(news)
        diff = compare(
            objects.from_properties(old_inputs),
            new,
            namespaced=self._cluster.namespaced(new) is not False,
            default_namespace=self._cluster.namespace,
            mutable_config_maps=self._cluster.mutable_config_maps,
            mutable_secrets=self._cluster.mutable_secrets,
        )
        if ignored:
            details = {path: change for path, change in diff.details.items() if not under(path, ignored)}
            replaces = tuple(path for path in diff.replaces if path in details)
            diff = Diff(bool(details), replaces, diff.delete_before_replace and bool(replaces), details)
        if self._replace_unready(call, new, old_outputs):
            path = f'metadata.annotations["{objects.REPLACE_UNREADY}"]'
            same_name = not objects.is_autonamed(new)
            diff = Diff(True, (*diff.replaces, path), same_name, diff.details)
        return diff

    def _replace_unready(self, call: Call, new: Object, old_outputs: Properties) -> bool:
        """Whether a Job that is to be replaced when it has not succeeded has not."""
        if objects.annotation(new, objects.REPLACE_UNREADY) != "true":
            return False
        if new.get("kind") != "Job":
            call.log(f"{objects.REPLACE_UNREADY} does nothing for a {new.get('kind')}: only Jobs", severity="warning")
            return False
        if self._cluster.client is None:
            call.log(f"{objects.REPLACE_UNREADY} can't be looked into: {self._cluster.reason}", severity="warning")
            return False
        try:
            live = self._live(objects.from_properties(old_outputs))
        except ApiError as error:
            raise explain(error, new) from None
        return live is not None and not job(live, Around()).ready

    def create(self, call: Call, inputs: Properties) -> tuple[str, Properties]:
        obj = objects.from_properties(inputs)
        manager = _field_manager(obj, {}, call.token)
        if call.preview:
            return "", self._preview_create(call, obj, manager)
        live = self._created(call, obj, manager)
        return objects.object_id(live), self._settled(call, live, obj, manager)

    def update(self, call: Call, old_outputs: Properties, news: Properties) -> Properties:
        obj = objects.from_properties(news)
        manager, before = _field_manager(obj, old_outputs), str(old_outputs.get(objects.FIELD_MANAGER) or "")
        if call.preview and (self._cluster.client is None or contains_unknown(obj)):
            return objects.to_properties(obj)
        client = self._cluster.required
        try:
            live = self._live(objects.from_properties(old_outputs))
            if live is None:
                raise ProviderError(f"{objects.describe(obj)} does not exist any more: `pulumi refresh` notes that")
            obj = leave_to_others(obj, live, manager, self._ignored.get(call.urn, ()))
            live = self._apply(call, obj, manager, dry_run=call.preview)
            if not call.preview and before and before != manager:
                # An empty apply gives up what the former manager owned.
                bare = {key: obj[key] for key in ("apiVersion", "kind")}
                meta = {key: value for key, value in objects.metadata(live).items() if key in ("name", "namespace")}
                live = client.apply({**bare, "metadata": meta}, field_manager=before)
        except ApiError as error:
            if call.preview:
                self._previewing.excuse(call, obj, error)
                return objects.to_properties(obj)
            raise explain(error, obj) from None
        if call.preview:
            return objects.live_outputs(live, manager)
        return self._settled(call, live, obj, manager)

    def read(
        self, call: Call, id: str, inputs: Properties | None, outputs: Properties
    ) -> tuple[str, Properties, Properties] | None:
        api_version, kind = objects.parse_type(call.type)
        namespace, name = objects.parse_id(id)
        try:
            live = self._cluster.required.get(api_version, kind, name, namespace)
        except UnknownKind:
            return None
        except ApiError as error:
            raise ProviderError(f"{kind} {id}: {error}") from None
        if live is None:
            return None
        known = objects.from_properties(inputs or {})
        manager = _field_manager(known, outputs)
        if not known.get("kind"):
            return id, objects.to_properties(as_inputs(live)), objects.live_outputs(live, manager)
        found = drifted(self._cluster.required, known, live, manager)
        try:
            self._cluster.waiter.check_ready(live, known)
        except NotReady as error:
            raise _init_failed(error, id, found, manager) from None
        except ApiError as error:
            raise explain(error, live) from None
        return id, objects.to_properties(found), objects.live_outputs(live, manager)

    def delete(self, call: Call, old_inputs: Properties, outputs: Properties) -> None:
        inputs, obj = objects.from_properties(old_inputs), objects.from_properties(outputs)
        client = self._cluster.required
        meta = objects.metadata(obj)
        try:
            live = self._live(obj)
            if live is None:
                return
            policy = objects.propagation(inputs)
            client.delete(obj["apiVersion"], obj["kind"], meta["name"], meta.get("namespace"), propagation=policy)
        except UnknownKind:
            return  # without its CRD no custom resource is left
        except ApiError as error:
            raise explain(error, obj) from None
        skips = objects.annotation(inputs, objects.SKIP_AWAIT) == "true" and obj["kind"] in _SKIPS_DELETE_AWAIT
        if not skips:
            limit = objects.timeout_seconds(call.timeout, inputs, DELETE_TIMEOUT)
            self._cluster.waiter.until_gone(live, timeout=limit, log=partial(call.log, ephemeral=True))

    # -- steps --------------------------------------------------------------------------------------------------

    def _preview_create(self, call: Call, obj: Object, manager: str) -> Properties:
        """The dry run's answer; the inputs where the server can't know yet what is to come."""
        client = self._cluster.client
        echo = objects.echoed_outputs(obj)
        if client is None or contains_unknown(obj):
            return echo
        try:
            if self._live(obj) is not None:
                return echo  # it will be replaced
            answer = self._apply(call, obj, manager, dry_run=True, force=True)
        except ApiError as error:
            self._previewing.excuse(call, obj, error)
            return echo
        return objects.preview_outputs(answer, manager)

    def _create(self, call: Call, obj: Object, manager: str) -> Object:
        live = None if self._cluster.upsert else self._live(obj)
        if live is not None and not (call.again and _owns(manager, live)):
            raise ProviderError(
                f"{objects.describe(obj)} exists already. If the resource was renamed, give it an alias; to adopt the "
                "object, import it; to overwrite objects on purpose, set the provider's upsert_existing_objects"
            )
        return self._apply(call, obj, manager, dry_run=False)

    def _apply(self, call: Call, obj: Object, manager: str, *, dry_run: bool, force: bool = False) -> Object:
        client = self._cluster.required
        force = force or self._cluster.patch_force or objects.annotation(obj, objects.PATCH_FORCE) == "true"

        def warn(text: str) -> None:
            call.log(text, severity="warning")

        try:
            return client.apply(obj, field_manager=manager, force=force, dry_run=dry_run, strict=True, warn=warn)
        except ApiError as error:
            managers = conflicting_managers(error)
            if not managers or not all(name.startswith(_YIELDING_MANAGERS) for name in managers):
                raise
            return client.apply(obj, field_manager=manager, force=True, dry_run=dry_run, strict=True)

    def _created(self, call: Call, obj: Object, manager: str) -> Object:
        """The new object. Its namespace or its CRD may be made at this moment, by another resource or by a chart."""
        for attempt in range(1, CREATE_TRIES + 1):
            try:
                return self._create(call, obj, manager)
            except ApiError as error:
                if error.status != 404:
                    raise explain(error, obj) from None
                if attempt == CREATE_TRIES:
                    advice = "" if error.reason != "UnknownKind" else ": has its CRD been created? (depends_on)"
                    raise ProviderError(f"{explain(error, obj)}{advice}") from None
                call.log(f"retry {attempt}: {error}", ephemeral=True)
                self._cluster.waiter.pause(2.0 ** (attempt - 1))
        raise AssertionError("unreachable")

    def _settled(self, call: Call, live: Object, obj: Object, manager: str) -> Properties:
        """The outputs of an object once it is ready. Raises InitFailed when it does not become so."""
        waiter = self._cluster.waiter
        try:
            live = waiter.until_ready(live, obj, timeout=call.timeout, log=partial(call.log, ephemeral=True))
        except NotReady as error:
            raise _init_failed(error, objects.object_id(error.live), obj, manager) from None
        return objects.live_outputs(live, manager)

    def _live(self, obj: Mapping[str, Any]) -> Object | None:
        meta = objects.metadata(obj)
        return self._cluster.required.get(obj["apiVersion"], obj["kind"], meta["name"], meta.get("namespace"))


def _field_manager(obj: Mapping[str, Any], outputs: Mapping[str, Any], token: str = "") -> str:
    """The name under which the object's fields are owned: as annotated, as before, or a new one.

    The same creation (``token``) has the same one, so that it knows its object again.
    """
    asked = objects.annotation(obj, objects.PATCH_FIELD_MANAGER)
    made = f"{MANAGER_PREFIX}-{token[:8]}" if token else objects.unique_name(MANAGER_PREFIX)
    return asked or str(outputs.get(objects.FIELD_MANAGER) or made)


def _owns(manager: str, live: Mapping[str, Any]) -> bool:
    entries: list[dict[str, Any]] = objects.metadata(live).get("managedFields") or []
    return any(entry.get("manager") == manager for entry in entries)


def _init_failed(error: NotReady, id: str, inputs: Object, manager: str) -> InitFailed:
    reasons = [f"{objects.describe(error.live)}: {reason}" for reason in error.reasons]
    return InitFailed(id, objects.live_outputs(error.live, manager), objects.to_properties(inputs), reasons)
