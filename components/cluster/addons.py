"""EKS add-ons: parts of a cluster that AWS packages and updates."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.identity import PodIdentity, PodIdentityArgs
from components.refusals import Refusal, nearest


@dataclass(frozen=True, kw_only=True, slots=True)
class AddonSpec:
    """What is known of an add-on."""

    name: str
    """Its name in EKS."""
    configuration: Mapping[str, object] = field(default_factory=dict[str, object])
    """Values that differ from the add-on's own; EKS checks them against the add-on's schema."""
    service_account: str | None = None
    """Service account in kube-system whose pods need AWS rights."""
    managed_policies: Sequence[str] = ()
    """AWS managed policies for that service account."""


BEFORE_NODES = (
    # First, since the network plugin takes its rights from it.
    AddonSpec(name="eks-pod-identity-agent"),
    AddonSpec(name="kube-proxy"),
    AddonSpec(
        name="vpc-cni",
        configuration={"enableNetworkPolicy": "true"},
        service_account="aws-node",
        managed_policies=("AmazonEKS_CNI_Policy",),
    ),
)
"""What a node needs to become ready: DaemonSets, which EKS calls active while there are no nodes."""

AFTER_NODES = (
    AddonSpec(name="coredns"),
    AddonSpec(
        name="aws-ebs-csi-driver",
        service_account="ebs-csi-controller-sa",
        managed_policies=("service-role/AmazonEBSCSIDriverPolicy",),
    ),
    AddonSpec(name="metrics-server"),
)
"""What runs on nodes: Deployments, which EKS calls degraded while there are none."""

CERT_MANAGER = AddonSpec(name="cert-manager")
"""Runs on nodes too, where certificates are wanted."""

ADDON_VERSION = "a version as EKS writes it, such as v1.13.1-eksbuild.1"
_VERSION = re.compile(r"v\d+\.\d+\.\d+-eksbuild\.\d+")

ADDON_NAMES = tuple(addon.name for addon in (*BEFORE_NODES, *AFTER_NODES, CERT_MANAGER))


def check_addon_versions(versions: Mapping[str, str]) -> None:
    """Raise Refusal when a version is pinned for an add-on that is not installed, or is none of EKS's."""
    for name, version in versions.items():
        check_addon_name(name)
        check_addon_version(version)


def check_addon_name(name: str) -> None:
    """Raise Refusal when this is none of the add-ons."""
    if name not in ADDON_NAMES:
        close = nearest(name, ADDON_NAMES)
        raise Refusal(
            f"{name}: no such add-on",
            allowed=", ".join(ADDON_NAMES),
            fix=f"write {close}" if close else "leave it out",
        )


def check_addon_version(version: str) -> None:
    """Raise Refusal when EKS numbers no version of an add-on so."""
    if _VERSION.fullmatch(version) is None:
        raise Refusal(
            f"{version!r} is no version of an add-on",
            allowed=ADDON_VERSION,
            fix="take one that `aws eks describe-addon-versions` lists",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class AddonSetArgs:
    """Inputs of an AddonSet. Raises Refusal when a version is pinned for an unknown add-on, or is none of EKS's."""

    cluster_name: pulumi.Input[str]
    kubernetes_version: str
    """That of the control plane: add-ons without a pinned version follow it."""
    addons: Sequence[AddonSpec]
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    """Add-on to pinned version; the others get EKS's default for the Kubernetes version (ADR 18)."""

    def __post_init__(self) -> None:
        check_addon_versions(self.versions)


class AddonSet(pulumi.ComponentResource):
    """Add-ons, each with the rights it needs. Whoever makes what they need (nodes) is named in ``depends_on``."""

    def __init__(self, name: str, args: AddonSetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:cluster:AddonSet", name, None, opts)
        for addon in args.addons:
            rights: list[pulumi.Resource] = []
            if addon.service_account is not None:
                rights.append(
                    PodIdentity(
                        f"{name}-{addon.name}",
                        PodIdentityArgs(
                            cluster_name=args.cluster_name,
                            namespace="kube-system",
                            service_account=addon.service_account,
                            managed_policies=addon.managed_policies,
                        ),
                        pulumi.ResourceOptions(parent=self),
                    )
                )
            aws.eks.Addon(
                f"{name}-{addon.name}-addon",
                cluster_name=args.cluster_name,
                addon_name=addon.name,
                addon_version=args.versions.get(addon.name) or _default_version(addon.name, args, self),
                configuration_values=json.dumps(addon.configuration, sort_keys=True) if addon.configuration else None,
                resolve_conflicts_on_create="OVERWRITE",
                resolve_conflicts_on_update="OVERWRITE",
                # Credentials reach a pod only when the association is there before the pod.
                opts=pulumi.ResourceOptions(parent=self, depends_on=rights),
            )
        self.register_outputs({})


def _default_version(addon: str, args: AddonSetArgs, parent: pulumi.Resource) -> pulumi.Output[str]:
    """The version that EKS installs today. Without any, an add-on would stay as it was when it was created."""
    return aws.eks.get_addon_version_output(
        addon_name=addon,
        kubernetes_version=args.kubernetes_version,
        most_recent=False,
        opts=pulumi.InvokeOutputOptions(parent=parent),
    ).version
