"""A role for an AWS service or an instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.identity.documents import Document


def managed_policy_arn(partition: pulumi.Input[str], policy: str) -> pulumi.Output[str]:
    """The ARN of a policy that AWS manages, such as ``AmazonEKSWorkerNodePolicy``."""
    return pulumi.Output.concat("arn:", partition, ":iam::aws:policy/", policy)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceRoleArgs:
    """Inputs of a ServiceRole."""

    description: str
    trust: Document
    """Who may take the role."""
    managed_policies: Sequence[str] = ()
    """Names of AWS managed policies, with the path below ``policy/``."""
    policies: Mapping[str, Document] = field(default_factory=dict[str, Document])
    """Policies of the role's own: name to document."""


class ServiceRole(pulumi.ComponentResource):
    """An IAM role with its policies. Whoever needs the rights in force depends on the whole component."""

    role_arn: pulumi.Output[str]
    role_name: pulumi.Output[str]

    def __init__(self, name: str, args: ServiceRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:identity:ServiceRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        partition = aws.get_partition_output(opts=pulumi.InvokeOutputOptions(parent=self)).partition
        role = aws.iam.Role(
            f"{name}-role",
            description=args.description,
            assume_role_policy=pulumi.Output.json_dumps(args.trust),
            opts=child,
        )
        for policy in args.managed_policies:
            aws.iam.RolePolicyAttachment(
                f"{name}-{policy.rpartition('/')[2]}",
                role=role.name,
                policy_arn=managed_policy_arn(partition, policy),
                opts=child,
            )
        for policy, document in args.policies.items():
            aws.iam.RolePolicy(
                f"{name}-{policy}", role=role.name, policy=pulumi.Output.json_dumps(document), opts=child
            )
        self.role_arn = role.arn
        self.role_name = role.name
        self.register_outputs({"role_arn": self.role_arn, "role_name": self.role_name})
