"""What an engineer may rely on once an IngressController is up."""

from __future__ import annotations

from typing import Any

import pulumi_kubernetes as k8s
import pytest

from components.ingress import (
    ControllerResources,
    Exposure,
    IngressController,
    IngressControllerArgs,
    PlainHttp,
)
from recorder import Recording, record

ADDRESS = "ingress-0123456789.elb.eu-central-1.amazonaws.com"


def build(**changes: Any) -> Recording:
    status = {"status": {"loadBalancer": {"ingress": [{"hostname": ADDRESS}]}}}
    return record(
        lambda: IngressController("ingress", IngressControllerArgs(**changes)),
        overrides={"ingress-load-balancer": status},
    )


@pytest.fixture(scope="module")
def ingress() -> Recording:
    return build()


def values(recording: Recording) -> dict[str, Any]:
    return recording["ingress-release"].inputs["values"]


def service(recording: Recording) -> dict[str, Any]:
    return dict(recording["ingress-load-balancer"].inputs)


def test_the_chart_is_pinned(ingress: Recording) -> None:
    release = ingress["ingress-release"].inputs
    assert (release["chart"], release["version"]) == ("traefik", "41.3.0")
    assert release["repositoryOpts"] == {"repo": "https://traefik.github.io/charts"}


def test_everything_is_a_child_of_the_controller(ingress: Recording) -> None:
    assert {resource.parent for resource in ingress.resources if resource.custom} == {ingress["ingress"].urn}


def test_the_controllers_pods_are_held_to_the_restricted_standard(ingress: Recording) -> None:
    labels = ingress["ingress-namespace"].inputs["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_class_nginx_is_served_by_the_nginx_provider_alone(ingress: Recording) -> None:
    assert ingress["ingress-class"].inputs["metadata"]["name"] == "nginx"
    assert ingress["ingress-class"].inputs["spec"] == {"controller": "k8s.io/ingress-nginx"}
    providers = values(ingress)["providers"]
    assert providers["kubernetesIngressNGINX"]["enabled"] is True
    assert providers["kubernetesIngressNGINX"]["controllerClass"] == "k8s.io/ingress-nginx"
    assert providers["kubernetesIngress"] == {"enabled": False}
    assert values(ingress)["ingressClass"] == {"enabled": False}


def test_the_class_can_have_another_name() -> None:
    recording = build(class_name="public")
    assert recording["ingress-class"].inputs["metadata"]["name"] == "public"
    assert values(recording)["providers"]["kubernetesIngressNGINX"]["ingressClass"] == "public"
    assert recording.outputs_of("ingress")["class_name"] == "public"


def test_ingress_objects_get_the_load_balancers_address(ingress: Recording) -> None:
    published = values(ingress)["providers"]["kubernetesIngressNGINX"]["publishService"]
    metadata = service(ingress)["metadata"]
    assert published == {"enabled": True, "pathOverride": f"{metadata['namespace']}/{metadata['name']}"}


def test_the_load_balancer_is_an_nlb_over_all_zones(ingress: Recording) -> None:
    assert service(ingress)["metadata"]["annotations"] == {
        "service.beta.kubernetes.io/aws-load-balancer-type": "nlb",
        "service.beta.kubernetes.io/aws-load-balancer-cross-zone-load-balancing-enabled": "true",
        # For the policies: this is where the internet may come in.
        "platform/entrance": "true",
    }


def test_the_load_balancer_can_be_internal() -> None:
    annotations = service(build(exposure=Exposure.INTERNAL))["metadata"]["annotations"]
    assert annotations["service.beta.kubernetes.io/aws-load-balancer-internal"] == "true"


def test_the_controller_sees_the_clients_addresses(ingress: Recording) -> None:
    assert service(ingress)["spec"] == {
        "type": "LoadBalancer",
        "externalTrafficPolicy": "Local",
        "selector": {"app.kubernetes.io/name": "traefik"},
        "ports": [
            {"name": "web", "port": 80, "targetPort": "web", "protocol": "TCP"},
            {"name": "websecure", "port": 443, "targetPort": "websecure", "protocol": "TCP"},
        ],
    }


def test_connections_can_be_limited_to_networks() -> None:
    spec = service(build(allowed_cidrs=("203.0.113.0/24",)))["spec"]
    assert spec["loadBalancerSourceRanges"] == ["203.0.113.0/24"]


def test_clients_reach_what_the_controller_serves_from_anywhere_and_its_metrics_from_the_cluster(
    ingress: Recording,
) -> None:
    ports = values(ingress)["ports"]
    assert ingress["ingress-allow-clients"].inputs["spec"] == {
        "podSelector": {"matchLabels": service(ingress)["spec"]["selector"]},
        "policyTypes": ["Ingress"],
        "ingress": [
            {"ports": [{"port": ports[name]["port"], "protocol": "TCP"} for name in ("web", "websecure")]},
            {
                "from": [{"namespaceSelector": {}}],
                "ports": [{"port": ports["metrics"]["port"], "protocol": "TCP"}],
            },
        ],
    }


def test_nothing_else_in_its_namespace_is_reached(ingress: Recording) -> None:
    denied = ingress["ingress-deny-ingress"].inputs
    assert denied["metadata"]["namespace"] == ingress["ingress-namespace"].inputs["metadata"]["name"]
    assert denied["spec"] == {"podSelector": {}, "policyTypes": ["Ingress"]}


def test_clients_of_a_cluster_that_is_up_are_let_in_before_the_others_are_kept_out(ingress: Recording) -> None:
    assert ingress.waits_for("ingress-deny-ingress", "ingress-allow-clients")


def test_the_load_balancer_goes_before_the_controller_and_the_chart_makes_no_second_one(ingress: Recording) -> None:
    assert ingress.waits_for("ingress-load-balancer", "ingress-release")
    assert values(ingress)["service"] == {"enabled": False}


def test_two_controllers_are_drained_and_rolled_one_by_one(ingress: Recording) -> None:
    assert values(ingress)["deployment"]["replicas"] == 2
    assert values(ingress)["podDisruptionBudget"] == {"enabled": True, "maxUnavailable": 1}
    keys = [spread["topologyKey"] for spread in values(ingress)["topologySpreadConstraints"]]
    assert keys == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]


def test_a_leaving_controller_serves_until_the_load_balancer_has_noticed(ingress: Recording) -> None:
    deployment = values(ingress)["deployment"]
    assert deployment["lifecycle"] == {"preStop": {"sleep": {"seconds": 25}}}
    assert values(ingress)["ports"]["websecure"]["transport"]["lifeCycle"]["graceTimeOut"] == "30s"
    assert deployment["terminationGracePeriodSeconds"] == 60


def test_resources_are_bounded() -> None:
    recording = build(resources=ControllerResources(cpu_request="250m", memory="512Mi"))
    assert values(recording)["resources"] == {
        "requests": {"cpu": "250m", "memory": "512Mi"},
        "limits": {"memory": "512Mi"},
    }


def test_plain_http_is_redirected_everywhere(ingress: Recording) -> None:
    assert values(ingress)["ports"]["web"]["http"] == {
        "redirections": {"entryPoint": {"to": "websecure", "scheme": "https", "permanent": True}}
    }


def test_plain_http_can_be_left_to_each_ingress() -> None:
    assert "http" not in values(build(plain_http=PlainHttp.PER_INGRESS))["ports"]["web"]


def test_there_is_no_dashboard_and_no_call_home_but_metrics(ingress: Recording) -> None:
    assert values(ingress)["api"] == {"dashboard": False}
    assert values(ingress)["global"] == {"checkNewVersion": False, "sendAnonymousUsage": False}
    assert values(ingress)["metrics"]["prometheus"]["service"] == {"enabled": True}


def test_nothing_is_asked_for_that_a_fresh_cluster_has_not(ingress: Recording) -> None:
    """The Gateway API's CRDs are in no fresh cluster, and the chart doesn't bring them."""
    assert not values(ingress)["providers"].get("kubernetesGateway", {}).get("enabled", False)


def test_its_address_and_class_are_known_afterwards(ingress: Recording) -> None:
    assert ingress.outputs_of("ingress") == {
        "class_name": "nginx",
        "namespace": "ingress",
        "load_balancer_hostname": ADDRESS,
    }


def test_whoever_uses_the_class_waits_for_the_load_balancer() -> None:
    def program() -> None:
        controller = IngressController("ingress", IngressControllerArgs())
        k8s.networking.v1.Ingress("shop", spec={"ingress_class_name": controller.class_name})

    recording = record(program)
    assert recording["shop"].inputs["spec"] == {"ingressClassName": "nginx"}
    assert recording.waits_for("shop", "ingress-load-balancer")


def test_no_address_yet_is_none() -> None:
    recording = record(lambda: IngressController("ingress", IngressControllerArgs()))
    assert recording.outputs_of("ingress").get("load_balancer_hostname") is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"replicas": 1}, "replicas is 1; allowed: 2 to 100"),
        ({"allowed_cidrs": ("203.0.113.7/24",)}, "'203.0.113.7/24' is no IPv4 network.*without host bits"),
        ({"allowed_cidrs": ("office",)}, "'office' is no IPv4 network"),
        ({"allowed_cidrs": ("2001:db8::/32",)}, "fix: name the IPv4 network that they come from"),
    ],
)
def test_values_that_cannot_work_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        IngressControllerArgs(**change)
