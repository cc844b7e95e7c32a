"""The whole cloud as a process: AWS calls in, a Kubernetes cluster with nodes, add-ons and addresses out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox import lifecycle
from sandbox.home import Home
from sandbox.kube import KubeClient
from sandbox.toolchain.setup import set_up

pytestmark = pytest.mark.engine

REPOSITORY = Path(__file__).parents[2]
REGION = "eu-west-1"
GROUP = {"clusterName": "main", "nodegroupName": "general"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    toolchain = set_up("1.35")
    home = Home(tmp_path_factory.mktemp("sandbox"))
    facts = {"stack": "test", "kubernetes_version": "1.35", "tools": toolchain.programs, "crds": str(toolchain.crds)}
    home.write_facts(facts)
    with (home.logs / "cloud.log").open("wb") as log:
        command = [sys.executable, "-m", "sandbox.cloud", "--home", str(home.root)]
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=log)
    eventually(lambda: home.running("cloud"))
    yield home
    process.terminate()
    assert process.wait(30) == 0
    assert home.processes() == []


@pytest.fixture(scope="module")
def aws(home: Home) -> Callable[[str], Any]:
    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=f"http://127.0.0.1:{home.port_for('cloud')}",
            aws_access_key_id="dummy",
            aws_secret_access_key="dummy",
        )

    return client


@pytest.fixture(scope="module")
def cluster(home: Home, aws: Callable[[str], Any]) -> dict[str, Any]:
    ec2, eks = aws("ec2"), aws("eks")
    role = aws("iam").create_role(RoleName="role", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{i}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
            "SubnetId"
        ]
        for i, zone in enumerate("abc")
    ]
    eks.create_cluster(
        name="main",
        roleArn=role,
        resourcesVpcConfig={"subnetIds": subnets},
        accessConfig={"authenticationMode": "API"},
        bootstrapSelfManagedAddons=False,
    )
    eventually(lambda: eks.describe_cluster(name="main")["cluster"]["status"] != "CREATING")
    cluster = eks.describe_cluster(name="main")["cluster"]
    assert cluster["status"] == "ACTIVE", lifecycle.tail(home.logs / "cloud.log")
    return cluster


@pytest.fixture(scope="module")
def kube(home: Home, cluster: dict[str, Any]) -> KubeClient:
    assert cluster["status"] == "ACTIVE"
    return KubeClient.from_kubeconfig(home.admin_kubeconfig.read_text())


def eventually(condition: Callable[[], Any], *, timeout: float = 60.0) -> Any:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not so after {timeout:g} s")


def leftovers(home: Home) -> dict[str, list[str]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{home.port_for('cloud')}/_sandbox/leftovers") as answer:
        return json.load(answer)


def zones(kube: KubeClient) -> list[str]:
    return sorted(node["metadata"]["labels"]["topology.kubernetes.io/zone"][-1] for node in kube.list("v1", "Node"))


def deployment(name: str, replicas: int) -> dict[str, Any]:
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod},
    }


# One story, in order: what follows needs what comes before.


def test_coredns_is_not_active_without_nodes(aws: Callable[[str], Any], kube: KubeClient) -> None:
    aws("eks").create_addon(clusterName="main", addonName="coredns")
    eventually(lambda: kube.get("apps/v1", "Deployment", "coredns", "kube-system"))
    assert aws("eks").describe_addon(clusterName="main", addonName="coredns")["addon"]["status"] == "CREATING"


def test_a_node_group_gives_nodes_in_all_zones(aws: Callable[[str], Any], cluster: Any, kube: KubeClient) -> None:
    eks = aws("eks")
    scaling = {"minSize": 1, "maxSize": 6, "desiredSize": 3}
    subnets = cluster["resourcesVpcConfig"]["subnetIds"]
    eks.create_nodegroup(**GROUP, subnets=subnets, nodeRole=cluster["roleArn"], scalingConfig=scaling)
    eventually(lambda: eks.describe_nodegroup(**GROUP)["nodegroup"]["status"] == "ACTIVE")
    assert zones(kube) == ["a", "b", "c"]
    eventually(lambda: eks.describe_addon(clusterName="main", addonName="coredns")["addon"]["status"] == "ACTIVE")


def test_pods_run_and_move_when_the_group_shrinks(aws: Callable[[str], Any], kube: KubeClient) -> None:
    eks = aws("eks")
    kube.create(deployment("web", 9))

    def available() -> bool:
        found = kube.get("apps/v1", "Deployment", "web", "default") or {}
        return found["status"].get("availableReplicas") == 9

    eventually(available)
    eks.update_nodegroup_config(**GROUP, scalingConfig={"desiredSize": 2})
    assert eks.describe_nodegroup(**GROUP)["nodegroup"]["status"] == "UPDATING"
    eventually(lambda: eks.describe_nodegroup(**GROUP)["nodegroup"]["status"] == "ACTIVE")
    assert len(kube.list("v1", "Node")) == 2
    eventually(available)


def test_labels_and_taints_reach_nodes_that_are_there(aws: Callable[[str], Any], kube: KubeClient) -> None:
    taint = {"key": "gpu", "value": "nvidia", "effect": "NO_SCHEDULE"}
    aws("eks").update_nodegroup_config(
        **GROUP, labels={"addOrUpdateLabels": {"tier": "x"}}, taints={"addOrUpdateTaints": [taint]}
    )
    wanted = {"key": "gpu", "value": "nvidia", "effect": "NoSchedule"}

    def reached() -> bool:
        nodes = kube.list("v1", "Node")
        return all(
            node["metadata"]["labels"].get("tier") == "x" and wanted in node["spec"].get("taints", []) for node in nodes
        )

    eventually(reached)
    aws("eks").update_nodegroup_config(**GROUP, taints={"removeTaints": [taint]})
    eventually(lambda: not any(wanted in node["spec"].get("taints", []) for node in kube.list("v1", "Node")))


def test_a_service_gets_a_load_balancer_and_gives_it_back(aws: Callable[[str], Any], kube: KubeClient) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "edge", "namespace": "default"},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
    }
    kube.create(service)

    def hostname() -> str:
        found = kube.get("v1", "Service", "edge", "default") or {}
        entries = found["status"]["loadBalancer"].get("ingress") or [{}]
        return entries[0].get("hostname", "")

    (balancer,) = eventually(lambda: hostname() and aws("elbv2").describe_load_balancers()["LoadBalancers"])
    assert balancer["DNSName"] == hostname()
    kube.delete("v1", "Service", "edge", "default")
    eventually(lambda: not aws("elbv2").describe_load_balancers()["LoadBalancers"])
    eventually(lambda: kube.get("v1", "Service", "edge", "default") is None)


def test_a_token_of_the_aws_command_opens_the_cluster(home: Home, cluster: dict[str, Any]) -> None:
    arguments = ["eks", "get-token", "--cluster-name", "main", "--region", REGION]
    environ = {
        "AWS_ACCESS_KEY_ID": "dummy",
        "AWS_SECRET_ACCESS_KEY": "dummy",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{home.port_for('cloud')}",
    }
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": sys.executable,
            "args": ["-m", "awscli", *arguments],
            "env": [{"name": name, "value": value} for name, value in environ.items()],
        }
    }
    access = {"server": cluster["endpoint"], "certificate-authority-data": cluster["certificateAuthority"]["data"]}
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": access}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    kube = KubeClient.from_kubeconfig(json.dumps(kubeconfig), environ=dict(os.environ))
    review = kube.raw(
        "POST",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"},
    )
    assert "system:masters" in review["status"]["userInfo"]["groups"]


def test_nothing_is_left_in_the_end(home: Home, aws: Callable[[str], Any], cluster: Any, kube: KubeClient) -> None:
    eks, ec2 = aws("eks"), aws("ec2")
    assert "apps/v1 Deployment default/web" in leftovers(home)["kubernetes"]
    kube.delete("apps/v1", "Deployment", "web", "default")
    eks.delete_addon(clusterName="main", addonName="coredns")
    eks.delete_nodegroup(**GROUP)
    eventually(lambda: not eks.list_nodegroups(clusterName="main")["nodegroups"])
    eventually(lambda: not eks.list_addons(clusterName="main")["addons"])
    assert kube.list("v1", "Node") == []
    eks.delete_cluster(name="main")
    for subnet in cluster["resourcesVpcConfig"]["subnetIds"]:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=cluster["resourcesVpcConfig"]["vpcId"])
    aws("iam").delete_role(RoleName="role")
    eventually(lambda: leftovers(home) == {"aws": [], "kubernetes": []}, timeout=20)
