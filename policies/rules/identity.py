"""Who may do what in AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
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
        "aws:efs/fileSystemPolicy:FileSystemPolicy",
        "aws:kms/key:Key",
        "aws:kms/keyPolicy:KeyPolicy",
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:secretsmanager/secret:Secret",
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        "aws:sns/topic:Topic",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sqs/queue:Queue",
        "aws:sqs/queuePolicy:QueuePolicy",
    }
)
_ATTACHMENTS: Final = frozenset(
    {
        "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
        "aws:iam/policyAttachment:PolicyAttachment",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    }
)
_WHO: Final = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "iam:passedtoservice",
        "kms:calleraccount",
        "sts:externalid",
    }
)
"""Keys of conditions that say whose requests are meant."""
_NAMING: Final = frozenset({"arnequals", "arnlike", "stringequals", "stringequalsignorecase", "stringlike"})
"""Operators that ask for a value, alone or after ``ForAnyValue:``. Most others also hold where the key is missing."""
_TAKING_ROLES: Final = ("iam:PassRole", "sts:AssumeRole")
_ANY: Final = "~"
"""A name that nothing has: what fits it, fits every name."""
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


def _documents(resource: Resource) -> Iterator[tuple[str, Any]]:
    """The policies of an identity: its own, or those that stand in its role."""
    if resource.type in _ROLE:
        for index, inline in enumerate(elements(resource.get("inlinePolicies"))):
            yield f"inlinePolicies[{index}].policy", at(inline, "policy")
    else:
        yield "policy", resource.get("policy")


def _everything(resource: Resource, _: Settings) -> Iterator[str]:
    for path, document in _documents(resource):
        for statement in statements(document):
            if "NotResource" not in statement and not _fits(
                f"arn:aws:{_ANY}::{_ANY}:{_ANY}", statement.get("Resource")
            ):
                continue
            if _fits(f"{_ANY}:{_ANY}", statement.get("Action")):
                yield f"{path} allows every action on every resource"
            if "NotAction" in statement:
                yield f"{path} allows every action but some (NotAction) on every resource"


def _fits(name: str, patterns: Any) -> bool:
    """Whether one of the patterns, as IAM writes them, has this action or ARN."""
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in texts(patterns))


def _allows(statement: dict[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not _fits(action, statement["NotAction"])
    return _fits(action, statement.get("Action"))


def _is_every_role(pattern: str) -> bool:
    """Whether it has every role, be it of one account only."""
    _, partition, _, _, account, *_ = [*pattern.split(":"), "", "", "", ""]
    return _fits(f"arn:{partition}:iam::{account}:role/{_ANY}", pattern)


def _pass_any_role(resource: Resource, _: Settings) -> Iterator[str]:
    for path, document in _documents(resource):
        for statement in statements(document):
            taken = [action for action in _TAKING_ROLES if _allows(statement, action)]
            every = "NotResource" in statement or any(map(_is_every_role, texts(statement.get("Resource"))))
            if taken and every and not _narrowed(statement):
                yield f"{path} allows {', '.join(taken)} on every role"


def _administrators(resource: Resource, _: Settings) -> Iterator[str]:
    for key in ("policyArn", "policyArns", "managedPolicyArns"):
        for arn in texts(resource.get(key)):
            if arn.endswith(tuple(f"/{name}" for name in _ADMINISTRATOR)):
                yield f"{key} has {arn}"


def _conditions(statement: dict[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """Operator, key in lower case, values."""
    for operator, conditions in mapping(statement.get("Condition")).items():
        for key, values in mapping(conditions).items():
            yield operator, key.lower(), texts(values)


def _names_somebody(value: str) -> bool:
    """Whether a condition's value keeps to an account, an organisation, a service or whatever stands first in it."""
    if value.startswith("arn:"):
        *_, account, resource = [*value.split(":", 5), "", "", "", ""][:6]
        value = account or resource
    who = value.partition("/")[0]
    return bool(who) and not {"*", "?"} & set(who)


def _narrowed(statement: dict[str, Any]) -> bool:
    """Whether a condition says whose requests are meant; others, such as that for TLS, say only how they come."""
    return any(
        key in _WHO and operator.lower().removeprefix("foranyvalue:") in _NAMING and values
        for operator, key, values in _conditions(statement)
        if all(map(_names_somebody, values))
    )


def _anybody(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal")
    everyone = principal == "*" or "*" in texts(at(principal, "AWS")) or "NotPrincipal" in statement
    return everyone and not _narrowed(statement)


def _trusts_anybody(resource: Resource, _: Settings) -> Iterator[str]:
    if any(_anybody(one) for one in statements(resource.get("assumeRolePolicy"))):
        yield "assumeRolePolicy lets every AWS account take this role"


def _open_resource_policy(resource: Resource, _: Settings) -> Iterator[str]:
    if any(_anybody(one) for one in statements(resource.get("policy"))):
        yield "policy allows everybody"


def _trusts_any_workload(resource: Resource, _: Settings) -> Iterator[str]:
    for statement in statements(resource.get("assumeRolePolicy")):
        if not any(":oidc-provider/" in arn for arn in texts(at(statement, "Principal", "Federated"))):
            continue
        subjects = [
            value
            for operator, key, values in _conditions(statement)
            if key.endswith(":sub") and operator in ("StringEquals", "StringLike")
            for value in values
        ]
        if not subjects or any(_any_workload(subject) for subject in subjects):
            yield "assumeRolePolicy lets any identity of the OIDC provider take this role"


def _any_workload(subject: str) -> bool:
    """Whether the owner or the namespace in ``repo:owner/...`` or ``system:serviceaccount:namespace:...`` is open."""
    kind, _, rest = subject.removeprefix("system:").partition(":")
    return "*" in kind or "*" in rest.replace("/", ":").partition(":")[0]


RULES: Final = (
    Rule(
        name="iam-no-full-access",
        types=_POLICIES | _ROLE,
        check=_everything,
        controls=(cis_aws("1.15"), security_hub("IAM.1")),
        reason="Whoever gets hold of it owns the account.",
        fix="name the actions and resources that are needed.",
    ),
    Rule(
        name="iam-no-administrators",
        types=_ATTACHMENTS | _ROLE,
        check=_administrators,
        controls=(cis_aws("1.15"), security_hub("IAM.1")),
        reason="Whoever gets hold of it owns the account.",
        fix="attach a policy with what is needed.",
    ),
    Rule(
        name="iam-no-role-passing",
        types=_POLICIES | _ROLE,
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
