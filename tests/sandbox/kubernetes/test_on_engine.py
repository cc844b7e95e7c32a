"""One small program on the genuine engine and a genuine control plane: what its author sees, step by step."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.kube import ApiError, KubeClient
from tests.sandbox.kubernetes.plane import control_plane
from tests.sandbox.kubernetes.small_program import SmallProgram, small_program
from tests.sandbox.kubernetes.sources import WIDGETS, core, custom, namespace, workload

pytestmark = pytest.mark.engine

Object = dict[str, Any]

ADDRESS = {"status": {"loadBalancer": {"ingress": [{"hostname": "lb.example.com"}]}}}
BALANCER = core("Service", "front", spec={"type": "LoadBalancer", "ports": [{"port": 80}]})
INGRESS = """
k8s.networking.v1.Ingress("entrance", metadata={"name": "entrance", "namespace": "default"}, spec={
    "ingressClassName": "nginx", "rules": [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {
        "service": {"name": "nobody", "port": {"number": 80}}}}]}}],
}, opts=merged(custom_timeouts=pulumi.CustomTimeouts(create="5s")))
"""
FIVE_SECONDS = "merged(custom_timeouts=pulumi.CustomTimeouts(create='5s'))"
# Nobody plays the kubelet of this node: the test does.
BY_HAND: Object = {"nodeName": "by-hand", "terminationGracePeriodSeconds": 0}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallProgram]:
    plane = control_plane(tmp_path_factory.mktemp("sandbox") / "dev")
    with plane as home, small_program(home, tmp_path_factory.mktemp("program")) as program:
        yield program


@pytest.fixture(scope="module")
def kube(program: SmallProgram) -> KubeClient:
    client = KubeClient.from_kubeconfig(program.home.admin_kubeconfig.read_text())
    client.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "by-hand"}})
    return client


@contextmanager
def meanwhile(play: Callable[[], bool]) -> Iterator[None]:
    """Play a controller or a kubelet, again and again until it says that it is done."""
    ended = threading.Event()
    errors: list[Exception] = []

    def run() -> None:
        try:
            while not ended.is_set() and not play():
                time.sleep(0.2)
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    assert not errors


def test_a_kind_and_its_objects_come_in_one_up_and_are_previewed_before_either_is_there(program: SmallProgram) -> None:
    both = custom("first", spec="{'size': 1}") + WIDGETS
    assert program.steps(both)["first"] == "create"
    assert "knows no kind Gadget" in program.preview(WIDGETS + custom("other", kind="Gadget"), fails=True)
    # One at a time: whether its kind is registered while it waits for that is a matter of luck, unless it is told.
    first = custom("first", spec="{'size': 1}", opts="merged(depends_on=[widgets])")
    program.preview(WIDGETS + first + first.replace("first", "second"), "--parallel=1")
    program.up(both)
    assert program.steps() == {}
    too_much = program.preview(custom("first", spec="{'size': 5}") + WIDGETS, fails=True)
    assert "Widget default/first" in too_much
    assert "spec.size in body should be less than or equal to 3" in too_much


def test_a_kind_may_come_with_a_chart_of_the_same_up(program: SmallProgram) -> None:
    chart = """
k8s.helm.v3.Release("traefik", chart="traefik", version="41.3.0", namespace="default", opts=on)
"""
    middleware = custom("strip", "traefik.io/v1alpha1", "Middleware", "{'stripPrefix': {'prefixes': ['/a']}}")
    assert program.steps(middleware + chart)["strip"] == "create"


def test_what_never_gets_ready_says_why(program: SmallProgram, kube: KubeClient) -> None:
    def kubelet() -> bool:
        pods = {pod["metadata"]["labels"].get("app"): pod for pod in kube.list("v1", "Pod", "default")}
        waiting = {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "example.com/app:1"'}}
        ended = {"terminated": {"exitCode": 3, "reason": "Error", "message": "no such table"}}
        for name, phase, state in (("unpullable", "Pending", waiting), ("failing", "Failed", ended)):
            if name in pods and "containerStatuses" not in pods[name].get("status", {}):
                container = {"name": "app", "image": "i", "imageID": "", "ready": False, "restartCount": 0}
                status = {"phase": phase, "containerStatuses": [{**container, "state": state}]}
                pod = pods[name]["metadata"]["name"]
                kube.patch("v1", "Pod", pod, "default", {"status": status}, subresource="status")
        return False

    for name, labels in (("strict", {"pod-security.kubernetes.io/enforce": "restricted"}), ("tight", {})):
        kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": "tight"}}
    kube.create({**quota, "spec": {"hard": {"pods": "0"}}})
    failing = (
        workload("Deployment", "large", wait=8, container={"resources": {"requests": {"cpu": "64"}}})
        + workload("Deployment", "unpullable", wait=8, **BY_HAND)
        + workload("Job", "failing", wait=30, **BY_HAND)
        + "".join(workload(kind, f"s-{kind.lower()}", "strict", wait=8) for kind in ("Deployment", "StatefulSet"))
        + "".join(workload(kind, f"t-{kind.lower()}", "tight", wait=8) for kind in ("DaemonSet", "Job"))
        + core("Service", "front", FIVE_SECONDS, spec={"type": "LoadBalancer", "ports": [{"port": 80}]})
        + core("ConfigMap", "waits", FIVE_SECONDS, metadata={"annotations": {"pulumi.com/waitFor": "condition=Done"}})
        + INGRESS
    )
    with meanwhile(kubelet):
        said = program.up(failing, "--parallel=16", fails=True)
    reasons = (
        "Unschedulable: 0/3 nodes are available",
        "Insufficient cpu",
        'ImagePullBackOff: Back-off pulling image "example.com/app:1"',
        "[BackoffLimitExceeded]",
        "ended with exit code 3 (Error): no such table",
        "Deployment strict/s-deployment: not ready after 8 s: waiting for its pods (0/1 ready)",
        'pods "s-deployment-',
        "StatefulSet strict/s-statefulset: [StatefulSet s-statefulset] FailedCreate: Create Pod s-statefulset-0",
        'violates PodSecurity "restricted:latest"',
        "DaemonSet tight/t-daemonset: [DaemonSet t-daemonset] FailedCreate",
        "Job tight/t-job: [Job t-job] FailedCreate",
        "exceeded quota: none, requested: pods=1, used: pods=0, limited: pods=0",
        "Service default/front: not ready after 5 s: waiting for the load balancer's address",
        "ConfigMap default/waits: not ready after 5 s: waiting for condition=Done",
        "Ingress default/entrance: not ready after 5 s: waiting for its controller to give it an address",
    )
    assert [reason for reason in reasons if reason not in said] == []
    # They exist, and a refresh says that they are still not well.
    refreshed = program.refresh()
    assert "unhealthy state" in refreshed
    assert "Insufficient cpu" in refreshed


def test_balancers_and_ingresses_are_ready_once_they_have_addresses(program: SmallProgram, kube: KubeClient) -> None:
    def cloud() -> bool:
        for version, kind, name in (("v1", "Service", "front"), ("networking.k8s.io/v1", "Ingress", "entrance")):
            if kube.get(version, kind, name, "default") is None:
                return False
            kube.patch(version, kind, name, "default", ADDRESS, subresource="status")
        return True

    with meanwhile(cloud):
        said = program.up(
            BALANCER.replace("k8s.core", "front = k8s.core")
            + INGRESS
            + ("pulumi.export('address', front.status.load_balancer.ingress[0].hostname)\n")
        )
    assert "lb.example.com" in said
    assert "there is no Service nobody, to which a rule leads" in said


def test_conflicts_name_the_other_manager_and_the_field_until_they_are_forced(
    program: SmallProgram, kube: KubeClient
) -> None:
    program.up(namespace("shared"))
    theirs = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shared", "labels": {"team": "theirs"}}}
    kube.apply(theirs, field_manager="operator")
    for said in (program.preview(namespace("shared", team="ours"), fails=True), program.up(fails=True)):
        assert '.metadata.labels.team ("operator")' in said
        assert "Namespace shared" in said
    forced = namespace("shared", team="ours").replace(
        "'labels'", "'annotations': {'pulumi.com/patchForce': 'true'}, 'labels'"
    )
    program.up(forced)
    live = kube.get("v1", "Namespace", "shared")
    assert live is not None
    assert live["metadata"]["labels"]["team"] == "ours"


def test_replacements_are_those_of_the_genuine_provider(program: SmallProgram) -> None:
    def source(tier: str, data: str) -> str:
        return f"""
labels = {{"app": "web", "tier": {tier!r}}}
k8s.apps.v1.Deployment("web", metadata={{"name": "web", "namespace": "default"}}, spec={{
    "selector": {{"matchLabels": labels}}, "replicas": 1,
    "template": {{"metadata": {{"labels": labels}}, "spec": {{"containers": [{{"name": "a", "image": "i"}}]}}}},
}}, opts=on)
k8s.core.v1.ConfigMap("settings", metadata={{"namespace": "default"}}, data={{'key': {data!r}}}, opts=on)
k8s.storage.v1.StorageClass("disk", metadata={{"name": "disk"}}, provisioner="x", reclaim_policy={data!r}, opts=on)
"""

    program.up(source("a", "Delete"))
    said = program.up(source("b", "Delete").replace("{'key': 'Delete'}", "{'key': 'other'}"))
    # A name that the program fixed must be free first; one that Pulumi chose need not be.
    assert re.findall(r"web (deleted original|created replacement)", said) == [
        "deleted original",
        "created replacement",
    ]
    last = re.findall(r"settings (deleted original|created replacement)", said)
    assert last == ["created replacement", "deleted original"]
    said = program.preview(source("b", "Retain"), fails=True)
    assert "StorageClass disk" in said
    assert "reclaimPolicy" in said


def test_secrets_are_nowhere_in_plain_text(program: SmallProgram, kube: KubeClient) -> None:
    words = ["Canary-One", "Canary-Two", "Canary-Three", "Canary-Four"]
    encoded = [base64.b64encode(word.encode()).decode() for word in words]

    def source(password: str, pattern: str) -> str:
        secret = {"name": "keys", "namespace": "default"}
        return f"""
k8s.core.v1.Secret("keys", metadata={secret}, string_data={{"a": {password!r}}}, data={{"b": {encoded[1]!r}}}, opts=on)
hidden = pulumi.Output.secret({words[2]!r})
k8s.core.v1.ConfigMap("mixed", metadata={{"name": "mixed", "namespace": "default"}}, data={{"a": hidden}}, opts=on)
{WIDGETS}
{custom("safe", spec="{'password': pulumi.Output.secret(" + repr(pattern) + ")}", opts="merged(depends_on=[widgets])")}
"""

    program.said.clear()
    program.preview(source(words[0], "fine"))
    program.up()
    program.up(source(words[3], "fine"), "--diff")
    annotation = "kubectl.kubernetes.io/last-applied-configuration"
    applied = json.dumps({"data": {"b": encoded[1]}})
    kube.patch("v1", "Secret", "keys", "default", {"metadata": {"annotations": {annotation: applied}}})
    changed = {"data": {"b": base64.b64encode(b"Canary-Five").decode()}}
    kube.patch("v1", "Secret", "keys", "default", changed)
    program.refresh()
    program.up()
    # The API server repeats what it refuses: its words are taken out.
    refused = program.up(source(words[3], words[0]), fails=True)
    assert 'spec.password: Invalid value: "[secret]"' in refused
    told = "".join([*program.said, program.state, *(log.read_text() for log in program.home.logs.iterdir())])
    for word in [*words, "Canary-Five"]:
        assert word not in told
        assert base64.b64encode(word.encode()).decode() not in told


def test_options_of_resources_are_honoured_and_tampering_is_mended(program: SmallProgram, kube: KubeClient) -> None:
    def config(name: str, opts: str = "on", data: str = "1", logical: str = "") -> str:
        metadata = {"name": name, "namespace": "default", "labels": {"team": "ours"}}
        return (
            f"\nk8s.core.v1.ConfigMap({logical or name!r}, metadata={metadata}, data={{'a': {data!r}}}, opts={opts})\n"
        )

    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs", "namespace": "default"}}
    labelled = {**theirs, "metadata": {**theirs["metadata"], "labels": {"team": "ours"}}, "data": {"a": "1"}}
    kube.apply(labelled, field_manager="kubectl-client-side-apply")
    deployment = workload("Deployment", "web").replace("spec={", "spec={'replicas': 2, ")
    program.up(
        deployment
        + config("ignored", "merged(ignore_changes=['metadata.labels'])")
        + config("protected", "merged(protect=True)")
        + config("kept", "merged(retain_on_delete=True)")
        + config("renamed")
        + config("theirs", "merged(import_='default/theirs')")
    )
    same = (
        deployment
        + config("ignored", "merged(ignore_changes=['metadata.labels'])").replace("'ours'", "'others'")
        + config("renamed", "merged(aliases=[pulumi.Alias(name='renamed')])", logical="moved")
        + config("theirs")
    )
    before = kube.get("v1", "ConfigMap", "renamed", "default")
    assert "protected" in program.preview(same, fails=True)
    program.up(same + config("protected"))
    assert kube.get("v1", "ConfigMap", "kept", "default") is not None
    assert kube.get("v1", "ConfigMap", "renamed", "default") == before

    program.kubectl("scale", "deployment/web", "--replicas=5")
    program.kubectl("label", "configmap/renamed", "team=others", "--overwrite")
    program.kubectl("delete", "configmap/theirs")
    refreshed = program.refresh()
    assert "replicas: 2 => 5" in refreshed
    assert 'team: "ours" => "others"' in refreshed
    assert program.steps() == {"web": "update", "moved": "update", "theirs": "create"}
    program.up()
    web = kube.get("apps/v1", "Deployment", "web", "default")
    assert web is not None
    assert web["spec"]["replicas"] == 2
    assert kube.get("v1", "ConfigMap", "theirs", "default") is not None


def test_what_the_api_server_warns_of_reaches_the_user(program: SmallProgram) -> None:
    said = program.preview(core("Endpoints", "old"))
    assert "warning: v1 Endpoints is deprecated" in said


def test_a_deletion_that_does_not_end_names_what_holds_it(program: SmallProgram, kube: KubeClient) -> None:
    short = "merged(custom_timeouts=pulumi.CustomTimeouts(delete='8s'))"
    program.up(namespace("held", short))
    held = {"name": "held", "namespace": "held", "finalizers": ["example.com/cleanup"]}
    kube.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": held})
    said = program.destroy(fails=True)
    assert "the deletion of Namespace held did not finish within 8 s" in said
    assert "ConfigMap held/held is kept by finalizer example.com/cleanup" in said
    kube.patch("v1", "ConfigMap", "held", "held", {"metadata": {"finalizers": None}})
    program.destroy()
    assert kube.get("v1", "Namespace", "held") is None


def test_an_up_goes_on_when_the_api_server_is_killed_and_started_anew_in_the_middle(
    program: SmallProgram, kube: KubeClient
) -> None:
    """The last test: the server that it starts is its own."""
    running = program.home.running("kube-apiserver")
    assert running is not None
    command = Path(f"/proc/{running.pid}/cmdline").read_text().rstrip("\0").split("\0")
    started: list[subprocess.Popen[bytes]] = []

    def operator() -> bool:
        if not started and kube.get("v1", "Service", "front", "default") is not None:
            os.kill(running.pid, signal.SIGKILL)
            time.sleep(2)
            started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        if not started:
            return False
        try:
            kube.patch("v1", "Service", "front", "default", ADDRESS, subresource="status")
        except ApiError:
            return False
        return True

    program.up("")
    try:
        with meanwhile(operator):
            program.up(BALANCER)
        assert '"default/front"' in program.state
    finally:
        for server in started:
            server.kill()
            server.wait()
