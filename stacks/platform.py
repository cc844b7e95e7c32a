"""The platform: its parts, and what each gets from the others."""

from __future__ import annotations

import pulumi

from components.cluster import Cluster
from stacks.compute import build_cluster, build_nodes
from stacks.ground import build_ground
from stacks.providers import kubernetes_provider
from stacks.services import Services, build_services
from stacks.settings import Settings
from stacks.workloads import build_workloads


def build_platform(settings: Settings, *, project: str, stack: str) -> dict[str, pulumi.Input[object]]:
    """Build what the settings name. Returns the stack's outputs."""
    ground = build_ground(settings, project, stack)
    if settings.cluster is None:
        return _outputs(None, build_services(ground, None))
    cluster = build_cluster(ground, settings.cluster)
    nodes = build_nodes(ground, settings.cluster, cluster, settings.node_groups or {})
    services = build_services(ground, cluster)
    provider = kubernetes_provider(cluster, after=[cluster, *nodes])
    workloads = build_workloads(settings, services, pulumi.ResourceOptions(providers=[provider]))
    return {**_outputs(cluster, services), **workloads}


def _outputs(cluster: Cluster | None, services: Services) -> dict[str, pulumi.Input[object]]:
    outputs: dict[str, pulumi.Input[object]] = {}
    if cluster is not None:
        outputs["clusterName"] = cluster.cluster_name
        outputs["clusterEndpoint"] = cluster.endpoint
        outputs["kubeconfig"] = cluster.kubeconfig
        outputs["accessRoleArns"] = cluster.access_role_arns
    if services.registry is not None:
        outputs["registryUrls"] = services.registry.repository_urls
    if services.database is not None:
        outputs["databaseWriter"] = services.database.writer_address
        outputs["databaseReaders"] = services.database.reader_addresses
        outputs["databaseSecretArn"] = services.database.secret_arn
    if services.cache is not None:
        outputs["redisEndpoint"] = services.cache.primary_address
        outputs["redisSecretArn"] = services.cache.secret_arn
    return outputs
