"""Which providers the engine gets."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sandbox import environment
from sandbox.attachment import AttachmentError, genuine_kubernetes_provider
from sandbox.charts import ChartSettings
from sandbox.home import Home


@pytest.fixture
def genuine(tmp_path: Path) -> Path:
    """What plays the genuine provider, in a folder that can be on PATH."""
    folder = tmp_path / "some where"
    folder.mkdir()
    program = folder / "pulumi-resource-kubernetes"
    program.write_text('#!/bin/sh\necho "genuine $@"\n')
    program.chmod(0o755)
    return program


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / ".sandbox" / "dev")


def plugin(home: Home, package: str) -> Path:
    (folder,) = (home.pulumi_home / "plugins").glob(f"resource-{package}-v*")
    return folder / f"pulumi-resource-{package}"


TOOLS = {"pulumi": "/bin/true", "kubectl": "/bin/true"}


@pytest.mark.parametrize("word", ["", "aws,kubernetes"])
def test_both_providers_are_the_sandboxs_own_whatever_is_on_path(genuine: Path, word: str) -> None:
    assert genuine_kubernetes_provider({"PATH": str(genuine.parent), "SANDBOX_ATTACH": word}) is None


def test_kubernetes_is_left_to_a_genuine_provider_on_path(genuine: Path) -> None:
    assert genuine_kubernetes_provider({"PATH": str(genuine.parent), "SANDBOX_ATTACH": "aws"}) == str(genuine)


def test_without_such_a_provider_it_is_refused() -> None:
    with pytest.raises(AttachmentError, match="no pulumi-resource-kubernetes on PATH"):
        genuine_kubernetes_provider({"PATH": "/nowhere", "SANDBOX_ATTACH": "aws"})


def test_a_word_that_means_nothing_is_refused_with_those_that_do() -> None:
    with pytest.raises(AttachmentError, match=r"SANDBOX_ATTACH is 'kubernetes': it must be 'aws'.* or 'aws,k"):
        genuine_kubernetes_provider({"PATH": "", "SANDBOX_ATTACH": "kubernetes"})


def test_it_becomes_the_plugin_and_gives_way_again(home: Home, genuine: Path) -> None:
    environment.prepare(home, TOOLS, str(genuine))
    answer = subprocess.run([plugin(home, "kubernetes"), "127.0.0.1:1"], capture_output=True, text=True, check=True)
    assert answer.stdout == "genuine 127.0.0.1:1\n"
    assert str(genuine) not in plugin(home, "aws").read_text()

    environment.prepare(home, TOOLS)
    assert str(genuine) not in plugin(home, "kubernetes").read_text()


def test_no_other_plugin_comes_from_path(home: Home, genuine: Path) -> None:
    # A genuine pulumi-resource-aws beside it would reach a true account.
    environment.prepare(home, TOOLS, str(genuine))
    assert environment.for_engine(home, "eu-central-1")["PULUMI_IGNORE_AMBIENT_PLUGINS"] == "true"


@pytest.mark.parametrize("attached", [True, False])
@pytest.mark.parametrize("online", [True, False])
def test_only_a_genuine_provider_that_may_pull_charts_gets_to_the_network(
    home: Home, genuine: Path, monkeypatch: pytest.MonkeyPatch, attached: bool, online: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    home.write_facts({"kubernetes_provider": str(genuine) if attached else None})
    proxies = {"HTTPS_PROXY": "http://proxy.example.com:3128"} if online else {}
    ChartSettings(online=online, proxies=proxies).keep(home)

    environ = environment.for_engine(home, "eu-central-1")

    own = attached and online
    assert environ["HTTPS_PROXY"] == ("http://proxy.example.com:3128" if own else "http://127.0.0.1:9")
    assert ("HTTP_PROXY" in environ) is not own
    assert "127.0.0.1" in environ["NO_PROXY"]
    assert environment.for_children(home, "eu-central-1")["HTTPS_PROXY"] == "http://127.0.0.1:9"
