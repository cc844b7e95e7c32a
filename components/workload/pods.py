"""The pod template of a web application: pure functions from Args to typed manifests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pulumi

from components.workload.args import ContainerResources, HttpProbe, WebApplicationArgs

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import (
        AffinityArgsDict,
        ContainerArgsDict,
        EnvVarArgsDict,
        PodSpecArgsDict,
        ProbeArgsDict,
        ResourceRequirementsArgsDict,
        TopologySpreadConstraintArgsDict,
    )

HTTP_PORT = 8080
"""Port the container listens on."""
HTTP_PORT_NAME = "http"
DATABASE_URL_KEY = "database-url"
REDIS_URL_KEY = "redis-url"
REDIS_PASSWORD_KEY = "redis-password"


def pod_spec(
    args: WebApplicationArgs,
    *,
    selector: Mapping[str, str],
    service_account: pulumi.Input[str],
    config_map: pulumi.Input[str],
    secret: pulumi.Input[str],
) -> PodSpecArgsDict:
    """Pods that Pod Security ``restricted`` admits, apart from each other, and leaving without dropping requests."""
    return {
        "service_account_name": service_account,
        "automount_service_account_token": args.automount_token,
        # Environment variables for every Service of the namespace: nobody reads them, and they can shadow settings.
        "enable_service_links": False,
        "termination_grace_period_seconds": args.pre_stop_seconds + args.shutdown_seconds,
        "security_context": {
            "run_as_non_root": True,
            "run_as_user": args.run_as_user,
            "run_as_group": args.run_as_user,
            "seccomp_profile": {"type": "RuntimeDefault"},
        },
        "affinity": _apart_by_node(selector),
        "topology_spread_constraints": [_over_zones(args, selector)],
        "containers": [_container(args, config_map=config_map, secret=secret)],
        "volumes": [{"name": "tmp", "empty_dir": {}}],
    }


def _container(
    args: WebApplicationArgs, *, config_map: pulumi.Input[str], secret: pulumi.Input[str]
) -> ContainerArgsDict:
    environment: list[EnvVarArgsDict] = [
        {"name": "DATABASE_URL", "value_from": {"secret_key_ref": {"name": secret, "key": DATABASE_URL_KEY}}},
        {"name": "REDIS_URL", "value_from": {"config_map_key_ref": {"name": config_map, "key": REDIS_URL_KEY}}},
    ]
    if args.redis_password is not None:
        environment.append(
            {"name": "REDIS_PASSWORD", "value_from": {"secret_key_ref": {"name": secret, "key": REDIS_PASSWORD_KEY}}}
        )
    return {
        "name": args.application,
        "image": args.image,
        "ports": [{"name": HTTP_PORT_NAME, "container_port": HTTP_PORT, "protocol": "TCP"}],
        "env": environment,
        "resources": _resources(args.resources),
        "liveness_probe": _probe(args.liveness),
        "readiness_probe": _probe(args.readiness),
        # The kubelet's own sleep: an image without a shell has no `sleep` to run.
        "lifecycle": {"pre_stop": {"sleep": {"seconds": args.pre_stop_seconds}}},
        "security_context": {
            "allow_privilege_escalation": False,
            "read_only_root_filesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volume_mounts": [{"name": "tmp", "mount_path": "/tmp"}],
    }


def _resources(resources: ContainerResources) -> ResourceRequirementsArgsDict:
    return {
        "requests": {"cpu": resources.cpu_request, "memory": resources.memory_request},
        "limits": {"cpu": resources.cpu_limit, "memory": resources.memory_limit},
    }


def _probe(probe: HttpProbe) -> ProbeArgsDict:
    return {
        "http_get": {"path": probe.path, "port": HTTP_PORT_NAME},
        "initial_delay_seconds": probe.initial_delay_seconds,
        "period_seconds": probe.period_seconds,
        "failure_threshold": probe.failure_threshold,
        "timeout_seconds": probe.timeout_seconds,
    }


def _apart_by_node(selector: Mapping[str, str]) -> AffinityArgsDict:
    """Preferred, not required: with fewer nodes than replicas they must still all run."""
    return {
        "pod_anti_affinity": {
            "preferred_during_scheduling_ignored_during_execution": [
                {
                    "weight": 100,
                    "pod_affinity_term": {
                        "topology_key": "kubernetes.io/hostname",
                        "label_selector": {"match_labels": selector},
                    },
                }
            ]
        }
    }


def _over_zones(args: WebApplicationArgs, selector: Mapping[str, str]) -> TopologySpreadConstraintArgsDict:
    return {
        "max_skew": 1,
        "topology_key": "topology.kubernetes.io/zone",
        "when_unsatisfiable": args.zone_spread.value,
        "label_selector": {"match_labels": selector},
        # Each revision is spread for itself, so that the old one does not decide where the new one runs.
        "match_label_keys": ["pod-template-hash"],
        # A zone whose nodes are all gone or cordoned carries taints: it must not hold back the other zones.
        "node_taints_policy": "Honor",
    }
