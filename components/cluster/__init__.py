"""The Kubernetes control plane: EKS, who may use it, and its add-ons."""

from components.cluster.access import AccessEntry, AccessGrant, AccessPolicy
from components.cluster.addons import (
    ADDON_VERSION,
    AFTER_NODES,
    BEFORE_NODES,
    CERT_MANAGER,
    AddonSet,
    AddonSetArgs,
    AddonSpec,
    check_addon_name,
    check_addon_version,
    check_addon_versions,
)
from components.cluster.cluster import Cluster, ClusterArgs
from components.cluster.endpoint import (
    MOST_PUBLIC_NETWORKS,
    PRIVATE_NETWORK,
    PUBLIC_NETWORK,
    check_private_access,
    check_public_access,
    check_public_networks,
)
from components.cluster.kubeconfig import kubeconfig
from components.cluster.versions import VERSIONS, check_release_version, check_step, check_version, is_outgrown

__all__ = [
    "ADDON_VERSION",
    "AFTER_NODES",
    "BEFORE_NODES",
    "CERT_MANAGER",
    "MOST_PUBLIC_NETWORKS",
    "PRIVATE_NETWORK",
    "PUBLIC_NETWORK",
    "VERSIONS",
    "AccessEntry",
    "AccessGrant",
    "AccessPolicy",
    "AddonSet",
    "AddonSetArgs",
    "AddonSpec",
    "Cluster",
    "ClusterArgs",
    "check_addon_name",
    "check_addon_version",
    "check_addon_versions",
    "check_private_access",
    "check_public_access",
    "check_public_networks",
    "check_release_version",
    "check_step",
    "check_version",
    "is_outgrown",
    "kubeconfig",
]
