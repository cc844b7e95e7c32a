"""The ``dev`` stack with parts that a user has: a chart in a cache, and a Kubernetes provider on PATH.

The tests run in the order of the file. Neither the true Traefik chart nor the genuine provider can be had where these
tests must run: a small chart of the same name stands in the cache, and a script is on PATH that notes how it was
started and then becomes the sandbox's own provider.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.ingress.values import CHART, CHART_VERSION
from sandbox.charts import census
from tests.engine.conftest import REPOSITORY, Clone, clone_into
from tests.sandbox.charts.small_charts import DEPLOYMENT, chart, hook

pytestmark = pytest.mark.engine

TEMPLATES = {
    "deployment.yaml": DEPLOYMENT.replace(".Values.replicas", ".Values.deployment.replicas"),
    "prepare.yaml": hook("prepare", "pre-install", policy="hook-succeeded"),
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    chart(folder, CHART, CHART_VERSION, templates=TEMPLATES)
    return folder


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Clone]:
    """The stack, up, with the chart cache."""
    clone = clone_into(tmp_path_factory.mktemp("clone"), "dev")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_CHART_CACHE", str(cache))
        try:
            clone.sandbox("up")
            yield clone
        finally:
            clone.sandbox("stop", check=False)


def test_the_chart_of_the_cache_is_what_runs(dev: Clone) -> None:
    found = census(dev.state()["deployment"]["resources"])
    assert (found.charts, found.stand_ins) == ((f"ingress/{CHART}",), ())
    (deployment,) = dev.kubectl("get", "deployments", "-n", "ingress")["items"]
    assert deployment["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "Helm"
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "example.com/shop:7.0"
    assert deployment["status"]["readyReplicas"] == deployment["spec"]["replicas"]
    dev.pulumi("preview", "--expect-no-changes")


def test_a_chart_that_fails_is_shown_by_the_preview(dev: Clone, cache: Path) -> None:
    template = cache / CHART / "templates" / "broken.yaml"
    template.write_text('{{ fail "this chart is broken" }}')
    try:
        answer = dev.sandbox("preview", check=False)
    finally:
        template.unlink()
    assert answer.returncode != 0
    shown = answer.stdout + answer.stderr
    assert f"Helm release ingress/{CHART}, chart {CHART} {CHART_VERSION}: " in shown
    assert "this chart is broken" in shown
    assert "a defect of the sandbox" not in shown


@pytest.fixture
def genuine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the provider on PATH notes its environment when it is started."""
    note, program = tmp_path / "started", tmp_path / "bin" / "pulumi-resource-kubernetes"
    program.parent.mkdir()
    own = REPOSITORY / "sandbox" / "bin" / program.name
    program.write_text(f'#!/bin/sh\nenv -0 > {note}\nexec {own} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SANDBOX_ATTACH", "aws")
    return note


def test_kubernetes_can_be_left_to_a_provider_on_path(dev: Clone, genuine: Path, tmp_path: Path) -> None:
    dev.sandbox("preview", "--expect-no-changes", "--refresh")

    environ = dict(entry.split("=", 1) for entry in genuine.read_text().split("\0") if "=" in entry)
    # In that very environment client-go gets to the control plane by the program's own kubeconfig, which runs `aws`.
    assert environ["HTTPS_PROXY"] == "http://127.0.0.1:9"
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(dev.outputs()["kubeconfig"])
    command = ["kubectl", f"--kubeconfig={kubeconfig}", "get", "deployments", "-n", "ingress", "-o", "name"]
    answer = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert (answer.stdout, answer.stderr) == (f"deployment.apps/{CHART}\n", "")


def test_without_the_word_the_sandboxs_own_provider_is_back(dev: Clone) -> None:
    dev.sandbox("start")
    dev.pulumi("preview", "--expect-no-changes")
    (plugin,) = (dev.home.pulumi_home / "plugins").glob("resource-kubernetes-v*/pulumi-resource-kubernetes")
    assert f"exec {dev.folder}/sandbox/bin/{plugin.name}" in plugin.read_text()


def test_it_goes_as_it_came(dev: Clone) -> None:
    answer = dev.sandbox("down")
    assert "nothing left in AWS nor in Kubernetes" in answer.stderr
