"""Who may do what in AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from policies.checks import never
from policies.controls import cis_aws, cis_eks, guide, security_hub
from policies.model import Level, Resource, Rule, Settings
from policies.reading import at, elements, mapping, texts

_ROLE: Final = frozenset({"aws:iam/role:Role"})
_POLICIES: Final = frozenset(
    {
        "aws:iam/groupPolicy:GroupPolicy",
        "aws:iam/policy:Policy",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/userPolicy:UserPolicy",
    }
)
_RESOURCE_POLICIES: Final = frozenset(
    {
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sqs/queuePolicy:QueuePolicy",
    }
)
_ATTACHMENTS: Final = frozenset(
    {
        "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
        "aws:iam/policyAttachment:PolicyAttachment",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    }
)
_TAKING_ROLES: Final = frozenset({"iam:*", "iam:passrole", "sts:*", "sts:assumerole"})
_ADMINISTRATOR: Final = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess")
_OF_USERS: Final = frozenset({"aws:iam/userPolicy:UserPolicy", "aws:iam/userPolicyAttachment:UserPolicyAttachment"})


def statements(document: Any) -> list[dict[str, Any]]:
    """The statements of a policy document that allow something; none of one that is unknown or no JSON."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return []
    found = at(document, "Statement")
    listed = elements(found) or [found]
    return [mapping(one) for one in listed if at(one, "Effect") == "Allow"]


def _everything(resource: Resource, _: Settings) -> Iterator[str]:
    for statement in statements(resource.get("policy")):
        actions = set(texts(statement.get("Action")))
        if {"*", "*:*"} & actions and "*" in texts(statement.get("Resource")):
            yield "policy allows every action on every resource"
        if "NotAction" in statement and "*" in texts(statement.get("Resource")):
            yield "policy allows every action but some (NotAction) on every resource"


def _pass_any_role(resource: Resource, _: Settings) -> Iterator[str]:
    for statement in statements(resource.get("policy")):
        taken = sorted(_TAKING_ROLES & {action.lower() for action in texts(statement.get("Action"))})
        if taken and "*" in texts(statement.get("Resource")) and not statement.get("Condition"):
            yield f"policy allows {', '.join(taken)} on every role"


def _administrators(resource: Resource, _: Settings) -> Iterator[str]:
    arn = resource.get("policyArn")
    if isinstance(arn, str) and arn.endswith(tuple(f"/{name}" for name in _ADMINISTRATOR)):
        yield f"policyArn is {arn}"


def _anybody(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal")
    everyone = principal == "*" or "*" in texts(at(principal, "AWS"))
    return everyone and not statement.get("Condition")


def _trusts_anybody(resource: Resource, _: Settings) -> Iterator[str]:
    if any(_anybody(one) for one in statements(resource.get("assumeRolePolicy"))):
        yield "assumeRolePolicy lets every AWS account take this role"


def _open_resource_policy(resource: Resource, _: Settings) -> Iterator[str]:
    if any(_anybody(one) for one in statements(resource.get("policy"))):
        yield "policy allows everybody"


def _trusts_any_workload(resource: Resource, _: Settings) -> Iterator[str]:
    for statement in statements(resource.get("assumeRolePolicy")):
        if not at(statement, "Principal", "Federated"):
            continue
        subjects = [
            (operator, value)
            for operator, conditions in mapping(statement.get("Condition")).items()
            for key, value in mapping(conditions).items()
            if key.endswith(":sub")
        ]
        if not subjects or any(
            "*" in texts(value) or "system:serviceaccount:*" in texts(value) for _, value in subjects
        ):
            yield "assumeRolePolicy lets any identity of the OIDC provider take this role"


RULES: Final = (
    Rule(
        name="iam-no-full-access",
        types=_POLICIES,
        check=_everything,
        controls=(cis_aws("1.15"), security_hub("IAM.1")),
        reason="Whoever gets hold of it owns the account.",
        fix="name the actions and resources that are needed.",
    ),
    Rule(
        name="iam-no-administrators",
        types=_ATTACHMENTS,
        check=_administrators,
        controls=(cis_aws("1.15"), security_hub("IAM.1")),
        reason="Whoever gets hold of it owns the account.",
        fix="attach a policy with what is needed.",
    ),
    Rule(
        name="iam-no-role-passing",
        types=_POLICIES,
        check=_pass_any_role,
        controls=(
            cis_aws("1.15"),
            guide("Identity and Access Management", "Grant least privileged access to applications"),
            security_hub("IAM.21"),
        ),
        reason="Who may pass or assume any role has the rights of all of them.",
        fix="name the roles, or add a condition such as iam:PassedToService.",
    ),
    Rule(
        name="iam-no-users",
        types=frozenset({"aws:iam/user:User", "aws:iam/accessKey:AccessKey"}),
        check=never("long-lived credentials are made"),
        controls=(cis_aws("1.17"), cis_aws("1.20")),
        reason="Access keys do not end, and are found in repositories.",
        fix="use roles: Identity Center for people, OIDC for pipelines, Pod Identity for pods.",
    ),
    Rule(
        name="iam-no-policies-of-users",
        types=_OF_USERS,
        check=never("a policy is attached to a user"),
        controls=(cis_aws("1.14"), security_hub("IAM.2")),
        level=Level.ADVISORY,
        reason="Rights given one by one are forgotten one by one.",
        fix="attach it to a role or a group.",
    ),
    Rule(
        name="iam-trust-named",
        types=_ROLE,
        check=_trusts_anybody,
        controls=(cis_aws("1.19"),),
        reason="Anybody with an AWS account could take the role.",
        fix="name accounts, services or roles in Principal, or add a Condition.",
    ),
    Rule(
        name="iam-oidc-trust-subject",
        types=_ROLE,
        check=_trusts_any_workload,
        controls=(
            cis_eks("5.2.1"),
            guide(
                "Identity and Access Management",
                "Scope the IAM Role trust policy for IRSA Roles to the service account name, namespace, and cluster",
            ),
        ),
        reason="Every pod, or everybody's pipelines, could take the role.",
        fix="add a condition on the provider's :sub, with the service account or the repository; or use Pod Identity.",
    ),
    Rule(
        name="resource-policy-named",
        types=_RESOURCE_POLICIES,
        check=_open_resource_policy,
        controls=(cis_aws("1.19"), security_hub("SQS.3"), security_hub("SNS.4")),
        reason="Everybody, signed in or not, could use what the policy opens.",
        fix="name accounts or roles in Principal, or add a Condition such as aws:PrincipalOrgID.",
    ),
)
