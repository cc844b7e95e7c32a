"""What the provider makes of a release whose chart can be had; Helm itself is played by a script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sandbox.home import Home
from sandbox.kube import ApiError
from sandbox.plugins.kubernetes import records
from sandbox.plugins.kubernetes.contents import Library
from sandbox.plugins.kubernetes.helm import TYPE, Releases
from sandbox.plugins.protocol import UNKNOWN, Change, InitFailed, Properties, ProviderError
from sandbox.toolchain import setup
from tests.sandbox.kubernetes.fake_kube import FakeKube, Said
from tests.sandbox.kubernetes.shop import (
    CRD,
    Shop,
    all_is_well,
    config_map,
    inputs,
    job,
    written,
)


def test_a_chart_that_can_be_had_is_installed_instead_of_a_stand_in(
    releases: Releases, said: Said, kube: FakeKube, shop: Shop
) -> None:
    shop.renders(config_map("settings", a="1"), config_map("more"), crds=(CRD,))
    id, outputs = releases.create(said.call(TYPE), inputs())
    assert id == "shop/main"
    assert written(kube) == ["widgets.shop", "settings", "more"]
    assert outputs["resourceNames"] == {"ConfigMap/v1": ["shop/settings", "shop/more"]}
    assert outputs["status"]["chart"] == "shop"
    assert (outputs["status"]["version"], outputs["status"]["appVersion"]) == ("1.0.0", "7.0")
    assert outputs["__renderedBy"] == "helm"
    assert not said.warnings()
    assert any("rendered by helm: 2 objects, 1 CRDs" in message for _, message, _ in said.messages)


def test_a_custom_resource_comes_after_its_crd_and_into_the_releases_namespace(
    releases: Releases, said: Said, kube: FakeKube, shop: Shop
) -> None:
    def serve(obj: dict[str, Any]) -> None:
        all_is_well(obj)
        if obj["kind"] == "CustomResourceDefinition":
            kube.served["shop/v1", "Widget"] = True

    kube.settle = serve
    shop.renders({"apiVersion": "shop/v1", "kind": "Widget", "metadata": {"name": "w"}}, crds=(CRD,))
    releases.create(said.call(TYPE), inputs())
    assert ("shop/v1", "Widget", "shop", "w") in kube.objects


def test_its_objects_say_whose_they_are(releases: Releases, said: Said, kube: FakeKube, shop: Shop) -> None:
    shop.renders(config_map("settings"))
    releases.create(said.call(TYPE), inputs())
    metadata = kube.objects["v1", "ConfigMap", "shop", "settings"]["metadata"]
    assert metadata["labels"] == {"app.kubernetes.io/managed-by": "Helm"}
    assert metadata["annotations"] == {
        "meta.helm.sh/release-name": "main",
        "meta.helm.sh/release-namespace": "shop",
    }


def test_an_object_of_somebody_elses_is_not_taken_over(
    releases: Releases, said: Said, kube: FakeKube, shop: Shop
) -> None:
    kube.put({**config_map("settings"), "metadata": {"name": "settings", "namespace": "shop"}})
    shop.renders(config_map("settings"), crds=(CRD,))
    with pytest.raises(ProviderError, match="ConfigMap shop/settings exists already and belongs to no Helm release"):
        releases.create(said.call(TYPE), inputs())
    assert written(kube) == []


def test_a_preview_renders_and_shows_what_is_wrong_with_the_chart(
    releases: Releases, said: Said, kube: FakeKube, shop: Shop
) -> None:
    shop.renders(config_map("settings"))
    assert releases.create(said.call(TYPE, preview=True), inputs())[1]["status"] is UNKNOWN
    assert releases.update(said.call(TYPE, preview=True), inputs())["status"] is UNKNOWN
    assert ["--is-upgrade" in run for run in shop.runs] == [False, True]
    assert not kube.applied
    shop.fails("execution error at (shop/templates/a.yaml:1:4): greeting is needed")
    for run in (
        lambda: releases.create(said.call(TYPE, preview=True), inputs()),
        lambda: releases.update(said.call(TYPE, preview=True), inputs()),
    ):
        with pytest.raises(ProviderError) as raised:
            run()
        assert str(raised.value) == (
            "Helm release shop/main, chart shop 1.0.0: "
            "execution error at (shop/templates/a.yaml:1:4): greeting is needed"
        )


def test_a_message_repeats_no_secret(releases: Releases, said: Said, shop: Shop) -> None:
    shop.fails("at '/db/adminPassword': 'hunter22' does not match, at '/name': 'public1' is too short")
    values = {"db": {"adminPassword": "hunter22"}, "apiTokens": ["t0ken"], "name": "public1"}
    with pytest.raises(ProviderError, match=r"'/db/adminPassword': '\[secret\]' does not .*'/name': 'public1'"):
        releases.create(said.call(TYPE, preview=True), inputs(values=values))


def test_values_that_are_not_known_yet_are_waited_for(releases: Releases, said: Said, shop: Shop) -> None:
    shop.fails("nobody should ask")
    releases.create(said.call(TYPE, preview=True), inputs(values={"a": UNKNOWN}))
    assert [message for _, message, _ in said.messages] == ["chart shop 1.0.0 is rendered once its values are known"]


class TestAtAPath:
    """A chart in the program's own repository: nobody has to ask for that."""

    @pytest.fixture
    def library(self, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
        """What a sandbox without any of the variables has."""
        home = Home(tmp_path / ".sandbox" / "dev")
        home.write_facts({"tools": {}, "crds": str(tmp_path), "kubernetes_version": "1.35"})
        monkeypatch.setattr(setup, "_version_of", lambda program, _: "v3.99.0" if program == str(shop.program) else "")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
        monkeypatch.setenv("PATH", str(shop.folder))
        monkeypatch.chdir(shop.path.parents[1])
        return Library.of(home)

    def test_it_is_rendered_by_the_helm_that_is_there(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop, library: Library
    ) -> None:
        shop.renders(config_map("settings"))
        shop.program.write_text(f"#!/bin/sh\n/bin/cat {shop.folder}/answer\n")
        wanted = inputs(chart=f"./{shop.path.parent.name}/shop", version="")
        _, outputs = Releases(releases.cluster, library).create(said.call(TYPE), wanted)
        assert outputs["__renderedBy"] == "helm"
        assert kube.names("ConfigMap") == ["settings"]

    def test_without_a_helm_the_preview_says_how_to_get_one(
        self, releases: Releases, said: Said, shop: Shop, library: Library
    ) -> None:
        shop.program.unlink()
        wanted = inputs(chart=str(shop.path), version="")
        with pytest.raises(ProviderError, match=r"takes helm, which is neither .*: set SANDBOX_CHART_CACHE to the"):
            Releases(releases.cluster, library).create(said.call(TYPE, preview=True), wanted)

    def test_all_others_get_their_stand_ins(
        self, releases: Releases, said: Said, kube: FakeKube, library: Library
    ) -> None:
        Releases(releases.cluster, library).create(said.call(TYPE), inputs(skipAwait=True))
        assert kube.names("Deployment") == ["main"]


def test_a_version_that_is_not_there_is_one_message_with_release_and_chart(releases: Releases, said: Said) -> None:
    with pytest.raises(
        ProviderError, match=r"^Helm release shop/main, chart shop 9\.9\.9: .* has shop in 1\.0\.0 only"
    ):
        releases.create(said.call(TYPE, preview=True), inputs(version="9.9.9"))


class TestDifferences:
    def installed(self, releases: Releases, said: Said, **changes: Any) -> Properties:
        return releases.create(said.call(TYPE), inputs(**changes))[1]

    def test_nothing_changed_is_no_change_and_renders_nothing(self, releases: Releases, said: Said, shop: Shop) -> None:
        outputs = self.installed(releases, said)
        before = len(shop.runs)
        assert not releases.diff(inputs(), outputs, inputs(), []).changes
        assert len(shop.runs) == before

    def test_values_that_render_the_same_are_no_change(self, releases: Releases, said: Said, shop: Shop) -> None:
        shop.renders(config_map("settings"))
        outputs = self.installed(releases, said, values={"a": 1})
        assert not releases.diff(inputs(values={"a": 1}), outputs, inputs(values={"a": 2}), []).changes

    def test_values_that_an_upgrade_refuses_can_be_corrected(self, releases: Releases, said: Said, shop: Shop) -> None:
        outputs = self.installed(releases, said, values={"size": "wrong"})
        shop.plays(
            """for argument in "$@"; do
              case "$argument" in
                --is-upgrade) upgrade=yes;;
                --values=*) values="$(cat "${argument#*=}")";;
              esac
            done
            case "$upgrade$values" in yes*wrong*) echo 'Error: size is wrong' >&2; exit 1;; esac"""
        )
        found = releases.diff(inputs(values={"size": "wrong"}), outputs, inputs(values={"size": "right"}), [])
        assert found.details == {"values.size": Change.UPDATE}

    def test_values_that_render_something_else_are_one(self, releases: Releases, said: Said, shop: Shop) -> None:
        outputs = self.installed(releases, said)
        shop.plays(
            """for argument in "$@"; do
              case "$argument" in --values=*) values="$(cat "${argument#*=}")";; esac
            done
            printf -- '---\\napiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: a}\\ndata: %s\\n' "$values"
            """
        )
        found = releases.diff(inputs(values={"a": "1"}), outputs, inputs(values={"a": "2"}), [])
        assert found.details == {"values.a": Change.UPDATE}

    def test_another_version_is_a_change_whatever_it_renders(self, releases: Releases, said: Said) -> None:
        outputs = self.installed(releases, said)
        assert releases.diff(inputs(version="0.9.0"), outputs, inputs(), []).changes

    def test_changed_files_of_the_same_version_are_one(self, releases: Releases, said: Said, shop: Shop) -> None:
        outputs = self.installed(releases, said)
        (shop.path / "values.yaml").write_text("greeting: hello\n")
        assert releases.diff(inputs(), outputs, inputs(), []).details == {"chart": Change.UPDATE}
        assert not releases.diff(inputs(), outputs, inputs(), ["chart"]).changes

    def test_a_stand_in_gives_way_once_the_chart_can_be_had(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        poor = Releases(releases.cluster, shop.library(available=False))
        _, outputs = poor.create(said.call(TYPE), inputs(skipAwait=True))
        assert outputs["__renderedBy"] == "stand-in"
        assert kube.names("Deployment") == ["main"]
        assert not poor.diff(inputs(), outputs, inputs(), []).changes

        assert releases.diff(inputs(), outputs, inputs(), []).details == {"chart": Change.UPDATE}
        shop.renders(config_map("settings"), job("prepare", "pre-install"), job("upgrade", "pre-upgrade"), crds=(CRD,))
        outputs = releases.update(said.call(TYPE), inputs())
        assert (outputs["__renderedBy"], outputs["status"]["revision"]) == ("helm", 2)
        assert kube.names("Deployment") == []
        assert kube.names("ConfigMap") == ["settings"]
        # It is the chart's first install.
        assert kube.names("Job") == ["prepare"]
        assert kube.names("CustomResourceDefinition") == ["widgets.shop"]
        assert not releases.diff(inputs(), outputs, inputs(), []).changes

    def test_a_chart_never_gives_way_to_a_stand_in_by_itself(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        shop.renders(config_map("settings"))
        outputs = self.installed(releases, said)
        forgetful = Releases(releases.cluster, shop.library(available=False))
        assert not forgetful.diff(inputs(), outputs, inputs(), []).changes
        changed = inputs(values={"a": 1})
        for run in (
            lambda: forgetful.diff(inputs(), outputs, changed, []),
            lambda: forgetful.diff(inputs(), outputs, inputs(values={"a": UNKNOWN}), []),
            lambda: forgetful.diff(inputs(), outputs, inputs(name="other"), []),
            lambda: forgetful.update(said.call(TYPE, preview=True), changed, outputs),
            lambda: forgetful.update(said.call(TYPE), changed, outputs),
            # Whatever the state says, the cluster's record is the last word.
            lambda: forgetful.update(said.call(TYPE), changed),
        ):
            with pytest.raises(
                ProviderError,
                match=r"release shop/\w+ was installed from its chart, and chart shop 1.*"
                "set SANDBOX_CHART_CACHE",
            ):
                run()
        assert kube.names("ConfigMap") == ["settings"]
        # It can be destroyed all the same.
        forgetful.delete(said.call(TYPE), "shop/main", outputs)
        assert kube.names("ConfigMap") == []


class TestLife:
    def test_an_upgrade_deletes_what_vanished_from_the_chart(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        keep = {"helm.sh/resource-policy": "keep"}
        shop.renders(config_map("stays"), config_map("vanishes"), config_map("kept", annotations=keep))
        releases.create(said.call(TYPE), inputs())
        shop.renders(config_map("stays"), config_map("new"))
        outputs = releases.update(said.call(TYPE), inputs())
        assert kube.names("ConfigMap") == ["kept", "new", "stays"]
        assert outputs["status"]["revision"] == 2

    def test_an_upgrade_leaves_crds_alone_as_helm_does(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        releases.create(said.call(TYPE), inputs())
        shop.renders(crds=(CRD,))
        releases.update(said.call(TYPE), inputs())
        assert kube.names("CustomResourceDefinition") == []

    def test_a_crd_that_exists_is_left_as_it_is(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        kube.put({**CRD, "metadata": {"name": "widgets.shop", "labels": {"theirs": "true"}}})
        shop.renders(crds=(CRD,))
        id, outputs = releases.create(said.call(TYPE), inputs())
        assert written(kube) == []
        releases.delete(said.call(TYPE), id, outputs)
        assert kube.names("CustomResourceDefinition") == ["widgets.shop"]

    def test_a_destroyed_release_leaves_what_asked_to_stay_and_nothing_else(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        keep = {"helm.sh/resource-policy": "keep"}
        shop.renders(config_map("goes"), config_map("kept", annotations=keep), crds=(CRD,))
        id, outputs = releases.create(said.call(TYPE), inputs())
        shop.fails("the chart is not needed to delete it")
        releases.delete(said.call(TYPE), id, outputs)
        assert kube.names("ConfigMap") == ["kept"]
        assert kube.names("CustomResourceDefinition") == []
        assert kube.names("Secret") == []

    def test_old_revisions_are_forgotten_beyond_max_history(
        self, releases: Releases, said: Said, kube: FakeKube
    ) -> None:
        releases.create(said.call(TYPE), inputs())
        for _ in range(3):
            releases.update(said.call(TYPE), inputs(maxHistory=2))
        assert kube.names("Secret") == ["sh.helm.release.v1.main.v3", "sh.helm.release.v1.main.v4"]

    def test_a_failed_upgrade_is_kept_and_the_next_one_clears_up_after_both(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        shop.renders(config_map("first"))
        releases.create(said.call(TYPE), inputs())
        shop.renders(config_map("second"), job("migrate", "post-upgrade", fails=True))
        with pytest.raises(InitFailed) as raised:
            releases.update(said.call(TYPE), inputs())
        assert raised.value.outputs["status"]["status"] == "failed"
        shop.renders(config_map("third"))
        releases.update(said.call(TYPE), inputs())
        assert kube.names("ConfigMap") == ["third"]

    def test_what_fails_to_be_applied_is_recorded_so_that_it_can_be_destroyed(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        shop.renders(config_map("first"), config_map("second"))

        def refuse_second(obj: dict[str, Any]) -> None:
            if obj["metadata"]["name"] == "second":
                raise ApiError(422, "Invalid", "data is wrong")

        kube.settle = refuse_second
        with pytest.raises(
            InitFailed, match=r"Helm release shop/main: ConfigMap shop/second: .*data is wrong"
        ) as raised:
            releases.create(said.call(TYPE), inputs())
        kube.settle = all_is_well
        releases.delete(said.call(TYPE), raised.value.id, raised.value.outputs)
        assert kube.names("ConfigMap") == []

    def test_cleanup_on_fail_takes_away_what_a_failed_upgrade_has_added(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        shop.renders(config_map("first"))
        releases.create(said.call(TYPE), inputs())
        shop.renders(config_map("first"), config_map("second"), job("check", "post-upgrade", fails=True))
        with pytest.raises(InitFailed):
            releases.update(said.call(TYPE), inputs(cleanupOnFail=True))
        assert kube.names("ConfigMap") == ["first"]


class TestHooks:
    def test_they_run_around_the_chart_by_weight(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        shop.renders(
            config_map("settings"),
            job("second", "pre-install", weight=5),
            job("first", "pre-install", weight=-5),
            job("last", "post-install"),
            job("never", "post-upgrade,pre-delete"),
        )
        releases.create(said.call(TYPE), inputs())
        assert written(kube) == ["first", "second", "settings", "last"]
        # They are no part of the release.
        assert "Job" not in str(releases.read("shop/main", inputs(), {}))

    def test_an_upgrade_and_a_destroy_have_their_own(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        shop.renders(
            config_map("settings"),
            job("install", "pre-install", policy="hook-succeeded"),
            job("upgrade", "pre-upgrade,post-upgrade"),
            job("delete", "pre-delete,post-delete", policy="hook-succeeded"),
        )
        id, outputs = releases.create(said.call(TYPE), inputs())
        kube.applied.clear()
        releases.update(said.call(TYPE), inputs())
        assert written(kube) == ["upgrade", "settings", "upgrade"]
        assert kube.names("Job") == ["upgrade"]
        kube.applied.clear()
        releases.delete(said.call(TYPE), id, outputs)
        assert written(kube) == ["delete", "delete"]
        # What its policy does not delete stays, as with Helm.
        assert kube.names("Job") == ["upgrade"]

    def test_a_failed_hook_stops_the_install_and_names_its_template(
        self, releases: Releases, said: Said, kube: FakeKube, shop: Shop
    ) -> None:
        shop.renders(
            config_map("settings"),
            job("fine", "pre-install", weight=-1, policy="hook-succeeded"),
            job("migrate", "pre-install", policy="hook-failed", fails=True),
            job("later", "pre-install", weight=1),
        )
        with pytest.raises(
            InitFailed,
            match=r"Helm release shop/main: the pre-install hook of shop/templates/all\.yaml failed: Job shop/migrate",
        ):
            releases.create(said.call(TYPE), inputs())
        assert written(kube) == ["fine", "migrate"]
        assert kube.names("Job") == []

    def test_they_can_be_disabled(self, releases: Releases, said: Said, kube: FakeKube, shop: Shop) -> None:
        shop.renders(job("migrate", "pre-install,pre-delete", fails=True))
        id, outputs = releases.create(said.call(TYPE), inputs(disableWebhooks=True))
        releases.delete(said.call(TYPE), id, outputs)
        assert written(kube) == []

    def test_the_record_keeps_them_as_helm_does(self, releases: Releases, said: Said, shop: Shop) -> None:
        shop.renders(job("migrate", "pre-delete", weight=3, policy="hook-failed"))
        releases.create(said.call(TYPE), inputs())
        record = records.latest(releases.cluster.required, "shop", "main")
        assert record is not None
        (hook,) = record.hooks
        assert (hook.name, hook.events, hook.weight, hook.delete_policies) == (
            "migrate",
            ("pre-delete",),
            3,
            ("hook-failed",),
        )


@pytest.mark.parametrize("key", ["postrender", "reuseValues", "verify", "dependencyUpdate"])
def test_what_is_not_carried_out_is_refused(releases: Releases, said: Said, shop: Shop, key: str) -> None:
    _, failures = releases.check(said.call(TYPE), {}, inputs(**{key: True}))
    assert [failure.property for failure in failures] == [key]
    poor = Releases(releases.cluster, shop.library(available=False))
    assert not poor.check(said.call(TYPE), {}, inputs(**{key: True}))[1]


def test_value_files_come_before_values_and_nulls_go(
    releases: Releases, said: Said, shop: Shop, tmp_path: Path
) -> None:
    shop.program.write_text(
        f'#!/bin/sh\nfor a in "$@"; do case $a in --values=*) cat "${{a#*=}}" >> {tmp_path}/seen; '
        f"echo >> {tmp_path}/seen;; esac; done\n"
    )
    (tmp_path / "file.yaml").write_text("b: 2")
    files = [{"text": "a: 1"}, {"path": str(tmp_path / "file.yaml")}]
    releases.create(said.call(TYPE, preview=True), inputs(values={"c": 3, "d": None}, valueYamlFiles=files))
    assert (tmp_path / "seen").read_text().splitlines() == ["a: 1", "b: 2", '{"c": 3}']
