"""The EKS control plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.bounds import check_retention_days
from components.cluster.access import AccessEntry, ClusterAccess, ClusterAccessArgs
from components.cluster.endpoint import check_private_access, check_public_access, check_public_networks
from components.cluster.kubeconfig import kubeconfig
from components.cluster.versions import check_version
from components.identity import ServiceRole, ServiceRoleArgs, allow, policy_document, trust
from components.network import SERVICE_RANGE, check_apart, check_service_range
from components.removal import RemovalPolicy

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterArgs:
    """Inputs of a Cluster. Raises Refusal for an unsupported version, an open endpoint or an unknown retention."""

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
    private_access_cidrs: Sequence[str] = ()
    """Networks that reach the private endpoint: joined to the VPC, or subnets of it. Empty: only the nodes do."""
    service_cidr: str = SERVICE_RANGE
    """Addresses of Services: a private network from /12 to /24, apart from the VPC. Another replaces the cluster."""
    access_role_arn: str | None = None
    """IAM role that the kubeconfig takes to ask for tokens; None: the caller's own identity asks."""
    access_entries: Mapping[str, AccessEntry] = field(default_factory=dict[str, AccessEntry])
    """Name to identity, beside the one that creates the cluster and administers it."""
    removal_policy: RemovalPolicy = RemovalPolicy.RETAIN
    """Retain: neither the engine nor EKS deletes the cluster. Its logs stay even when it is gone."""

    def __post_init__(self) -> None:
        check_version(self.version)
        check_retention_days("log_retention_days", self.log_retention_days)
        for cidr in self.public_access_cidrs:
            check_public_access(cidr)
        for cidr in self.private_access_cidrs:
            check_private_access(cidr)
        check_public_networks(self.public_access_cidrs)
        check_apart(self.public_access_cidrs)
        check_apart(self.private_access_cidrs)
        check_service_range(self.service_cidr)


class Cluster(pulumi.ComponentResource):
    """An EKS cluster without nodes and add-ons.

    The endpoint is always private, where named networks reach it beside the nodes, and public only for named networks.
    Identities get in through access entries alone: those given, and whoever creates the cluster.
    Secrets are encrypted with the given key, and all five kinds of control-plane logs are kept.
    """

    cluster_name: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    identifier: pulumi.Output[str]
    """Of this very cluster: a successor of the same name has another one. It survives all changes in place."""
    access_role_arns: pulumi.Output[Mapping[str, str]]
    """Access entry to the role that was made for it."""
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
        # EKS would make this log group by itself: unencrypted, and kept for ever. It does when the control plane's last
        # lines arrive after a destroy, and the next up then finds the name taken (docs/aws.md, "Tear-down").
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
            kubernetes_network_config=aws.eks.ClusterKubernetesNetworkConfigArgs(service_ipv4_cidr=args.service_cidr),
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
        security_group_id = cluster.vpc_config.cluster_security_group_id
        for cidr in args.private_access_cidrs:
            # EKS's own group lets nobody but itself in.
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-from-{cidr.replace('/', '-')}",
                security_group_id=security_group_id,
                cidr_ipv4=cidr,
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                description=f"Kubernetes API from {cidr}",
                opts=child,
            )
        access = {
            entry_name: ClusterAccess(
                f"{name}-{entry_name}", ClusterAccessArgs(cluster_name=cluster.name, entry=entry), child
            )
            for entry_name, entry in args.access_entries.items()
        }

        self.cluster_name = cluster.name
        self.endpoint = cluster.endpoint
        self.identifier = cluster.identities.apply(_issuer)
        self.security_group_id = security_group_id
        self.access_role_arns = pulumi.Output.all(
            **{
                entry_name: access[entry_name].principal_arn
                for entry_name, entry in args.access_entries.items()
                if entry.principal_arn is None
            }
        )
        self.kubeconfig = pulumi.Output.secret(
            pulumi.Output.json_dumps(
                kubeconfig(
                    cluster_name=cluster.name,
                    endpoint=cluster.endpoint,
                    certificate_authority=cluster.certificate_authority.data,
                    region=aws.get_region_output(opts=pulumi.InvokeOutputOptions(parent=self)).region,
                    role_arn=args.access_role_arn,
                )
            )
        )
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "endpoint": self.endpoint,
                "identifier": self.identifier,
                "access_role_arns": self.access_role_arns,
                "security_group_id": self.security_group_id,
                "kubeconfig": self.kubeconfig,
            }
        )


def _issuer(identities: Sequence[aws.eks.outputs.ClusterIdentity]) -> str:
    """The OpenID Connect issuer, which EKS gives each cluster for its lifetime.

    Neither name nor ARN tell a cluster from its successor.
    """
    issuers = [oidc.issuer for identity in identities for oidc in identity.oidcs or () if oidc.issuer]
    if not issuers:
        # Not a ValueError: those end a program with a traceback.
        raise pulumi.RunError("the cluster has no OpenID Connect issuer yet; run `pulumi refresh`, then try again")
    return issuers[0]
