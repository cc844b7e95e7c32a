"""The EKS control plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.bounds import check_retention_days
from components.cluster.access import AccessEntry, ClusterAccess, ClusterAccessArgs
from components.cluster.endpoint import check_public_access
from components.cluster.kubeconfig import kubeconfig
from components.cluster.versions import check_version
from components.identity import ServiceRole, ServiceRoleArgs, allow, policy_document, trust
from components.removal import RemovalPolicy

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterArgs:
    """Inputs of a Cluster. Raises ValueError for an unsupported version, an open endpoint or an unknown retention."""

    cluster_name: str
    """Physical name, unique in the account and region: the log group's name must be known before the cluster is."""
    version: str
    """Kubernetes version, such as ``1.35``."""
    subnet_ids: Sequence[pulumi.Input[str]]
    """Private subnets in at least two zones; the control plane's network interfaces are put there."""
    secrets_key_arn: pulumi.Input[str]
    """Key that encrypts Kubernetes secrets."""
    log_key_arn: pulumi.Input[str]
    """Key that CloudWatch Logs may use; it encrypts the control plane's logs."""
    log_retention_days: int = 90
    public_access_cidrs: Sequence[str] = ()
    """Networks that reach the endpoint over the internet; empty: the endpoint is private only."""
    access_entries: Mapping[str, AccessEntry] = field(default_factory=dict[str, AccessEntry])
    """Name to identity, beside the one that creates the cluster and administers it."""
    removal_policy: RemovalPolicy = RemovalPolicy.RETAIN
    """Retain: neither the engine nor EKS deletes the cluster. Its logs stay even when it is gone."""

    def __post_init__(self) -> None:
        check_version(self.version)
        check_retention_days("log_retention_days", self.log_retention_days)
        for cidr in self.public_access_cidrs:
            check_public_access(cidr)


class Cluster(pulumi.ComponentResource):
    """An EKS cluster without nodes and add-ons.

    The endpoint is always private, and public only for named networks. Identities get in through access entries alone.
    Secrets are encrypted with the given key, and all five kinds of control-plane logs are kept.
    """

    cluster_name: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    """The group that EKS gives the control plane and all managed nodes."""
    kubeconfig: pulumi.Output[str]
    """JSON, secret. It holds no credentials; it calls ``aws eks get-token``."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:cluster:Cluster", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = ServiceRole(
            f"{name}-control-plane",
            ServiceRoleArgs(
                description="The EKS control plane",
                trust=trust({"Service": "eks.amazonaws.com"}, actions=("sts:AssumeRole", "sts:TagSession")),
                managed_policies=("AmazonEKSClusterPolicy",),
                policies={
                    "secrets": policy_document(
                        allow(
                            ["kms:Encrypt", "kms:Decrypt", "kms:ListGrants", "kms:DescribeKey"], [args.secrets_key_arn]
                        )
                    )
                },
            ),
            child,
        )
        # EKS would make this log group by itself: unencrypted, and kept for ever.
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/aws/eks/{args.cluster_name}/cluster",
            retention_in_days=args.log_retention_days,
            kms_key_id=args.log_key_arn,
            opts=args.removal_policy.data(self),
        )
        cluster = aws.eks.Cluster(
            f"{name}-cluster",
            name=args.cluster_name,
            version=args.version,
            role_arn=role.role_arn,
            # Add-ons are managed ones, in an order of our own.
            bootstrap_self_managed_addons=False,
            access_config=aws.eks.ClusterAccessConfigArgs(
                authentication_mode="API", bootstrap_cluster_creator_admin_permissions=True
            ),
            deletion_protection=args.removal_policy.retains,
            enabled_cluster_log_types=list(LOG_TYPES),
            encryption_config=aws.eks.ClusterEncryptionConfigArgs(
                provider=aws.eks.ClusterEncryptionConfigProviderArgs(key_arn=args.secrets_key_arn),
                resources=["secrets"],
            ),
            # Extended support costs six times as much; EKS upgrades instead when standard support ends.
            upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(support_type="STANDARD"),
            vpc_config=aws.eks.ClusterVpcConfigArgs(
                subnet_ids=list(args.subnet_ids),
                endpoint_private_access=True,
                endpoint_public_access=bool(args.public_access_cidrs),
                public_access_cidrs=list(args.public_access_cidrs) or None,
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.removal_policy.retains,
                # The name is fixed, so a successor can't exist beside it.
                delete_before_replace=True,
                depends_on=[role, logs],
            ),
        )
        for entry_name, entry in args.access_entries.items():
            ClusterAccess(f"{name}-{entry_name}", ClusterAccessArgs(cluster_name=cluster.name, entry=entry), child)

        self.cluster_name = cluster.name
        self.endpoint = cluster.endpoint
        self.security_group_id = cluster.vpc_config.cluster_security_group_id
        self.kubeconfig = pulumi.Output.secret(
            pulumi.Output.json_dumps(
                kubeconfig(
                    cluster_name=cluster.name,
                    endpoint=cluster.endpoint,
                    certificate_authority=cluster.certificate_authority.data,
                    region=aws.get_region_output(opts=pulumi.InvokeOutputOptions(parent=self)).region,
                )
            )
        )
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "endpoint": self.endpoint,
                "security_group_id": self.security_group_id,
                "kubeconfig": self.kubeconfig,
            }
        )
