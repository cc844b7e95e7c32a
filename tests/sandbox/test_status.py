"""``make status``: what runs, and who has checked what is up."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from sandbox import checkers, cli, status
from sandbox.home import Home, Running
from sandbox.process_facts import command_of, resident


def resource(token: str, **more: Any) -> dict[str, Any]:
    return {"type": token, "custom": True, **more}


RELEASE = "kubernetes:helm.sh/v3:Release"
STATE = [
    {"type": "pulumi:pulumi:Stack"},
    {"type": "platform:network:Network"},
    resource("pulumi:providers:aws"),
    resource("aws:ec2/vpc:Vpc"),
    resource("aws:ec2/subnet:Subnet"),
    resource("aws:ec2/subnet:Subnet"),
    resource("aws:ec2/subnet:Subnet", delete=True),
    resource("aws:eks/addon:Addon"),
    resource("kubernetes:apps/v1:Deployment"),
    resource("kubernetes:cert-manager.io/v1:ClusterIssuer"),
    resource("kubernetes:example.com/v1:MyApp"),
    resource(RELEASE, outputs={"__renderedBy": "helm"}),
    resource(RELEASE, outputs={"__renderedBy": "stand-in"}),
    resource(RELEASE, outputs={}),
]


def row(token: str, lines: list[str]) -> list[tuple[int, str]]:
    rows = [line.split(None, 2) for line in lines if line.startswith(f"{token} ")]
    return [(int(count), checker) for _, count, checker in rows]


def test_each_type_is_counted_with_who_checked_it() -> None:
    lines = list(status.types(STATE))

    assert row("aws:ec2/subnet:Subnet", lines) == [(2, "moto")]
    assert row("kubernetes:apps/v1:Deployment", lines) == [(1, "kube-apiserver")]
    ((count, checker),) = row("kubernetes:cert-manager.io/v1:ClusterIssuer", lines)
    assert count == 1
    assert checker.startswith("kube-apiserver, with the CRD of github.com/cert-manager/cert-manager v1.")
    assert row("kubernetes:example.com/v1:MyApp", lines) == [(1, checkers.OWN_CRD)]
    assert not [line for line in lines if "pulumi:" in line or "platform:" in line]


def test_charts_and_stand_ins_are_counted_apart() -> None:
    lines = list(status.types(STATE))

    assert row(RELEASE, lines) == [(1, checkers.RENDERED), (2, "stand-in")]
    assert lines[-1] == "charts: 1 rendered by helm, 2 stand-ins; EKS add-ons: 1 stand-ins"


def checker(token: str, *others: dict[str, Any], genuine: bool = False) -> str:
    return row(token, list(status.types([resource(token), *others], genuine=genuine)))[0][1]


def test_a_release_of_a_genuine_kubernetes_provider_is_no_stand_in() -> None:
    lines = list(status.types([resource(RELEASE, id="a/b", outputs={"status": {}})], genuine=True))

    assert row(RELEASE, lines) == [(1, checkers.RENDERED_ELSEWHERE)]
    assert lines[-1].startswith("charts: 1 rendered by helm, 0 stand-ins")


def test_the_crd_that_checks_a_custom_resource_is_named() -> None:
    issuer = "kubernetes:cert-manager.io/v1:ClusterIssuer"
    chart = {"chart": "cert-manager", "version": "v1.20.0"}
    crds = ["clusterissuers.cert-manager.io", "issuers.cert-manager.io"]
    module = checkers.checked_by(issuer)
    assert module is not None

    stand_in = resource(RELEASE, outputs={**chart, "__renderedBy": "stand-in", "__crds": crds})
    assert checker(issuer, stand_in) == module
    rendered = resource(RELEASE, outputs={**chart, "__renderedBy": "helm", "__crds": crds})
    assert checker(issuer, rendered) == "kube-apiserver, with the CRD of chart cert-manager v1.20.0"
    templates = {"CustomResourceDefinition.apiextensions.k8s.io/apiextensions.k8s.io/v1": crds}
    elsewhere = resource(RELEASE, outputs={**chart, "resourceNames": templates})
    assert checker(issuer, elsewhere, genuine=True) == "kube-apiserver, with the CRD of chart cert-manager v1.20.0"
    # The genuine provider does not tell of a chart's crds folder.
    assert checker(issuer, resource(RELEASE, outputs=chart), genuine=True) == checkers.OWN_CRD
    own = {"spec": {"group": "cert-manager.io", "names": {"kind": "ClusterIssuer"}}, "metadata": {"name": crds[0]}}
    assert checker(issuer, rendered, resource(checkers.CRD, outputs=own)) == (
        "kube-apiserver, with the stack's own CRD clusterissuers.cert-manager.io"
    )


def test_the_share_of_moto_is_told() -> None:
    types = {one["type"] for one in STATE if one["type"].startswith("aws:")}
    answered = sum(checkers.checked_by(token) == "moto" for token in types)

    assert f"AWS types: {answered} of 3 are answered by moto ({100 * answered / 3:.0f} %)" in list(status.types(STATE))


def test_processes_have_a_time_memory_and_a_sum() -> None:
    nine = time.mktime((2026, 11, 22, 9, 5, 7, 0, 0, -1))
    running = [Running("cloud", os.getpid(), 4711, nine), Running("kwok", os.getpid(), 0, nine + 60)]
    head, cloud, kwok, total = list(status.processes(running))

    assert head.split() == ["PROCESS", "PID", "PORT", "SINCE", "MEMORY"]
    assert cloud.split()[:5] == ["cloud", str(os.getpid()), "4711", "2026-11-22", "09:05:07"]
    assert kwok.split()[2:5] == ["-", "2026-11-22", "09:06:07"], "kwok listens nowhere"
    size = int(cloud.split()[-2])
    assert 10 < size < 10_000
    assert total.startswith("2 processes")
    assert abs(int(total.split()[-2]) - 2 * size) <= 2


def test_a_stopped_sandbox_shows_its_stack_all_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: platform\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    checkpoint = Home(tmp_path / ".sandbox" / "dev").backend / ".pulumi" / "stacks" / "platform" / "dev.json"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_text(json.dumps({"checkpoint": {"latest": {"resources": STATE}}}))

    assert cli.main(["status"], tmp_path) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("nothing is running\n")
    assert "aws:ec2/vpc:Vpc" in shown


def test_facts_of_processes_need_no_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    assert "python" in command_of(os.getpid())
    assert resident(os.getpid()) > 1_000_000
    nobody = 2**22 + 1
    assert (command_of(nobody), resident(nobody)) == ("", 0)
