"""AWS rights for the pods of one service account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.identity.documents import Document, pod_trust
from components.identity.service_role import ServiceRole, ServiceRoleArgs


@dataclass(frozen=True, kw_only=True, slots=True)
class PodIdentityArgs:
    """Inputs of a PodIdentity."""

    cluster_name: pulumi.Input[str]
    namespace: str
    service_account: str
    managed_policies: Sequence[str] = ()
    """Names of AWS managed policies, with the path below ``policy/``."""
    policies: Mapping[str, Document] = field(default_factory=dict[str, Document])
    """Policies of the role's own: name to document."""


class PodIdentity(pulumi.ComponentResource):
    """A role that the pods of one service account take through EKS Pod Identity.

    Credentials are handed to a pod when it is created, so what makes the pods must depend on this component.
    It does not make the service account.
    """

    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: PodIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:identity:PodIdentity", name, None, opts)
        role = ServiceRole(
            f"{name}-pods",
            ServiceRoleArgs(
                description=f"Pods of service account {args.namespace}/{args.service_account}",
                trust=pod_trust(),
                managed_policies=args.managed_policies,
                policies=args.policies,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        aws.eks.PodIdentityAssociation(
            f"{name}-association",
            cluster_name=args.cluster_name,
            namespace=args.namespace,
            service_account=args.service_account,
            role_arn=role.role_arn,
            # Without its policies the role would hand out credentials that may do nothing.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role]),
        )
        self.role_arn = role.role_arn
        self.register_outputs({"role_arn": self.role_arn})
