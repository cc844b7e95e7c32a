"""Which charts may be had."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sandbox.charts import ChartSettings, ChartSettingsError
from sandbox.home import Home


def test_without_a_word_every_chart_gets_a_stand_in_and_no_helm_is_needed() -> None:
    settings = ChartSettings.from_environ({"HTTPS_PROXY": "http://proxy:3128"})
    assert settings == ChartSettings()
    assert not settings.needs_helm


def test_a_cache_or_the_network_needs_helm(tmp_path: Path) -> None:
    assert ChartSettings.from_environ({"SANDBOX_CHART_CACHE": str(tmp_path)}).needs_helm
    assert ChartSettings.from_environ({"SANDBOX_CHARTS": "online"}).needs_helm


def test_a_cache_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ChartSettingsError, match=r"SANDBOX_CHART_CACHE is '.*/nowhere', which is no folder"):
        ChartSettings.from_environ({"SANDBOX_CHART_CACHE": str(tmp_path / "nowhere")})


def test_a_word_that_means_nothing_is_refused_with_the_one_that_does() -> None:
    with pytest.raises(ChartSettingsError, match="SANDBOX_CHARTS is 'yes': it must be 'online'"):
        ChartSettings.from_environ({"SANDBOX_CHARTS": "yes"})


def test_what_one_command_was_told_the_running_sandbox_knows(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert ChartSettings.read(home) == ChartSettings()
    environ = {"SANDBOX_CHART_CACHE": str(tmp_path), "SANDBOX_CHARTS": "online", "HTTPS_PROXY": "http://user:word@p"}
    told = ChartSettings.from_environ(environ)

    told.keep(home)

    assert ChartSettings.read(home) == told
    # A proxy's address may hold a password.
    assert stat.S_IMODE((home.root / "charts.json").stat().st_mode) == 0o600
    ChartSettings.from_environ({}).keep(home)
    assert not ChartSettings.read(home).needs_helm


def test_proxies_are_only_kept_for_who_may_use_them() -> None:
    assert ChartSettings.from_environ({"SANDBOX_CHARTS": "online", "NO_PROXY": "a"}).proxies == {"NO_PROXY": "a"}
