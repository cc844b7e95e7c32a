"""What the provider makes of a Helm release."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.plugins.kubernetes.cluster import Cluster
from sandbox.plugins.kubernetes.contents import Library
from sandbox.plugins.kubernetes.helm import TYPE, Releases
from sandbox.plugins.protocol import UNKNOWN, Change, InitFailed, Properties, ProviderError
from tests.sandbox.kubernetes.fake_kube import FakeKube, Said, cluster

MIDDLEWARES = "middlewares.traefik.io"


def all_is_well(obj: dict[str, Any]) -> None:
    """Controllers that make everything ready at once."""
    if obj["kind"] == "CustomResourceDefinition":
        obj["status"] = {"conditions": [{"type": "Established", "status": "True"}]}


def inputs(**changes: Any) -> Properties:
    base = {"chart": "traefik", "version": "41.3.0", "name": "main", "namespace": "ingress", "timeout": 1}
    return {**base, "values": {"service": {"enabled": False}}, "skipAwait": True, **changes}


@pytest.fixture
def kube() -> FakeKube:
    return FakeKube(settle=all_is_well)


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def releases(kube: FakeKube, tmp_path: Path) -> Releases:
    (tmp_path / "traefik").mkdir()
    spec = "spec: {group: traefik.io, names: {kind: Middleware}, versions: [{name: v1alpha1, storage: true}]}"
    kind = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition"
    crd = f"{kind}\nmetadata: {{name: {MIDDLEWARES}}}\n{spec}\n"
    (tmp_path / "traefik" / "crd.yaml").write_text(crd)
    return Releases(cluster(kube), Library(tmp_path))


def test_a_release_is_named_after_its_resource_and_keeps_that_name(releases: Releases, said: Said) -> None:
    first, failures = releases.check(said.call(TYPE, "traefik"), {}, {"chart": "traefik"})
    assert not failures
    assert first["name"].startswith("traefik-")
    assert (first["namespace"], first["timeout"]) == ("default", 300)
    assert releases.check(said.call(TYPE, "traefik"), first, {"chart": "traefik"})[0] == first


def test_a_release_without_a_chart_is_refused(releases: Releases, said: Said) -> None:
    assert releases.check(said.call(TYPE), {}, {})[1][0].property == "chart"


def test_values_are_compared_one_by_one(releases: Releases) -> None:
    old = inputs(values={"deployment": {"replicas": 2}, "gone": 1})
    found = releases.diff(old, {}, inputs(values={"deployment": {"replicas": 3}}), [])
    assert found.details == {"values.deployment.replicas": Change.UPDATE, "values.gone": Change.DELETE}
    assert not found.replaces
    assert not releases.diff(old, {}, inputs(values={}), ["values"]).changes


@pytest.mark.parametrize("key", ["name", "namespace"])
def test_another_place_is_another_release(releases: Releases, key: str) -> None:
    assert releases.diff(inputs(), {}, inputs(**{key: "other"}), []).replaces == (key,)


def test_a_preview_installs_nothing_and_says_that_it_is_a_stand_in(
    releases: Releases, said: Said, kube: FakeKube
) -> None:
    id, outputs = releases.create(said.call(TYPE, preview=True), inputs())
    assert (id, outputs["status"]) == ("", UNKNOWN)
    assert not kube.applied
    (warning,) = said.warnings()
    assert "Deployment ingress/main-traefik is a stand-in" in warning
    assert "its CRDs are the project's own (1 of traefik.io)" in warning


def test_an_unknown_cluster_is_enough_for_a_preview(tmp_path: Path, said: Said) -> None:
    releases = Releases(Cluster(None, "not known yet"), Library(tmp_path))
    releases.create(said.call(TYPE, preview=True), inputs(values={"a": UNKNOWN}))
    assert len(said.warnings()) == 1


def test_an_installed_release_says_what_it_is(releases: Releases, said: Said, kube: FakeKube) -> None:
    id, outputs = releases.create(said.call(TYPE), inputs())
    assert id == "ingress/main"
    assert outputs["status"] == {
        "appVersion": "v3.7.11",
        "chart": "traefik",
        "name": "main",
        "namespace": "ingress",
        "revision": 1,
        "status": "deployed",
        "version": "41.3.0",
    }
    assert outputs["resourceNames"]["Deployment.apps/apps/v1"] == ["ingress/main-traefik"]
    assert [obj["kind"] for obj in kube.applied if obj["kind"] != "Secret"][:2] == [
        "CustomResourceDefinition",
        "ServiceAccount",
    ]
    assert len(said.warnings()) == 1


def test_the_record_is_helms_own(releases: Releases, said: Said, kube: FakeKube) -> None:
    releases.create(said.call(TYPE), inputs(values={"log": "debug"}))
    secret = kube.objects["v1", "Secret", "ingress", "sh.helm.release.v1.main.v1"]
    assert secret["type"] == "helm.sh/release.v1"
    text = base64.b64decode(base64.b64decode(secret["data"]["release"]))
    release = json.loads(gzip.decompress(text))
    assert (release["name"], release["version"], release["config"]) == ("main", 1, {"log": "debug"})
    assert "kind: Deployment" in release["manifest"]


def test_a_name_in_use_is_refused(releases: Releases, said: Said) -> None:
    releases.create(said.call(TYPE), inputs())
    with pytest.raises(ProviderError, match="still in use"):
        releases.create(said.call(TYPE), inputs())


def test_an_upgrade_counts_on_and_removes_what_is_no_longer_wanted(
    releases: Releases, said: Said, kube: FakeKube
) -> None:
    releases.create(said.call(TYPE), inputs(values={"podDisruptionBudget": {"enabled": True, "minAvailable": 1}}))
    assert kube.names("PodDisruptionBudget") == ["main-traefik"]
    outputs = releases.update(said.call(TYPE), inputs())
    assert outputs["status"]["revision"] == 2
    assert kube.names("PodDisruptionBudget") == []
    first = kube.objects["v1", "Secret", "ingress", "sh.helm.release.v1.main.v1"]
    assert first["metadata"]["labels"]["status"] == "superseded"


def test_an_unready_chart_is_kept_with_its_reasons(releases: Releases, said: Said) -> None:
    with pytest.raises(InitFailed) as raised:
        releases.create(said.call(TYPE, timeout=0.2), inputs(skipAwait=False))
    assert raised.value.id == "ingress/main"
    assert "Helm release ingress/main did not become available" in raised.value.reasons[0]
    assert raised.value.outputs["status"]["revision"] == 1


def test_a_release_is_read_from_its_record(releases: Releases, said: Said) -> None:
    id, outputs = releases.create(said.call(TYPE), inputs())
    found = releases.read(id, inputs(), outputs)
    assert found is not None
    assert (found[1], found[2]["status"]["revision"]) == (inputs(), 1)
    imported = releases.read(id, None, {})
    assert imported is not None
    assert imported[1]["chart"] == "traefik"
    assert releases.read("ingress/other", None, {}) is None


def test_deleting_a_release_leaves_nothing(releases: Releases, said: Said, kube: FakeKube) -> None:
    before = set(kube.objects)
    id, outputs = releases.create(said.call(TYPE), inputs())
    releases.delete(said.call(TYPE), id, outputs)
    assert set(kube.objects) == before
    releases.delete(said.call(TYPE), id, outputs)


def test_crds_that_are_still_in_use_stay(releases: Releases, said: Said, kube: FakeKube) -> None:
    kube.served["traefik.io/v1alpha1", "Middleware"] = True
    id, outputs = releases.create(said.call(TYPE), inputs())
    second, _ = releases.create(said.call(TYPE), inputs(name="second"))
    releases.delete(said.call(TYPE), id, outputs)
    assert kube.names("CustomResourceDefinition") == [MIDDLEWARES]
    kube.put({"apiVersion": "traefik.io/v1alpha1", "kind": "Middleware", "metadata": {"name": "a"}})
    releases.delete(said.call(TYPE), second, outputs)
    assert kube.names("CustomResourceDefinition") == [MIDDLEWARES]


def test_crds_can_be_skipped(releases: Releases, said: Said, kube: FakeKube) -> None:
    releases.create(said.call(TYPE), inputs(skipCrds=True))
    assert kube.names("CustomResourceDefinition") == []


def test_a_namespace_is_created_on_request(releases: Releases, said: Said, kube: FakeKube) -> None:
    releases.create(said.call(TYPE), inputs(namespace="new", createNamespace=True))
    assert "new" in kube.names("Namespace")


def test_an_unknown_chart_says_that_nothing_else_exists(releases: Releases, said: Said, kube: FakeKube) -> None:
    releases.create(said.call(TYPE), inputs(chart="oci://example.com/charts/thing"))
    assert "does not know this chart" in said.warnings()[0]
    assert kube.names("Deployment") == ["main"]
