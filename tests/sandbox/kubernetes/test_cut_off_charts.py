"""Releases that were cut off, failed, or changed by helm itself: nothing of them is lost."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import replace
from typing import Any

import pytest

from sandbox.plugins.kubernetes import records
from sandbox.plugins.kubernetes.helm import TYPE, Releases
from sandbox.plugins.kubernetes.records import Status
from sandbox.plugins.protocol import InitFailed, ProviderError
from tests.sandbox.kubernetes.fake_kube import FakeKube, Said
from tests.sandbox.kubernetes.shop import (
    CRD,
    Shop,
    all_is_well,
    config_map,
    cut_off_at,
    inputs,
    job,
    served_in_a_moment,
    set_event,
)


def encoded(release: dict[str, Any]) -> str:
    return base64.b64encode(base64.b64encode(gzip.compress(json.dumps(release).encode()))).decode()


class TestAtomic:
    def test_an_atomic_install_that_fails_leaves_nothing(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        shop.renders(config_map("first"), job("check", "post-install", policy="hook-failed", fails=True))
        before = set(kube.objects)
        with pytest.raises(ProviderError, match="as it is atomic, what it did was undone"):
            releases.create(said.call(TYPE), inputs(atomic=True))
        assert set(kube.objects) == before

    def test_an_atomic_upgrade_that_fails_is_rolled_back(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        shop.renders(config_map("first", a="1"))
        releases.create(said.call(TYPE), inputs())
        shop.renders(config_map("first", a="2"), config_map("second"), job("check", "post-upgrade", fails=True))
        with pytest.raises(ProviderError, match="what it did was undone"):
            releases.update(said.call(TYPE), inputs(atomic=True))
        assert kube.names("ConfigMap") == ["first"]
        assert kube.objects["v1", "ConfigMap", "shop", "first"]["data"] == {"a": "1"}
        record = records.latest(releases.cluster.required, "shop", "main")
        assert record is not None
        assert (record.revision, record.status) == (3, Status.DEPLOYED)


class TestCutOff:
    @pytest.mark.parametrize("at", ["CustomResourceDefinition", "Secret", "Job"])
    def test_an_atomic_install_that_was_killed_is_in_the_state_and_finished_by_the_next_up(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop, at: str
    ) -> None:
        shop.renders(config_map("first"), job("prepare", "pre-install"), crds=(CRD,))
        kube.settle = cut_off_at(at)
        with pytest.raises(KeyboardInterrupt):
            releases.create(said.call(TYPE), inputs(atomic=True))
        # The next command makes up for it, and waits for nothing.
        kube.settle = served_in_a_moment
        stopped = Releases(replace(releases.cluster, cancelled=set_event()), releases.library)
        with pytest.raises(InitFailed, match="cancelled") as left:
            stopped.create(replace(said.call(TYPE), again=True), inputs(atomic=True))
        assert left.value.id == "shop/main"
        assert kube.names("ConfigMap") == []
        # And so does the engine, as the state has the release.
        kube.settle = all_is_well
        outputs = releases.update(said.call(TYPE), inputs(atomic=True), left.value.outputs)
        assert outputs["status"]["status"] == "deployed"
        assert kube.names("ConfigMap") == ["first"]
        assert kube.names("Job") == ["prepare"], "it is still the chart's install"
        releases.delete(said.call(TYPE), "shop/main", outputs)
        assert not {"ConfigMap", "CustomResourceDefinition", "Secret"} & {key[1] for key in kube.objects}

    def test_ctrl_c_undoes_nothing_and_loses_nothing_of_an_atomic_install(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        shop.renders(config_map("first"), job("check", "post-install"))

        def interrupted(obj: dict[str, Any]) -> None:
            if obj["kind"] == "Job":
                releases.cluster.cancelled.set()

        kube.settle = interrupted
        with pytest.raises(InitFailed, match="cancelled") as left:
            releases.create(said.call(TYPE), inputs(atomic=True))
        assert kube.names("ConfigMap") == ["first"]
        releases.cluster.cancelled.clear()
        kube.settle = all_is_well
        outputs = releases.update(said.call(TYPE), inputs(atomic=True), left.value.outputs)
        assert outputs["status"]["status"] == "deployed"

    def test_what_can_not_be_undone_stays_in_the_state_with_both_reasons(
        self, releases: Releases, said: Said, shop: Shop
    ) -> None:
        held = config_map("first")
        held["metadata"]["finalizers"] = ["example.com/held"]
        shop.renders(held, job("check", "post-install", fails=True))
        with pytest.raises(InitFailed, match=r"check.*could not be undone: the deletion of ConfigMap shop/first"):
            releases.create(said.call(TYPE, timeout=0.2), inputs(atomic=True))
        assert records.latest(releases.cluster.required, "shop", "main") is not None

    def test_an_atomic_upgrade_goes_back_to_what_was_deployed_before_earlier_failures(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        shop.renders(config_map("first"))
        releases.create(said.call(TYPE), inputs())
        shop.renders(config_map("second"), job("check", "post-upgrade", fails=True))
        with pytest.raises(InitFailed):
            releases.update(said.call(TYPE), inputs())
        with pytest.raises(ProviderError, match="what it did was undone"):
            releases.update(said.call(TYPE), inputs(atomic=True))
        assert kube.names("ConfigMap") == ["first"]

    def test_an_atomic_upgrade_with_nothing_to_go_back_to_is_kept(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        shop.renders(config_map("first"), job("check", "post-install,post-upgrade", fails=True))
        with pytest.raises(InitFailed):
            releases.create(said.call(TYPE), inputs())
        with pytest.raises(InitFailed):
            releases.update(said.call(TYPE), inputs(atomic=True))
        assert kube.names("ConfigMap") == ["first"]

    def test_an_atomic_install_that_fails_leaves_no_crds_either(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        shop.renders(job("check", "post-install", fails=True), crds=(CRD,))
        with pytest.raises(ProviderError, match="what it did was undone"):
            releases.create(said.call(TYPE), inputs(atomic=True))
        assert kube.names("CustomResourceDefinition") == []

    def test_a_destroy_that_was_killed_at_any_moment_is_finished_by_the_next_one(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop.renders(config_map("first"), job("last", "pre-delete", policy="hook-succeeded"), crds=(CRD,))
        before = set(kube.objects)
        delete, killed = kube.delete, 0

        def kill(api_version: str, kind: str, *arguments: Any, **options: Any) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
            delete(api_version, kind, *arguments, **options)

        for moment in range(20):
            left = 1000
            id, outputs = releases.create(said.call(TYPE), inputs())
            left = moment
            monkeypatch.setattr(kube, "delete", kill)
            try:
                releases.delete(said.call(TYPE), id, outputs)
            except KeyboardInterrupt:
                killed += 1
            left = 1000
            releases.delete(said.call(TYPE), id, outputs)
            assert set(kube.objects) == before
        assert 3 <= killed < 20

    def test_an_install_that_was_cut_off_is_finished_by_the_next_up(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        shop.renders(config_map("first"), job("prepare", "pre-install", policy="hook-succeeded"))

        def killed(obj: dict[str, Any]) -> None:
            if obj["kind"] == "Job":
                raise KeyboardInterrupt

        kube.settle = killed
        with pytest.raises(KeyboardInterrupt):
            releases.create(said.call(TYPE), inputs())
        record = records.latest(releases.cluster.required, "shop", "main")
        assert record is not None
        assert record.status is Status.PENDING_INSTALL
        kube.settle = all_is_well
        _, outputs = releases.create(said.call(TYPE), inputs())
        assert outputs["status"]["status"] == "deployed"
        assert kube.names("ConfigMap") == ["first"]
        assert kube.names("Job") == []

    def test_an_install_that_was_cut_off_is_not_lost_when_its_chart_can_not_be_had_any_more(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        shop.renders(config_map("settings"), job("check", "post-install"))
        kube.settle = cut_off_at("Job")
        with pytest.raises(KeyboardInterrupt):
            releases.create(said.call(TYPE), inputs())
        kube.settle = all_is_well
        forgetful = Releases(releases.cluster, shop.library(available=False))
        with pytest.raises(InitFailed, match="set SANDBOX_CHART_CACHE") as left:
            forgetful.create(replace(said.call(TYPE), again=True), inputs())
        assert left.value.outputs["__renderedBy"] == "helm"
        forgetful.delete(said.call(TYPE), left.value.id, left.value.outputs)
        assert kube.names("ConfigMap") == []

    def test_nor_when_its_chart_is_broken_by_then(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        shop.renders(config_map("settings"), job("check", "post-install"))
        kube.settle = cut_off_at("Job")
        with pytest.raises(KeyboardInterrupt):
            releases.create(said.call(TYPE), inputs())
        kube.settle = all_is_well
        shop.fails("it is broken")
        with pytest.raises(InitFailed, match="it is broken") as left:
            releases.create(replace(said.call(TYPE), again=True), inputs())
        releases.delete(said.call(TYPE), left.value.id, left.value.outputs)
        assert kube.names("ConfigMap") == []


class TestPlainHelm:
    """Releases on which a user has run helm itself."""

    @staticmethod
    def upgraded(kube: FakeKube, status: str, manifest: str, revision: int = 2) -> None:
        release = {
            "name": "main",
            "namespace": "shop",
            "version": revision,
            "info": {"status": status},
            "chart": {"metadata": {"name": "shop", "version": "1.0.0"}},
            "manifest": manifest,
        }
        kube.put(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {
                    "name": f"sh.helm.release.v1.main.v{revision}",
                    "namespace": "shop",
                    "labels": {"owner": "helm", "name": "main", "status": status, "version": str(revision)},
                },
                "data": {"release": encoded(release)},
            }
        )

    @pytest.mark.parametrize("status", ["uninstalling", "pending-rollback", "unknown", "of-a-helm-to-come"])
    def test_whatever_state_it_left_is_upgraded_and_destroyed(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop, status: str
    ) -> None:
        before = set(kube.objects)
        shop.renders(config_map("first"))
        id, outputs = releases.create(said.call(TYPE), inputs())
        kube.put({**config_map("by-hand"), "metadata": {"name": "by-hand", "namespace": "shop"}})
        # Helm's manifests leave the namespace out, and are no plain YAML.
        text = "---\n# Source: shop/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: by-hand}\n---\n"
        self.upgraded(kube, status, text)
        assert releases.read(id, inputs(), outputs) is not None

        outputs = releases.update(said.call(TYPE), inputs(), outputs)

        assert (outputs["status"]["status"], outputs["status"]["revision"]) == ("deployed", 3)
        assert kube.names("ConfigMap") == ["first"]
        releases.delete(said.call(TYPE), id, outputs)
        assert set(kube.objects) == before

    def test_a_release_that_it_uninstalled_is_none(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        self.upgraded(kube, "uninstalled", "", revision=1)
        shop.renders(config_map("first"), job("prepare", "pre-install"))
        assert releases.read("shop/main", inputs(), {}) is None
        with pytest.raises(ProviderError, match="no release shop/main to upgrade"):
            releases.update(said.call(TYPE), inputs())
        id, outputs = releases.create(said.call(TYPE), inputs())
        assert kube.names("Job") == ["prepare"]
        assert outputs["status"]["revision"] == 2
        releases.delete(said.call(TYPE), id, outputs)
        assert kube.names("Secret") == []

    def test_destroying_what_it_uninstalled_forgets_its_history(
        self, releases: Releases, said: Said, kube: FakeKube
    ) -> None:
        self.upgraded(kube, "uninstalled", "")
        releases.delete(said.call(TYPE), "shop/main", inputs())
        assert kube.names("Secret") == []
