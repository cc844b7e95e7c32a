"""Who may use the cluster, beside who created it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import pulumi
import pulumi_aws as aws

from components.identity import Document, ServiceRole, ServiceRoleArgs, trust
from components.refusals import Refusal


class AccessPolicy(StrEnum):
    """What EKS lets an identity do in the cluster."""

    CLUSTER_ADMIN = "ClusterAdmin"
    """Everything."""
    ADMIN_VIEW = "AdminView"
    """Read everything, secrets included."""
    ADMIN = "Admin"
    """Everything in the namespaces, except quotas and the namespaces themselves."""
    EDIT = "Edit"
    """Change what is in the namespaces, except roles. That includes reading their secrets."""
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
    """An IAM identity and what it may do in the cluster.

    Raises Refusal when it names an existing identity and those who may take a new one.
    """

    grants: Sequence[AccessGrant]
    principal_arn: pulumi.Input[str] | None = None
    """An IAM role or user that exists. None makes a role."""
    trusted_principals: Sequence[str] = ()
    """ARNs of the roles and users that may take the role that is made. Empty: those identities of the account to which
    IAM gives the right, once they have signed in with a second factor (ADR 16)."""

    def __post_init__(self) -> None:
        if self.principal_arn is not None and self.trusted_principals:
            raise Refusal(
                "principalArn names an identity that exists, and trustedPrincipals who may take a role that is made",
                allowed="one of the two",
                fix="leave one of them out",
            )


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
            principal = ServiceRole(
                f"{name}-people",
                ServiceRoleArgs(
                    description=f"Kubernetes access: {name}",
                    trust=_people(args.entry, pulumi.Output.concat("arn:", partition, ":iam::", account, ":root")),
                ),
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


def _people(entry: AccessEntry, account: pulumi.Output[str]) -> Document:
    """Who may take the role that is made for ``entry``."""
    if entry.trusted_principals:
        return trust({"AWS": list(entry.trusted_principals)})
    # The account's root stands for all of its identities. Without the condition a leaked access key, with rights on
    # every role, would be an administrator's.
    return trust({"AWS": account}, condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
