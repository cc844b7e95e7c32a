"""The cluster, its nodes and its add-ons."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.cluster import (
    AFTER_NODES,
    BEFORE_NODES,
    CERT_MANAGER,
    AddonSet,
    AddonSetArgs,
    Cluster,
    ClusterArgs,
)
from components.encryption import EncryptionKey, EncryptionKeyArgs
from components.nodes import LiveGroups, NodeGroup, NodeGroupArgs, NodeRole, Taint
from stacks.ground import Ground
from stacks.settings.foundation import ClusterSettings, NodeGroupSettings


def build_cluster(ground: Ground, settings: ClusterSettings) -> Cluster:
    key = EncryptionKey(
        "cluster-secrets",
        EncryptionKeyArgs(
            alias=f"{ground.name}-cluster-secrets",
            description=f"Kubernetes secrets of {ground.name}",
            removal_policy=ground.settings.removal_policy,
        ),
        ground.opts,
    )
    return Cluster(
        "cluster",
        ClusterArgs(
            cluster_name=ground.name,
            version=settings.version,
            subnet_ids=ground.network.private_subnet_ids,
            secrets_key_arn=key.key_arn,
            log_key_arn=ground.log_key_arn,
            log_retention_days=settings.log_retention_days,
            public_access_cidrs=settings.public_access_cidrs,
            private_access_cidrs=settings.private_access_cidrs,
            service_cidr=settings.service_cidr,
            access_role_arn=settings.access_role_arn,
            access_entries={name: entry.args() for name, entry in settings.access_entries.items()},
            removal_policy=ground.settings.removal_policy,
        ),
        ground.opts,
    )


def build_nodes(
    ground: Ground, settings: ClusterSettings, cluster: Cluster, groups: Mapping[str, NodeGroupSettings]
) -> list[pulumi.Resource]:
    """Node groups and add-ons, in the order that makes nodes ready and then gives the add-ons nodes to run on."""
    before = AddonSet(
        "addons-before-nodes",
        AddonSetArgs(
            cluster_name=cluster.cluster_name,
            kubernetes_version=settings.version,
            addons=BEFORE_NODES,
            versions=settings.addon_versions,
        ),
        ground.opts,
    )
    if not groups:
        return [before]
    role = NodeRole("nodes", ground.opts)
    live = LiveGroups.of(ground.name, pulumi.InvokeOptions(parent=cluster))
    nodes: list[pulumi.Resource] = [
        NodeGroup(
            f"nodes-{name}",
            NodeGroupArgs(
                cluster_name=cluster.cluster_name,
                kubernetes_version=settings.version,
                role_arn=role.role_arn,
                subnet_ids=ground.network.private_subnet_ids,
                instance_types=group.instance_types,
                min_size=group.min_size,
                desired_size=group.desired_size,
                max_size=group.max_size,
                live=live,
                capacity_type=group.capacity_type,
                disk_gib=group.disk_gib,
                labels=group.labels,
                taints=[Taint.parse(taint) for taint in group.taints],
                release_version=group.release_version,
                tags=ground.tags,
            ),
            # Without network plugin and rights no node becomes ready, and without routes none reaches the cluster.
            pulumi.ResourceOptions.merge(
                ground.opts, pulumi.ResourceOptions(depends_on=[before, role, ground.network])
            ),
        )
        for name, group in groups.items()
    ]
    after = AddonSet(
        "addons-on-nodes",
        AddonSetArgs(
            cluster_name=cluster.cluster_name,
            kubernetes_version=settings.version,
            addons=[*AFTER_NODES, *([CERT_MANAGER] if ground.settings.certificates else [])],
            versions=settings.addon_versions,
        ),
        pulumi.ResourceOptions.merge(ground.opts, pulumi.ResourceOptions(depends_on=nodes)),
    )
    return [before, *nodes, after]
