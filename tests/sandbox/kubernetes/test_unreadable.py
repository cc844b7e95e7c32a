"""An API server that is away for a while, or lets nobody look: what exists is kept, and the user reads a sentence."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

import pytest

from sandbox.kube import ApiError
from sandbox.plugins.kubernetes import waiting
from sandbox.plugins.kubernetes.coming import Coming
from sandbox.plugins.kubernetes.resources import Resources
from sandbox.plugins.program import CRD, Program
from sandbox.plugins.protocol import InitFailed, Properties, ProviderError
from tests.sandbox.kubernetes.fake_kube import FakeKube, Said, cluster

Object = dict[str, Any]

POD, SERVICE, CLAIM = (f"kubernetes:core/v1:{kind}" for kind in ("Pod", "Service", "PersistentVolumeClaim"))
INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
AWAY = (
    ApiError(0, "Unreachable", "the API server does not answer"),
    ApiError(429, "TooManyRequests", "too many requests"),
    ApiError(500, "InternalError", "etcdserver: leader changed"),
    ApiError(503, "ServiceUnavailable", "apiserver not ready"),
)
FORBIDDEN = ApiError(403, "Forbidden", 'User "dev" cannot get it')


def described(kind: str, api_version: str = "v1", **fields: Any) -> Properties:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "web", "namespace": "shop"}, **fields}


def running(obj: Object) -> None:
    if obj["kind"] == "Pod":
        obj["status"] = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


@pytest.fixture
def kube() -> FakeKube:
    return FakeKube(settle=running)


@pytest.fixture
def provider(kube: FakeKube) -> Resources:
    return Resources(cluster(kube, namespace="shop"))


@pytest.fixture
def said() -> Said:
    return Said()


def until_created(kube: FakeKube, kind: str, *errors: ApiError) -> None:
    """Let requests to see objects fail as soon as one was written."""

    def settle(obj: Object) -> None:
        running(obj)
        kube.unreadable[kind] = list(errors)

    kube.settle = settle


@pytest.mark.parametrize("error", AWAY)
def test_an_api_server_that_comes_back_is_waited_for(
    provider: Resources, said: Said, kube: FakeKube, error: ApiError
) -> None:
    until_created(kube, "Pod", error, error)
    id, outputs = provider.create(said.call(POD), described("Pod"))
    assert (id, outputs["status"]["phase"]) == ("shop/web", "Running")
    assert any(str(error) in message for _, message, _ in said.messages)


@pytest.mark.parametrize(
    ("error", "timeout"), [(AWAY[0], 0.3), (ApiError(401, "Unauthorized", "the token has expired"), 0)]
)
def test_an_object_that_was_made_is_in_the_state_though_nobody_can_see_it(
    provider: Resources, said: Said, kube: FakeKube, error: ApiError, timeout: float
) -> None:
    until_created(kube, "Pod", *[error] * 50)
    with pytest.raises(InitFailed, match=str(error)) as raised:
        provider.create(said.call(POD, timeout=timeout), described("Pod"))
    assert raised.value.id == "shop/web"
    assert raised.value.outputs["metadata"]["uid"]
    assert kube.names("Pod") == ["web"]


@pytest.mark.parametrize("error", [AWAY[0], AWAY[2]])
@pytest.mark.parametrize("deleting", [False, True])
def test_nobody_waits_to_the_end_for_an_api_server_that_does_not_come_back(
    kube: FakeKube, monkeypatch: pytest.MonkeyPatch, deleting: bool, error: ApiError
) -> None:
    """A Deployment may take ten minutes to be ready; that its API server, or etcd, was killed is certain sooner."""
    monkeypatch.setattr(waiting, "AWAY", 0.2)
    live = kube.put(described("Pod"))
    kube.settle = lambda _: None
    kube.unreadable["Pod"] = [error] * 1000
    waiter = waiting.Waiter(cluster(kube).client, threading.Event())
    why = f"{error}; so it has been for 0.2 s: run the command again, which starts what has ended"
    wait = partial(waiter.until_gone, live) if deleting else partial(waiter.until_ready, live, live)
    with pytest.raises((ProviderError, waiting.NotReady), match=why):
        wait(timeout=5, log=lambda _: None)


@pytest.mark.parametrize("error", AWAY)
def test_a_deletion_goes_on_once_the_api_server_is_back(
    provider: Resources, said: Said, kube: FakeKube, error: ApiError
) -> None:
    inputs = kube.put(described("ConfigMap"))
    delete = kube.delete

    def cut_off(*arguments: Any, **options: Any) -> None:
        delete(*arguments, **options)
        kube.unreadable["ConfigMap"] = [error, error]

    kube.delete = cut_off
    provider.delete(said.call("kubernetes:core/v1:ConfigMap"), inputs, inputs)
    assert kube.names("ConfigMap") == []


def test_a_deletion_that_nobody_may_see_is_a_sentence(provider: Resources, said: Said, kube: FakeKube) -> None:
    inputs = kube.put(described("ConfigMap"))
    kube.settle = lambda _: None
    delete = kube.delete

    def hide(*arguments: Any, **options: Any) -> None:
        delete(*arguments, **options)
        kube.unreadable["ConfigMap"] = [FORBIDDEN]

    kube.delete = hide
    with pytest.raises(ProviderError, match=r'ConfigMap shop/web: User "dev" cannot get it'):
        provider.delete(said.call("kubernetes:core/v1:ConfigMap"), inputs, inputs)


def test_a_refresh_that_is_cut_off_is_a_sentence(provider: Resources, said: Said, kube: FakeKube) -> None:
    live = kube.put(described("Service", spec={"selector": {"app": "web"}}))
    kube.unreadable["EndpointSlice"] = [AWAY[0]]
    with pytest.raises(ProviderError, match="Service shop/web: the API server does not answer"):
        provider.read(said.call(SERVICE), "shop/web", live, live)


def test_a_preview_that_is_cut_off_is_a_sentence(said: Said, kube: FakeKube) -> None:
    names = {"kind": "Widget", "plural": "widgets"}
    spec: Object = {"group": "example.com", "names": names, "versions": [{"name": "v1", "served": True}]}
    definition = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}
    program = Program()
    program.note("urn", CRD, {**definition, "metadata": {"name": "widgets.example.com"}})
    kube.served["example.com/v1", "Widget"] = True
    kube.errors = [ApiError(422, "Invalid", "spec.size: must be a string")]
    kube.unreadable["CustomResourceDefinition"] = [AWAY[0]]
    provider = Resources(cluster(kube), Coming(program, patience=0))
    with pytest.raises(ProviderError, match=r"widgets\.example\.com: the API server does not answer"):
        provider.create(
            said.call("kubernetes:example.com/v1:Widget", preview=True), described("Widget", "example.com/v1")
        )


@pytest.mark.parametrize(
    ("type", "obj", "hidden", "status"),
    [
        (SERVICE, described("Service", spec={"selector": {"app": "web"}}), "EndpointSlice", {}),
        (CLAIM, described("PersistentVolumeClaim", spec={"storageClassName": "gp3"}), "StorageClass",
         {"phase": "Bound"}),
        (
            INGRESS,
            described("Ingress", "networking.k8s.io/v1", spec={"rules": [{"http": {"paths": [
                {"backend": {"service": {"name": "web"}}}]}}]}),
            "Service",
            {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
        ),
    ],
)  # fmt: skip
def test_what_is_around_an_object_need_not_be_visible_to_the_user(
    provider: Resources, said: Said, kube: FakeKube, type: str, obj: Properties, hidden: str, status: Object
) -> None:
    kube.settle = lambda written: written.update(status=status)
    kube.unreadable[hidden] = [FORBIDDEN] * 20
    assert provider.create(said.call(type, timeout=5), obj)[0] == "shop/web"
