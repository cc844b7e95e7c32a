"""The provider's own arguments, and its functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.home import Home
from sandbox.kube import ApiError
from sandbox.plugins.kubernetes.cluster import configured
from sandbox.plugins.kubernetes.contents import Library
from sandbox.plugins.kubernetes.helm import TYPE
from sandbox.plugins.kubernetes.provider import KubernetesProvider
from sandbox.plugins.protocol import UNKNOWN, ProviderError, Unanswered
from tests.sandbox.kubernetes.fake_kube import FakeKube, Said, cluster


def kubeconfig(port: int = 6443, **user: Any) -> str:
    return json.dumps(
        {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "x", "user": "u", "namespace": "team"}}],
            "clusters": [{"name": "x", "cluster": {"server": f"https://127.0.0.1:{port}"}}],
            "users": [{"name": "u", "user": user}],
        }
    )


@pytest.fixture
def provider(tmp_path: Path) -> KubernetesProvider:
    return KubernetesProvider(Home(tmp_path))


def test_the_same_cluster_by_other_credentials_is_an_update(provider: KubernetesProvider) -> None:
    old, new = {"kubeconfig": kubeconfig(token="a")}, {"kubeconfig": kubeconfig(token="b")}
    found = provider.diff_config(old, new)
    assert found.changes
    assert not found.replaces


def test_another_cluster_replaces_the_provider(provider: KubernetesProvider) -> None:
    old, new = {"kubeconfig": kubeconfig()}, {"kubeconfig": kubeconfig(6444)}
    assert provider.diff_config(old, new).replaces == ("kubeconfig",)
    assert provider.diff_config(old, {"kubeconfig": UNKNOWN}).replaces == ("kubeconfig",)


def test_an_identifier_decides_instead_of_the_kubeconfig(provider: KubernetesProvider) -> None:
    old = {"kubeconfig": kubeconfig(), "clusterIdentifier": "a"}
    assert not provider.diff_config(old, {"kubeconfig": kubeconfig(6444), "clusterIdentifier": "a"}).replaces
    assert provider.diff_config(old, {**old, "clusterIdentifier": "b"}).replaces == ("clusterIdentifier",)


def test_other_arguments_are_updates(provider: KubernetesProvider) -> None:
    old = {"kubeconfig": kubeconfig()}
    found = provider.diff_config(old, {**old, "namespace": "shop"})
    assert (found.changes, found.replaces) == (True, ())
    assert not provider.diff_config(old, old).changes


@pytest.mark.parametrize(
    ("arguments", "property"),
    [
        ({"enableServerSideApply": False}, "enableServerSideApply"),
        ({"renderYamlToDirectory": "out"}, "renderYamlToDirectory"),
    ],
)
def test_what_the_sandbox_can_not_do_is_refused(
    provider: KubernetesProvider, arguments: dict[str, Any], property: str
) -> None:
    _, failures = provider.check_config({}, arguments)
    assert [failure.property for failure in failures] == [property]


def test_a_kubeconfig_is_given_as_text_or_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "config").write_text(kubeconfig())
    for given in (kubeconfig(), str(tmp_path / "config")):
        target = configured({"kubeconfig": given, "enablePatchForce": True})
        assert target.client is not None
        assert (target.namespace, target.patch_force) == ("team", True)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"kubeconfig": UNKNOWN}, "not known yet"),
        ({}, "no kubeconfig"),
        ({"kubeconfig": kubeconfig().replace("127.0.0.1", "example.com")}, "127.0.0.1 only"),
        ({"kubeconfig": kubeconfig(), "context": "other"}, "no context named 'other'"),
    ],
)
def test_without_a_cluster_the_reason_is_kept_for_whoever_needs_one(arguments: dict[str, Any], reason: str) -> None:
    target = configured(arguments)
    assert target.client is None
    with pytest.raises(ProviderError, match=reason):
        _ = target.required


def test_manifests_are_read_for_the_sdks_yaml_components(provider: KubernetesProvider) -> None:
    text = (
        "kind: A\napiVersion: v1\n---\n# nothing\n---\nkind: BList\napiVersion: v1\nitems: [{kind: B, apiVersion: v1}]"
    )
    found = provider.invoke("kubernetes:yaml:decode", {"text": text, "defaultNamespace": "shop"}, preview=False)
    assert [(obj["kind"], obj["metadata"]["namespace"]) for obj in found["result"]] == [("A", "shop"), ("B", "shop")]
    with pytest.raises(ProviderError, match="not YAML"):
        provider.invoke("kubernetes:yaml:decode", {"text": "a: [", "defaultNamespace": ""}, preview=False)


def test_other_functions_are_refused(provider: KubernetesProvider) -> None:
    with pytest.raises(ProviderError, match="does not support kubernetes:helm:template"):
        provider.invoke("kubernetes:helm:template", {}, preview=False)


def test_a_type_that_is_none_is_refused(provider: KubernetesProvider) -> None:
    with pytest.raises(ProviderError, match="no resource type"):
        provider.check(Said().call("kubernetes:Deployment"), {}, {})


def test_a_release_that_an_api_server_cuts_off_is_one_that_was_not_answered(
    provider: KubernetesProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the note of its creation stays open, and the next command finishes it."""
    kube = FakeKube()
    provider._use(cluster(kube))
    monkeypatch.setattr(Library, "of", lambda *_: Library(tmp_path))
    inputs = {"chart": "coredns", "name": "main", "namespace": "shop", "skipAwait": True}
    kube.errors = [ApiError(0, "Unreachable", "the API server does not answer")]
    with pytest.raises(Unanswered, match="Helm release web: the API server does not answer"):
        provider.create(Said().call(TYPE), inputs)
