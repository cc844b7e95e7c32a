"""What stands in for add-ons and charts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sandbox.stand_ins import LABEL, crd_names, known, stand_in
from sandbox.stand_ins.table import STAND_INS

ADD_ONS = sorted(STAND_INS)


@pytest.fixture
def crds(tmp_path: Path) -> Path:
    for key, name in (("cert-manager", "issuers"), ("traefik", "middlewares"), ("gateway-api", "gateways")):
        (tmp_path / key).mkdir()
        crd = f"kind: CustomResourceDefinition\nmetadata: {{name: {name}.example.com, creationTimestamp: null}}\n"
        (tmp_path / key / "crds.yaml").write_text(f"# first\n---\n{crd}---\nkind: ConfigMap\n")
    return tmp_path


def traefik(crds: Path, version: str = "41.3.0", **values: Any) -> list[dict[str, Any]]:
    return stand_in("traefik", namespace="ingress", version=version, crds=crds, release="main", values=values)


def of_kind(objects: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [obj for obj in objects if obj["kind"] == kind]


@pytest.mark.parametrize("name", ADD_ONS)
def test_every_object_says_what_it_stands_in_for(crds: Path, name: str) -> None:
    objects = stand_in(name, namespace=None, version="", crds=crds)
    assert {obj["metadata"]["labels"][LABEL] for obj in objects} == {name}
    assert known(name)


@pytest.mark.parametrize("name", ADD_ONS)
def test_objects_come_after_what_they_need(crds: Path, name: str) -> None:
    kinds = [obj["kind"] for obj in stand_in(name, namespace=None, version="", crds=crds)]
    order = ["CustomResourceDefinition", "Namespace", "ServiceAccount", "Deployment"]
    firsts = [kinds.index(kind) for kind in order if kind in kinds]
    assert firsts == sorted(firsts)


@pytest.mark.parametrize("name", ADD_ONS)
def test_no_two_objects_are_the_same(crds: Path, name: str) -> None:
    objects = stand_in(name, namespace=None, version="", crds=crds)
    assert max(Counter((obj["kind"], obj["metadata"]["name"]) for obj in objects).values()) == 1


def test_the_add_ons_version_is_that_of_its_images(crds: Path) -> None:
    objects = stand_in("coredns", namespace=None, version="v1.13.1-eksbuild.1", crds=crds)
    (deployment,) = of_kind(objects, "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"].endswith("/eks/coredns:v1.13.1-eksbuild.1")
    assert deployment["spec"]["replicas"] == 2


def test_a_daemon_set_tolerates_every_node(crds: Path) -> None:
    (daemon_set,) = of_kind(stand_in("vpc-cni", namespace=None, version="", crds=crds), "DaemonSet")
    assert daemon_set["spec"]["template"]["spec"]["tolerations"] == [{"operator": "Exists"}]


def test_a_namespace_can_be_chosen(crds: Path) -> None:
    objects = stand_in("cert-manager", namespace="pki", version="", crds=crds)
    assert [obj["metadata"]["name"] for obj in of_kind(objects, "Namespace")] == ["pki"]
    assert {obj["metadata"]["namespace"] for obj in of_kind(objects, "Deployment")} == {"pki"}
    assert crd_names(objects) == ["issuers.example.com"]


def test_the_crds_are_fresh_each_time_and_carry_no_status(crds: Path) -> None:
    first = stand_in("cert-manager", namespace=None, version="", crds=crds)[0]
    first["metadata"]["name"] = "changed"
    again = stand_in("cert-manager", namespace=None, version="", crds=crds)[0]
    assert again["metadata"] == {"name": "issuers.example.com", "labels": {LABEL: "cert-manager"}}


def test_missing_crds_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="cert-manager"):
        stand_in("cert-manager", namespace=None, version="", crds=tmp_path)


def test_an_unknown_chart_gets_a_deployment_and_no_crds(crds: Path) -> None:
    objects = stand_in("thing", namespace="x", version="1.0", crds=crds, release="it", values={"replicaCount": 2})
    assert [obj["kind"] for obj in objects] == ["ServiceAccount", "Deployment"]
    assert objects[1]["metadata"]["name"] == "it"
    assert objects[1]["spec"]["replicas"] == 2
    assert not known("thing")


def test_traefik_follows_the_releases_values(crds: Path) -> None:
    objects = traefik(
        crds,
        deployment={"replicas": 3, "terminationGracePeriodSeconds": 60},
        resources={"requests": {"cpu": "100m"}},
        service={"annotations": {"a": "b"}},
        podDisruptionBudget={"enabled": True, "maxUnavailable": 1},
    )
    (deployment,), (service,) = of_kind(objects, "Deployment"), of_kind(objects, "Service")
    assert deployment["metadata"]["name"] == "main-traefik"
    assert deployment["spec"]["replicas"] == 3
    assert deployment["spec"]["template"]["spec"]["containers"][0]["resources"] == {"requests": {"cpu": "100m"}}
    assert service["spec"]["type"] == "LoadBalancer"
    assert service["metadata"]["annotations"] == {"a": "b"}
    assert [port["port"] for port in service["spec"]["ports"]] == [80, 443]
    assert of_kind(objects, "PodDisruptionBudget")[0]["spec"]["maxUnavailable"] == 1
    assert of_kind(objects, "IngressClass")[0]["spec"]["controller"] == "traefik.io/ingress-controller"


def test_traefik_leaves_out_what_the_values_switch_off(crds: Path) -> None:
    objects = traefik(crds, service={"enabled": False}, ingressClass={"enabled": False})
    assert {obj["kind"] for obj in objects} == {"CustomResourceDefinition", "ServiceAccount", "Deployment"}


def test_traefik_leaves_the_replicas_to_an_autoscaler(crds: Path) -> None:
    objects = traefik(crds, autoscaling={"enabled": True, "minReplicas": 2, "maxReplicas": 4})
    assert "replicas" not in of_kind(objects, "Deployment")[0]["spec"]
    assert of_kind(objects, "HorizontalPodAutoscaler")[0]["spec"]["maxReplicas"] == 4


def test_traefik_serves_the_gateway_api_when_asked(crds: Path) -> None:
    providers = {"kubernetesGateway": {"enabled": True}}
    assert of_kind(traefik(crds, providers=providers), "GatewayClass")[0]["metadata"]["name"] == "traefik"
    assert not of_kind(traefik(crds), "GatewayClass")


def test_the_gateway_apis_crds_came_with_earlier_charts_only(crds: Path) -> None:
    assert crd_names(traefik(crds, version="40.1.0")) == ["middlewares.example.com", "gateways.example.com"]
    assert crd_names(traefik(crds, version="40.2.0")) == ["middlewares.example.com"]


@pytest.mark.parametrize("name", ["cert-manager", "metrics-server", "traefik"])
def test_pods_pass_the_restricted_pod_security_standard(crds: Path, name: str) -> None:
    for deployment in of_kind(stand_in(name, namespace="x", version="", crds=crds), "Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
