"""Who may use the cluster, beside who created it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import pulumi
import pulumi_aws as aws

from components.identity import ServiceRole, ServiceRoleArgs, trust


class AccessPolicy(StrEnum):
    """What EKS lets an identity do in the cluster."""

    CLUSTER_ADMIN = "ClusterAdmin"
    """Everything."""
    ADMIN_VIEW = "AdminView"
    """Read everything, secrets included."""
    ADMIN = "Admin"
    """Everything in the namespaces, except quotas and the namespaces themselves."""
    EDIT = "Edit"
    """Change what is in the namespaces, except roles."""
    VIEW = "View"
    """Read what is in the namespaces, except secrets."""

    def arn(self, partition: pulumi.Input[str]) -> pulumi.Output[str]:
        return pulumi.Output.concat("arn:", partition, f":eks::aws:cluster-access-policy/AmazonEKS{self.value}Policy")


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessGrant:
    """One policy, for the whole cluster or for some namespaces of it."""

    policy: AccessPolicy
    namespaces: Sequence[str] = ()
    """Namespaces that the policy counts in; empty: the whole cluster."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessEntry:
    """An IAM identity and what it may do in the cluster."""

    grants: Sequence[AccessGrant]
    principal_arn: pulumi.Input[str] | None = None
    """An IAM role or user that exists. None makes a role that those identities of the account may take to which IAM
    gives the right to take it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterAccessArgs:
    """Inputs of a ClusterAccess."""

    cluster_name: pulumi.Input[str]
    entry: AccessEntry


class ClusterAccess(pulumi.ComponentResource):
    """An EKS access entry with its policies, and the role behind it where the entry names none."""

    principal_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ClusterAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:cluster:ClusterAccess", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        lookup = pulumi.InvokeOutputOptions(parent=self)
        partition = aws.get_partition_output(opts=lookup).partition
        if args.entry.principal_arn is None:
            account = aws.get_caller_identity_output(opts=lookup).account_id
            root = pulumi.Output.concat("arn:", partition, ":iam::", account, ":root")
            principal = ServiceRole(
                f"{name}-people",
                ServiceRoleArgs(description=f"Kubernetes access: {name}", trust=trust({"AWS": root})),
                child,
            ).role_arn
        else:
            principal = pulumi.Output.from_input(args.entry.principal_arn)
        access = aws.eks.AccessEntry(
            f"{name}-entry", cluster_name=args.cluster_name, principal_arn=principal, type="STANDARD", opts=child
        )
        for grant in args.entry.grants:
            namespaces = list(grant.namespaces)
            aws.eks.AccessPolicyAssociation(
                f"{name}-{grant.policy.value}",
                cluster_name=args.cluster_name,
                principal_arn=access.principal_arn,
                policy_arn=grant.policy.arn(partition),
                access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(type="namespace", namespaces=namespaces)
                if namespaces
                else aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
                # The principal's ARN is known beforehand, so data flow does not say that the entry comes first.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[access]),
            )
        self.principal_arn = principal
        self.register_outputs({"principal_arn": self.principal_arn})
