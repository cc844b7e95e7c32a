"""IAM: roles and their policies."""

from __future__ import annotations

import contextlib

from sandbox.plugins.aws.cloud import AwsError
from sandbox.plugins.aws.context import Context
from sandbox.plugins.aws.table import AutoName, Op, Read, Resource, Tags


def _detach(context: Context) -> None:
    """A role can't go while policies hang on it: ``forceDetachPolicies`` takes them off."""
    if not context.props.get("forceDetachPolicies"):
        return
    role = {"RoleName": context.id}
    for policy in context.aws("ListAttachedRolePolicies", role)["AttachedPolicies"]:
        context.aws("DetachRolePolicy", {**role, "PolicyArn": policy["PolicyArn"]})
    for name in context.aws("ListRolePolicies", role)["PolicyNames"]:
        context.aws("DeleteRolePolicy", {**role, "PolicyName": name})


def _drop_versions(context: Context) -> None:
    """A policy goes only when its default version is the last."""
    for version in context.aws("ListPolicyVersions", {"PolicyArn": context.id})["Versions"]:
        if not version["IsDefaultVersion"]:
            with contextlib.suppress(AwsError):
                context.aws("DeletePolicyVersion", {"PolicyArn": context.id, "VersionId": version["VersionId"]})


RESOURCES = (
    Resource(
        token="aws:iam/role:Role",
        service="iam",
        create=Op("CreateRole"),
        read=(Read("GetRole", "Role"),),
        update=(
            Op("UpdateAssumeRolePolicy", names={"assumeRolePolicy": "PolicyDocument"}, takes=("assumeRolePolicy",)),
            Op("UpdateRole"),
            Op("PutRolePermissionsBoundary", clear="DeleteRolePermissionsBoundary"),
        ),
        before_delete=_detach,
        delete=Op("DeleteRole"),
        id="Role.RoleName",
        key={"RoleName": "{id}"},
        names={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument", "uniqueId": "RoleId"},
        outputs={"permissionsBoundary": "PermissionsBoundary.PermissionsBoundaryArn"},
        tags=Tags("TagRole", "UntagRole", "{id}"),
        replace=("name", "namePrefix", "path"),
        defaults={"path": "/", "maxSessionDuration": 3600, "forceDetachPolicies": False},
        local=("namePrefix", "forceDetachPolicies"),
        autoname=AutoName(length=64),
        json=("assumeRolePolicy",),
        regional=False,
    ),
    Resource(
        token="aws:iam/rolePolicy:RolePolicy",
        service="iam",
        create=Op("PutRolePolicy"),
        read=(Read("GetRolePolicy", "@"),),
        update=(Op("PutRolePolicy"),),
        delete=Op("DeleteRolePolicy"),
        id="{role}:{name}",
        key={"RoleName": "{role}", "PolicyName": "{name}"},
        names={"name": "PolicyName", "role": "RoleName", "policy": "PolicyDocument"},
        replace=("name", "namePrefix", "role"),
        local=("namePrefix",),
        autoname=AutoName(),
        json=("policy",),
        regional=False,
    ),
    Resource(
        token="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        service="iam",
        create=Op("AttachRolePolicy"),
        read=(Read("ListAttachedRolePolicies", "AttachedPolicies[?PolicyArn == '{policyArn}'] | [0]"),),
        delete=Op("DetachRolePolicy", {"PolicyArn": "{policyArn}"}),
        id="{role}/{policyArn}",
        key={"RoleName": "{role}"},
        names={"role": "RoleName"},
        replace=("policyArn", "role"),
        delete_before_replace=True,
        regional=False,
    ),
    Resource(
        token="aws:iam/policy:Policy",
        service="iam",
        create=Op("CreatePolicy"),
        read=(
            Read("GetPolicy", "Policy"),
            Read(
                "GetPolicyVersion",
                "PolicyVersion.Document",
                {"VersionId": "{live.DefaultVersionId}"},
                into="PolicyDocument",
            ),
        ),
        update=(Op("CreatePolicyVersion", {"SetAsDefault": True}, before=_drop_versions),),
        before_delete=_drop_versions,
        delete=Op("DeletePolicy"),
        id="Policy.Arn",
        key={"PolicyArn": "{id}"},
        names={"name": "PolicyName", "policy": "PolicyDocument"},
        tags=Tags("TagPolicy", "UntagPolicy", "{id}"),
        replace=("description", "name", "namePrefix", "path"),
        defaults={"path": "/"},
        local=("namePrefix",),
        autoname=AutoName(),
        json=("policy",),
        regional=False,
    ),
)
