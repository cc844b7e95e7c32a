"""What the provider does with an object, against an API server in memory."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from sandbox.kube import ApiError
from sandbox.plugins.kubernetes import objects, resources
from sandbox.plugins.kubernetes.cluster import Cluster
from sandbox.plugins.kubernetes.objects import AUTONAMED
from sandbox.plugins.kubernetes.resources import Resources
from sandbox.plugins.protocol import UNKNOWN, InitFailed, Properties, ProviderError, Secret
from tests.sandbox.kubernetes.fake_kube import FakeKube, Said, cluster

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
MIDDLEWARE = "kubernetes:traefik.io/v1alpha1:Middleware"


def config_map(**fields: Any) -> Properties:
    metadata = {"name": "web", "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "1"}, **fields}


def secret(**fields: Any) -> Properties:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web", "namespace": "shop"}, **fields}


def conflict(manager: str) -> ApiError:
    causes = [{"field": ".spec.replicas", "message": f'conflict with "{manager}" using apps/v1'}]
    return ApiError(409, "Conflict", "Apply failed", {"causes": causes})


def unwrapped(value: Any) -> Any:
    """What the engine gives back of outputs: the marks of secrets taken off."""
    if isinstance(value, Secret):
        return value.value
    return {key: unwrapped(item) for key, item in value.items()} if isinstance(value, dict) else value


@pytest.fixture
def kube() -> FakeKube:
    return FakeKube()


@pytest.fixture
def provider(kube: FakeKube) -> Resources:
    return Resources(cluster(kube, namespace="shop"))


@pytest.fixture
def said() -> Said:
    return Said()


class TestCheck:
    def test_a_nameless_object_is_named_after_its_resource_and_keeps_that_name(
        self, provider: Resources, said: Said
    ) -> None:
        news: Properties = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "1"}}
        first, _ = provider.check(said.call(CONFIG_MAP, "app-config"), {}, news)
        prefix, _, digits = first["metadata"]["name"].rpartition("-")
        assert (prefix, len(digits), int(digits, 16) >= 0) == ("app-config", 8, True)
        assert first["metadata"]["annotations"] == {AUTONAMED: "true"}
        again, _ = provider.check(said.call(CONFIG_MAP, "app-config"), first, news)
        assert again == first

    def test_a_name_that_is_taken_out_of_the_program_is_not_kept(self, provider: Resources, said: Said) -> None:
        checked, _ = provider.check(said.call(CONFIG_MAP), config_map(), {"apiVersion": "v1", "kind": "ConfigMap"})
        assert checked["metadata"]["name"] != "web"

    def test_the_providers_namespace_is_filled_in_for_namespaced_kinds_only(
        self, provider: Resources, said: Said
    ) -> None:
        checked, _ = provider.check(said.call(CONFIG_MAP), {}, config_map(metadata={"name": "web"}))
        assert checked["metadata"]["namespace"] == "shop"
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}}
        checked, _ = provider.check(said.call("kubernetes:core/v1:Namespace"), {}, namespace)
        assert "namespace" not in checked["metadata"]

    def test_a_secrets_text_becomes_marked_data(self, provider: Resources, said: Said) -> None:
        checked, _ = provider.check(said.call("kubernetes:core/v1:Secret"), {}, secret(stringData={"a": "1"}))
        assert checked["data"] == Secret({"a": base64.b64encode(b"1").decode()})
        assert "stringData" not in checked

    def test_a_secrets_manifest_that_was_applied_by_kubectl_is_secret_as_a_whole(
        self, provider: Resources, said: Said
    ) -> None:
        annotations = {"kubectl.kubernetes.io/last-applied-configuration": '{"data": {"a": "MQ=="}}', "b": "c"}
        news = secret(metadata={"name": "web", "namespace": "shop", "annotations": annotations})
        checked, _ = provider.check(said.call("kubernetes:core/v1:Secret"), {}, news)
        (shown,) = (value for key, value in checked["metadata"]["annotations"].items() if key != "b")
        assert isinstance(shown, Secret)

    def test_a_secret_that_is_not_known_yet_stays_text(self, provider: Resources, said: Said) -> None:
        checked, _ = provider.check(said.call("kubernetes:core/v1:Secret"), {}, secret(stringData={"a": UNKNOWN}))
        assert checked["stringData"] == Secret({"a": UNKNOWN})

    @pytest.mark.parametrize(
        ("type", "news", "reason"),
        [
            ("kubernetes:core/v1:ConfigMapPatch", config_map(), "does not support ConfigMapPatch"),
            ("kubernetes:core/v1:ConfigMapList", {"kind": "ConfigMapList", "items": []}, "each of its items"),
            ("kubernetes:core/v1:Secret", config_map(), "the resource's type says 'Secret'"),
            ("kubernetes:apps/v1:ConfigMap", config_map(), "the resource's type says 'apps/v1'"),
        ],
    )
    def test_what_can_not_be_is_refused(
        self, provider: Resources, said: Said, type: str, news: Properties, reason: str
    ) -> None:
        _, failures = provider.check(said.call(type), {}, news)
        assert reason in failures[0].reason

    def test_dashes_of_schemas_survive(self, provider: Resources, said: Said, kube: FakeKube) -> None:
        crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
        news = {**crd, "metadata": {"name": "x"}, "spec": {"x_kubernetes_map_type": "atomic"}}
        type = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
        provider.create(said.call(type, preview=True), news)
        assert kube.applied[0]["spec"] == {"x-kubernetes-map-type": "atomic"}


class TestPreview:
    def test_a_new_object_is_tried_on_the_server_and_what_it_chooses_is_unknown(
        self, provider: Resources, said: Said, kube: FakeKube
    ) -> None:
        id, outputs = provider.create(said.call(CONFIG_MAP, preview=True), config_map())
        assert (id, outputs["metadata"]["uid"], outputs["status"]) == ("", UNKNOWN, UNKNOWN)
        assert outputs["data"] == {"a": "1"}
        assert kube.calls[0].startswith("dry apply force ConfigMap by pulumi-kubernetes-")
        assert kube.names("ConfigMap") == []

    def test_an_invalid_object_fails_the_preview(self, provider: Resources, said: Said, kube: FakeKube) -> None:
        kube.errors = [ApiError(422, "Invalid", "spec.replicas: must not be negative")]
        with pytest.raises(ProviderError, match=r"ConfigMap shop/web: spec.replicas: must not be negative"):
            provider.create(said.call(CONFIG_MAP, preview=True), config_map())

    def test_a_namespace_that_comes_in_the_same_up_is_believed(self, provider: Resources, said: Said) -> None:
        news = config_map(metadata={"name": "web", "namespace": "new"})
        _, outputs = provider.create(said.call(CONFIG_MAP, preview=True), news)
        assert outputs["metadata"]["name"] == "web"
        ((_, message, stays),) = said.messages
        assert 'namespaces "new" not found' in message
        assert not stays

    def test_a_cluster_that_is_not_there_yet_previews_by_the_inputs(self, said: Said) -> None:
        provider = Resources(Cluster(None, "its kubeconfig is not known yet"))
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{}]}}
        checked, failures = provider.check(said.call("kubernetes:core/v1:Service"), {}, service)
        _, outputs = provider.create(said.call("kubernetes:core/v1:Service", preview=True), checked)
        assert not failures
        assert outputs["spec"]["clusterIP"] is UNKNOWN
        with pytest.raises(ProviderError, match="its kubeconfig is not known yet"):
            provider.create(said.call("kubernetes:core/v1:Service"), checked)

    def test_unknown_inputs_are_not_sent(self, provider: Resources, said: Said, kube: FakeKube) -> None:
        provider.create(said.call(CONFIG_MAP, preview=True), config_map(data={"a": UNKNOWN}))
        assert not kube.applied


class TestCreate:
    def test_the_id_is_namespace_and_name(self, provider: Resources, said: Said) -> None:
        assert provider.create(said.call(CONFIG_MAP), config_map())[0] == "shop/web"
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new"}}
        assert provider.create(said.call("kubernetes:core/v1:Namespace"), namespace)[0] == "new"

    def test_an_object_of_somebody_else_is_not_overwritten(
        self, provider: Resources, said: Said, kube: FakeKube
    ) -> None:
        kube.put(config_map())
        with pytest.raises(ProviderError, match="exists already"):
            provider.create(said.call(CONFIG_MAP), config_map())
        Resources(cluster(kube, upsert=True)).create(said.call(CONFIG_MAP), config_map(data={"b": "2"}))
        assert kube.applied

    def test_a_creation_that_is_begun_again_knows_its_own_object(
        self, provider: Resources, said: Said, kube: FakeKube
    ) -> None:
        call = replace(said.call(CONFIG_MAP), token="0123456789abcdef")
        _, outputs = provider.create(call, config_map())
        assert kube.calls[-1].endswith("by pulumi-kubernetes-01234567")
        kube.objects["v1", "ConfigMap", "shop", "web"]["metadata"]["managedFields"] = [
            {"manager": "pulumi-kubernetes-01234567"}
        ]
        id, again = provider.create(replace(call, again=True), config_map())
        assert (id, again) == ("shop/web", outputs)

        with pytest.raises(ProviderError, match="exists already"):
            provider.create(replace(call, token="fedcba9876543210", again=True), config_map())

    def test_a_namespace_that_is_being_made_is_waited_for(
        self, provider: Resources, said: Said, kube: FakeKube, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def make_namespace(_: Any, seconds: float) -> None:
            assert seconds == 1
            kube.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new"}})

        monkeypatch.setattr("sandbox.plugins.kubernetes.waiting.Waiter.pause", make_namespace)
        news = config_map(metadata={"name": "web", "namespace": "new"})
        assert provider.create(said.call(CONFIG_MAP), news)[0] == "new/web"

    def test_a_missing_crd_is_named_in_the_end(
        self, provider: Resources, said: Said, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pauses: list[float] = []
        monkeypatch.setattr("sandbox.plugins.kubernetes.waiting.Waiter.pause", lambda _, time: pauses.append(time))
        news = {"apiVersion": "traefik.io/v1alpha1", "kind": "Middleware", "metadata": {"name": "web"}}
        with pytest.raises(ProviderError, match="has its CRD been created"):
            provider.create(said.call(MIDDLEWARE), news)
        assert pauses == [1, 2, 4, 8, 16]

    def test_what_does_not_get_ready_is_kept_with_its_reasons(self, provider: Resources, said: Said) -> None:
        news = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"type": "LoadBalancer"}}
        with pytest.raises(InitFailed) as raised:
            provider.create(said.call("kubernetes:core/v1:Service", timeout=0.2), news)
        assert raised.value.id == "default/web"
        assert raised.value.outputs["metadata"]["uid"]
        assert "waiting for the load balancer's address" in raised.value.reasons[0]

    @pytest.mark.parametrize(("asked", "wait"), [({"pulumi.com/skipAwait": "true"}, False), ({}, True)])
    def test_waiting_can_be_skipped(self, provider: Resources, said: Said, asked: dict[str, str], wait: bool) -> None:
        news = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "annotations": asked}}
        try:
            provider.create(said.call("kubernetes:core/v1:Pod", timeout=0.1), news)
        except InitFailed:
            assert wait
        else:
            assert not wait

    @pytest.mark.parametrize(
        ("condition", "met"),
        [
            ("condition=Synced", True),
            ("condition=Synced=False", False),
            ("jsonpath={.status.phase}=Done", True),
            ("jsonpath={.status.phase}", True),
            ("jsonpath={.status.items[0].x}=1", True),
            ("jsonpath={.status.other}", False),
            (json.dumps(["condition=Synced", "jsonpath={.status.phase}=Done"]), True),
            (json.dumps(["condition=Synced", "jsonpath={.status.phase}=Started"]), False),
        ],
    )
    def test_a_resource_can_name_what_to_wait_for(self, said: Said, condition: str, met: bool) -> None:
        status = {"phase": "Done", "items": [{"x": 1}], "conditions": [{"type": "Synced", "status": "True"}]}
        kube = FakeKube(settle=lambda obj: obj.update(status=status))
        annotations = {"pulumi.com/waitFor": condition}
        news = config_map(metadata={"name": "web", "namespace": "shop", "annotations": annotations})
        try:
            Resources(cluster(kube)).create(said.call(CONFIG_MAP, timeout=0.1), news)
        except InitFailed:
            assert not met
        else:
            assert met

    def test_the_data_of_a_secret_never_shows(self, provider: Resources, said: Said, kube: FakeKube) -> None:
        _, outputs = provider.create(said.call("kubernetes:core/v1:Secret"), secret(data={"a": "aHVudGVyMg=="}))
        assert outputs["data"] == Secret({"a": "aHVudGVyMg=="})
        kube.objects.clear()
        kube.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        kube.errors = [ApiError(422, "Invalid", "data[a]: Invalid value: aHVudGVyMg==")]
        with pytest.raises(ProviderError) as raised:
            provider.create(said.call("kubernetes:core/v1:Secret"), secret(data={"a": "aHVudGVyMg=="}))
        assert "aHVudGVyMg" not in str(raised.value)

    def test_of_a_message_about_a_secret_only_its_values_are_left_out(
        self, provider: Resources, said: Said, kube: FakeKube
    ) -> None:
        """The longest first, in each form, and not the few letters that every message has."""
        values = {"user": "a", "host": "data", "password": "data-and-more"}
        kube.errors = [ApiError(422, "Invalid", 'Secret "web" is invalid: password: "data-and-more", a fact')]
        with pytest.raises(ProviderError) as raised:
            provider.create(said.call("kubernetes:core/v1:Secret"), secret(stringData=values))
        assert str(raised.value) == 'Secret shop/web: Secret "web" is invalid: password: "[secret]", a fact'


class TestUpdate:
    @pytest.fixture
    def outputs(self, provider: Resources, said: Said, kube: FakeKube) -> Properties:
        _, outputs = provider.create(said.call(CONFIG_MAP), config_map())
        kube.calls.clear()
        return unwrapped(outputs)

    def test_the_field_manager_stays_the_same(
        self, provider: Resources, said: Said, kube: FakeKube, outputs: Properties
    ) -> None:
        again = provider.update(said.call(CONFIG_MAP), outputs, config_map(data={"a": "2"}))
        assert again["__fieldManager"] == outputs["__fieldManager"]
        assert kube.calls == [f"apply ConfigMap by {outputs['__fieldManager']}"]

    def test_a_conflict_names_the_other_manager_the_field_and_the_ways_out(
        self, provider: Resources, said: Said, kube: FakeKube, outputs: Properties
    ) -> None:
        kube.errors = [conflict("autoscaler")]
        with pytest.raises(ProviderError, match=r'\.spec\.replicas \("autoscaler".*ignore_changes.*patchForce'):
            provider.update(said.call(CONFIG_MAP), outputs, config_map())

    def test_edits_by_hand_are_taken_over(
        self, provider: Resources, said: Said, kube: FakeKube, outputs: Properties
    ) -> None:
        kube.errors = [conflict("kubectl-edit")]
        provider.update(said.call(CONFIG_MAP), outputs, config_map())
        assert kube.calls[-1].startswith("apply force")

    @pytest.mark.parametrize("by", ["annotation", "provider"])
    def test_conflicts_can_be_overridden(self, said: Said, kube: FakeKube, outputs: Properties, by: str) -> None:
        news = config_map()
        if by == "annotation":
            news["metadata"] = {**news["metadata"], "annotations": {"pulumi.com/patchForce": "true"}}
        Resources(cluster(kube, patch_force=by == "provider")).update(said.call(CONFIG_MAP), outputs, news)
        assert kube.calls[-1].startswith("apply force")

    def test_an_ignored_field_of_another_manager_is_left_to_it(
        self, provider: Resources, said: Said, kube: FakeKube, outputs: Properties
    ) -> None:
        live = kube.objects["v1", "ConfigMap", "shop", "web"]
        live["metadata"]["managedFields"] = [
            {"manager": "hpa", "fieldsV1": {"f:data": {"f:b": {}}}},
            {"manager": outputs["__fieldManager"], "fieldsV1": {"f:data": {"f:a": {}}}},
        ]
        live["data"] = {"a": "live", "b": "live"}
        news = config_map(data={"a": "1", "b": "1", "c": "new"})
        provider.diff(said.call(CONFIG_MAP), config_map(), outputs, news, ["data.a", "data.b"])
        provider.update(said.call(CONFIG_MAP), outputs, news)
        assert kube.applied[-1]["data"] == {"a": "live", "c": "new"}

    def test_an_object_that_is_gone_asks_for_a_refresh(
        self, provider: Resources, said: Said, kube: FakeKube, outputs: Properties
    ) -> None:
        kube.delete("v1", "ConfigMap", "web", "shop")
        with pytest.raises(ProviderError, match="pulumi refresh"):
            provider.update(said.call(CONFIG_MAP), outputs, config_map())

    def test_a_preview_changes_nothing(
        self, provider: Resources, said: Said, kube: FakeKube, outputs: Properties
    ) -> None:
        again = provider.update(said.call(CONFIG_MAP, preview=True), outputs, config_map(data={"a": "2"}))
        assert again["data"] == {"a": "2"}
        assert kube.objects["v1", "ConfigMap", "shop", "web"]["data"] == {"a": "1"}


class TestRead:
    def test_an_object_as_applied_has_not_drifted(self, provider: Resources, said: Said) -> None:
        id, outputs = provider.create(said.call(CONFIG_MAP), config_map())
        found = provider.read(said.call(CONFIG_MAP), id, config_map(), unwrapped(outputs))
        assert found is not None
        assert found[1] == config_map()

    def test_a_changed_field_is_reported_as_it_is(self, provider: Resources, said: Said, kube: FakeKube) -> None:
        inputs = config_map(data={"a": "1", "b": "1", "c": "1"})
        id, outputs = provider.create(said.call(CONFIG_MAP), inputs)
        live = kube.objects["v1", "ConfigMap", "shop", "web"]
        live["data"] = {"a": "1", "b": "other", "theirs": "1"}
        found = provider.read(said.call(CONFIG_MAP), id, inputs, unwrapped(outputs))
        assert found is not None
        assert found[1]["data"] == {"a": "1", "b": "other"}
        assert found[2]["data"] == {"a": "1", "b": "other", "theirs": "1"}

    def test_an_import_takes_over_the_live_object_without_the_servers_fields(
        self, provider: Resources, said: Said, kube: FakeKube
    ) -> None:
        last_applied = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
        metadata = {"name": "web", "namespace": "shop", "resourceVersion": "7", "annotations": last_applied}
        kube.put(config_map(metadata=metadata, status={}))
        found = provider.read(said.call(CONFIG_MAP), "shop/web", None, {})
        assert found is not None
        assert found[1] == config_map()
        assert "last-applied" not in json.dumps(found[2])

    @pytest.mark.parametrize("type", [CONFIG_MAP, MIDDLEWARE])
    def test_what_is_gone_is_gone(self, provider: Resources, said: Said, type: str) -> None:
        assert provider.read(said.call(type), "shop/web", config_map(), config_map()) is None


class TestDelete:
    @pytest.mark.parametrize(
        ("asked", "policy"), [("", "Foreground"), ("background", "Background"), ("orphan", "Orphan")]
    )
    def test_what_it_owns_goes_first_unless_asked_otherwise(
        self, provider: Resources, said: Said, kube: FakeKube, asked: str, policy: str
    ) -> None:
        annotations = {"pulumi.com/deletionPropagationPolicy": asked}
        inputs = config_map(metadata={"name": "web", "namespace": "shop", "annotations": annotations})
        kube.put(inputs)
        provider.delete(said.call(CONFIG_MAP), inputs, inputs)
        assert kube.calls == [f"delete ConfigMap {policy}"]

    def test_what_is_gone_already_is_fine(self, provider: Resources, said: Said) -> None:
        provider.delete(said.call(CONFIG_MAP), config_map(), config_map())
        middleware = {"apiVersion": "traefik.io/v1alpha1", "kind": "Middleware", "metadata": {"name": "web"}}
        provider.delete(said.call(MIDDLEWARE), middleware, middleware)

    def test_an_object_that_stays_names_what_keeps_it(self, provider: Resources, said: Said, kube: FakeKube) -> None:
        inputs = config_map(metadata={"name": "web", "namespace": "shop", "finalizers": ["example.com/hold"]})
        kube.put(inputs)
        with pytest.raises(ProviderError, match=r"did not finish within 0 s: finalizers example\.com/hold"):
            provider.delete(said.call(CONFIG_MAP, timeout=0.2), inputs, inputs)


def test_a_job_that_has_not_succeeded_can_be_asked_to_be_replaced(
    provider: Resources, said: Said, kube: FakeKube
) -> None:
    annotations = {"pulumi.com/replaceUnready": "true"}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
    }
    live = kube.put(job)
    call = said.call("kubernetes:batch/v1:Job")
    found = provider.diff(call, job, live, job, [])
    assert found.replaces == ('metadata.annotations["pulumi.com/replaceUnready"]',)
    assert found.delete_before_replace
    complete = [{"type": "Complete", "status": "True"}]
    kube.objects["batch/v1", "Job", "shop", "web"]["status"] = {"conditions": complete}
    assert not provider.diff(call, job, live, job, []).changes


def test_other_kinds_that_ask_to_be_replaced_are_told_that_they_are_not(provider: Resources, said: Said) -> None:
    metadata = {"name": "web", "namespace": "shop", "annotations": {"pulumi.com/replaceUnready": "true"}}
    assert not provider.diff(
        said.call(CONFIG_MAP), config_map(metadata=metadata), {}, config_map(metadata=metadata), []
    ).changes
    assert "only Jobs" in said.warnings()[0]


@pytest.mark.parametrize(("custom", "annotated", "seconds"), [(5, "7", 5), (0, "7", 7), (0, "soon", 600), (0, "", 600)])
def test_custom_timeouts_come_before_the_annotation(custom: float, annotated: str, seconds: float) -> None:
    inputs = {"metadata": {"annotations": {"pulumi.com/timeoutSeconds": annotated}}}
    assert objects.timeout_seconds(custom, inputs, 600) == seconds


def test_ignored_fields_are_no_differences(provider: Resources, said: Said) -> None:
    old, new = config_map(), config_map(data={"a": "2"})
    assert provider.diff(said.call(CONFIG_MAP), old, {}, new, []).replaces == ("data.a",)
    assert not provider.diff(said.call(CONFIG_MAP), old, {}, new, ["data"]).changes


def test_a_cancelled_wait_ends(kube: FakeKube, said: Said) -> None:
    target = cluster(kube)
    target.cancelled.set()
    news = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}}
    with pytest.raises(InitFailed, match="cancelled"):
        Resources(target).create(said.call("kubernetes:core/v1:Pod"), news)


def test_a_deployments_trouble_is_that_of_its_newest_pods(kube: FakeKube, said: Said) -> None:
    def controllers(obj: dict[str, Any]) -> None:
        if obj["kind"] != "Deployment":
            return
        revision = {"deployment.kubernetes.io/revision": "1"}
        obj["metadata"]["annotations"] = revision
        progressing = {
            "type": "Progressing",
            "status": "False",
            "reason": "ProgressDeadlineExceeded",
            "message": "late",
        }
        obj["status"] = {"conditions": [progressing]}
        for kind, api_version, name, owner in (
            ("ReplicaSet", "apps/v1", "web-1", obj["metadata"]["uid"]),
            ("Pod", "v1", "web-1-a", "rs"),
            ("Pod", "v1", "other", "elsewhere"),
        ):
            metadata = {
                "name": name,
                "namespace": "shop",
                "uid": "rs" if kind == "ReplicaSet" else name,
                "labels": {"app": "web"},
                "annotations": revision,
                "ownerReferences": [{"uid": owner}],
            }
            status = {"phase": "Failed", "reason": "Evicted", "message": "disk"} if kind == "Pod" else {}
            kube.put({"apiVersion": api_version, "kind": kind, "metadata": metadata, "status": status})

    kube.settle = controllers
    news = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}},
    }
    with pytest.raises(InitFailed) as raised:
        Resources(cluster(kube)).create(said.call(DEPLOYMENT), news)
    # The pods are only asked once the Deployment has named its ReplicaSet; they are its own.
    assert raised.value.reasons[0] == "Deployment shop/web: [ProgressDeadlineExceeded] late"
    assert raised.value.reasons[1:] == ["Deployment shop/web: [Pod web-1-a] Evicted: disk"]


def test_creation_is_tried_for_half_a_minute() -> None:
    assert sum(2 ** (attempt - 1) for attempt in range(1, resources.CREATE_TRIES)) == 31
