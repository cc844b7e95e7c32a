"""What an engineer may rely on once a WebApplication is up."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.workload import AutoscalingArgs, WebApplication, ZoneSpread
from recorder import Recording, record
from tests.components.workload.examples import DATABASE_URL, REDIS_PASSWORD, build, example_args


@pytest.fixture(scope="module")
def app() -> Recording:
    return build()


def deployment(recording: Recording) -> dict[str, Any]:
    return recording["app-deployment"].inputs["spec"]


def pod(recording: Recording) -> dict[str, Any]:
    return deployment(recording)["template"]["spec"]


def container(recording: Recording) -> dict[str, Any]:
    (only,) = pod(recording)["containers"]
    return only


def marks(recording: Recording) -> dict[str, str]:
    return deployment(recording)["template"]["metadata"]["annotations"]


def test_every_object_is_a_child_of_the_application(app: Recording) -> None:
    assert {resource.parent for resource in app.resources if resource.custom} == {app["app"].urn}


def test_the_namespace_refuses_pods_below_restricted_in_a_pinned_edition(app: Recording) -> None:
    labels = app["app-namespace"].inputs["metadata"]["labels"]
    assert {key: value for key, value in labels.items() if key.startswith("pod-security")} == {
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/enforce-version": "v1.35",
        "pod-security.kubernetes.io/audit": "restricted",
        "pod-security.kubernetes.io/audit-version": "v1.35",
        "pod-security.kubernetes.io/warn": "restricted",
        "pod-security.kubernetes.io/warn-version": "v1.35",
    }


def test_pods_meet_the_restricted_standard(app: Recording) -> None:
    assert pod(app)["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container(app)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_only_tmp_can_be_written_to(app: Recording) -> None:
    assert pod(app)["volumes"] == [{"name": "tmp", "emptyDir": {}}]
    assert container(app)["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]


def test_three_replicas_are_rolled_one_by_one_without_loss(app: Recording) -> None:
    assert deployment(app)["replicas"] == 3
    assert deployment(app)["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
    }


def test_a_rollout_that_hangs_is_reported_after_five_minutes(app: Recording) -> None:
    assert deployment(app)["progressDeadlineSeconds"] == 300
    assert deployment(app)["minReadySeconds"] == 10
    assert deployment(app)["revisionHistoryLimit"] == 5


def test_an_update_never_sets_back_what_the_autoscaler_decided(app: Recording) -> None:
    assert app["app-deployment"].ignore_changes == ("spec.replicas",)


def test_the_rollout_does_not_wait_for_the_autoscaler(app: Recording) -> None:
    assert not app.waits_for("app-deployment", "app-autoscaler")


def test_pods_prefer_different_nodes(app: Recording) -> None:
    assert pod(app)["affinity"] == {
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {
                    "weight": 100,
                    "podAffinityTerm": {
                        "topologyKey": "kubernetes.io/hostname",
                        "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "app"}},
                    },
                }
            ]
        }
    }


def test_pods_of_one_revision_are_spread_over_zones(app: Recording) -> None:
    assert pod(app)["topologySpreadConstraints"] == [
        {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "app"}},
            "matchLabelKeys": ["pod-template-hash"],
            "nodeTaintsPolicy": "Honor",
        }
    ]


def test_the_spread_over_zones_can_be_a_preference() -> None:
    recording = build(lambda: {"zone_spread": ZoneSpread.PREFERRED})
    (spread,) = pod(recording)["topologySpreadConstraints"]
    assert spread["whenUnsatisfiable"] == "ScheduleAnyway"


def test_the_container_listens_on_8080(app: Recording) -> None:
    assert container(app)["ports"] == [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]


def test_requests_and_limits_are_the_references(app: Recording) -> None:
    assert container(app)["resources"] == {
        "requests": {"cpu": "100m", "memory": "256Mi"},
        "limits": {"cpu": "500m", "memory": "512Mi"},
    }


def test_liveness_and_readiness_are_the_references(app: Recording) -> None:
    assert container(app)["livenessProbe"] == {
        "httpGet": {"path": "/health", "port": "http"},
        "initialDelaySeconds": 10,
        "periodSeconds": 10,
        "failureThreshold": 3,
        "timeoutSeconds": 2,
    }
    assert container(app)["readinessProbe"] == {
        "httpGet": {"path": "/ready", "port": "http"},
        "initialDelaySeconds": 5,
        "periodSeconds": 5,
        "failureThreshold": 3,
        "timeoutSeconds": 2,
    }


def test_a_leaving_pod_serves_ten_seconds_on_and_has_thirty_more_to_finish(app: Recording) -> None:
    assert container(app)["lifecycle"] == {"preStop": {"sleep": {"seconds": 10}}}
    assert pod(app)["terminationGracePeriodSeconds"] == 40


def test_the_process_reads_its_settings_from_secret_and_config_map(app: Recording) -> None:
    assert container(app)["env"] == [
        {"name": "DATABASE_URL", "valueFrom": {"secretKeyRef": {"name": "app-secrets", "key": "database-url"}}},
        {"name": "REDIS_URL", "valueFrom": {"configMapKeyRef": {"name": "app-config", "key": "redis-url"}}},
        {"name": "REDIS_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "app-secrets", "key": "redis-password"}}},
    ]


def test_a_cache_without_authentication_has_no_password() -> None:
    recording = build(lambda: {"redis_password": None})
    assert [variable["name"] for variable in container(recording)["env"]] == ["DATABASE_URL", "REDIS_URL"]
    assert set(recording["app-secrets"].inputs["stringData"]) == {"database-url"}


def test_passwords_travel_as_secrets_and_stand_nowhere_else() -> None:
    recording = build(
        lambda: {"database_url": DATABASE_URL, "redis_password": pulumi.Output.from_input(REDIS_PASSWORD)}
    )
    assert any(path.startswith("stringData") for path in recording["app-secrets"].secrets)
    others = [repr(resource.inputs) for resource in recording.resources if resource.name != "app-secrets"]
    assert not any("correct-horse" in text or "battery-staple" in text for text in others)


def test_a_redis_url_with_a_password_fails_once_it_is_known() -> None:
    with pytest.raises(Exception, match="redis_url has credentials in it") as raised:
        build(lambda: {"redis_url": pulumi.Output.from_input("rediss://:token@cache.example.com:6379")})
    assert "token@" not in str(raised.value)


def test_changed_settings_start_the_pods_anew(app: Recording) -> None:
    changed = marks(build(lambda: {"redis_url": "rediss://other.example.com:6379/0"}))
    assert changed["platform/config-checksum"] != marks(app)["platform/config-checksum"]
    assert changed["platform/secrets-fingerprint"] == marks(app)["platform/secrets-fingerprint"]


def test_a_changed_password_starts_the_pods_anew(app: Recording) -> None:
    changed = marks(build(lambda: {"redis_password": "another"}))
    assert changed["platform/secrets-fingerprint"] != marks(app)["platform/secrets-fingerprint"]
    assert changed["platform/config-checksum"] == marks(app)["platform/config-checksum"]


def test_unchanged_settings_leave_the_pods_alone(app: Recording) -> None:
    assert marks(build()) == marks(app)


def test_the_deployment_can_be_read_in_a_preview(app: Recording) -> None:
    assert app["app-deployment"].secrets == frozenset()


def test_pods_get_no_token_for_the_api_unless_asked(app: Recording) -> None:
    assert app["app-service-account"].inputs["automountServiceAccountToken"] is False
    assert pod(app)["automountServiceAccountToken"] is False
    asked = build(lambda: {"automount_token": True})
    assert asked["app-service-account"].inputs["automountServiceAccountToken"] is True
    assert pod(asked)["automountServiceAccountToken"] is True


def test_the_service_leads_from_80_to_the_containers_port(app: Recording) -> None:
    assert app["app-service"].inputs["spec"] == {
        "type": "ClusterIP",
        "selector": {"app.kubernetes.io/name": "app"},
        "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
    }


def test_the_autoscaler_grows_at_once_and_shrinks_slowly(app: Recording) -> None:
    assert app["app-autoscaler"].inputs["spec"] == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app"},
        "minReplicas": 3,
        "maxReplicas": 10,
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": use}},
            }
            for name, use in (("cpu", 70), ("memory", 80))
        ],
        "behavior": {
            "scaleUp": {
                "stabilizationWindowSeconds": 0,
                "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
            },
            "scaleDown": {
                "stabilizationWindowSeconds": 300,
                "policies": [{"type": "Percent", "value": 10, "periodSeconds": 60}],
            },
        },
    }


def test_the_first_replicas_are_the_autoscalers_minimum() -> None:
    recording = build(lambda: {"autoscaling": AutoscalingArgs(min_replicas=2, max_replicas=4)})
    assert deployment(recording)["replicas"] == 2
    assert recording["app-autoscaler"].inputs["spec"]["minReplicas"] == 2


def test_a_drain_takes_one_pod_at_a_time_and_is_not_blocked_by_a_broken_one(app: Recording) -> None:
    assert app["app-disruption-budget"].inputs["spec"] == {
        "selector": {"matchLabels": {"app.kubernetes.io/name": "app"}},
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }


def test_users_reach_it_over_https_with_a_managed_certificate(app: Recording) -> None:
    ingress = app["app-ingress"].inputs
    assert ingress["metadata"]["annotations"] == {
        "nginx.ingress.kubernetes.io/ssl-redirect": "true",
        "cert-manager.io/cluster-issuer": "letsencrypt-prod",
    }
    assert ingress["spec"] == {
        "ingressClassName": "nginx",
        "tls": [{"hosts": ["app.example.com"], "secretName": "app-tls"}],
        "rules": [
            {
                "host": "app.example.com",
                "http": {
                    "paths": [
                        {
                            "path": "/",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "app", "port": {"number": 80}}},
                        }
                    ]
                },
            }
        ],
    }
    assert app.outputs_of("app")["url"] == "https://app.example.com/"


def test_nobody_reaches_the_namespace_by_default(app: Recording) -> None:
    assert app["app-deny-ingress"].inputs["spec"] == {"podSelector": {}, "policyTypes": ["Ingress"]}


@pytest.mark.parametrize(
    ("policy", "labels", "port"),
    [
        ("app-allow-ingress-controller", {"app.kubernetes.io/name": "app"}, 8080),
        ("app-allow-acme-challenge", {"acme.cert-manager.io/http01-solver": "true"}, 8089),
    ],
)
def test_the_ingress_controller_reaches_pods_and_challenges(
    app: Recording, policy: str, labels: dict[str, str], port: int
) -> None:
    assert app[policy].inputs["spec"] == {
        "podSelector": {"matchLabels": labels},
        "policyTypes": ["Ingress"],
        "ingress": [
            {
                "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}],
                "ports": [{"port": port, "protocol": "TCP"}],
            }
        ],
    }


def test_everything_carries_the_recommended_labels(app: Recording) -> None:
    for resource in app.resources:
        if resource.custom:
            labels = resource.inputs["metadata"]["labels"]
            assert labels["app.kubernetes.io/name"] == "app"
            assert labels["app.kubernetes.io/part-of"] == "platform"


def test_two_applications_live_side_by_side() -> None:
    def program() -> None:
        WebApplication("shop", example_args(application="shop", namespace="shop", host="shop.example.com"))
        WebApplication("blog", example_args(application="blog", namespace="blog", host="blog.example.com"))

    recording = record(program)
    assert recording["shop-deployment"].inputs["metadata"]["namespace"] == "shop"
    assert recording["blog-deployment"].inputs["metadata"]["namespace"] == "blog"


def test_pod_identity_can_find_the_service_account(app: Recording) -> None:
    outputs = app.outputs_of("app")
    assert (outputs["namespace"], outputs["service_account"], outputs["deployment"]) == ("application", "app", "app")
