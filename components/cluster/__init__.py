"""The Kubernetes control plane: EKS, who may use it, and its add-ons."""

from components.cluster.access import AccessEntry, AccessGrant, AccessPolicy
from components.cluster.addons import (
    AFTER_NODES,
    BEFORE_NODES,
    CERT_MANAGER,
    AddonSet,
    AddonSetArgs,
    AddonSpec,
    check_addon_versions,
)
from components.cluster.cluster import Cluster, ClusterArgs
from components.cluster.endpoint import check_private_access, check_public_access
from components.cluster.kubeconfig import kubeconfig
from components.cluster.versions import VERSIONS, check_version

__all__ = [
    "AFTER_NODES",
    "BEFORE_NODES",
    "CERT_MANAGER",
    "VERSIONS",
    "AccessEntry",
    "AccessGrant",
    "AccessPolicy",
    "AddonSet",
    "AddonSetArgs",
    "AddonSpec",
    "Cluster",
    "ClusterArgs",
    "check_addon_versions",
    "check_private_access",
    "check_public_access",
    "check_version",
    "kubeconfig",
]
