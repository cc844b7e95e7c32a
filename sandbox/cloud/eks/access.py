"""EKS access entries and policies: which principals of AWS may do what in a cluster."""

from __future__ import annotations

import re
import uuid
from typing import cast

from sandbox.cloud.eks.state import Cluster, Clusters
from sandbox.cloud.moto_state import ACCOUNT
from sandbox.cloud.operations import AwsError, Call, Operations, Record, now, page

_POLICY_PREFIX = "arn:aws:eks::aws:cluster-access-policy/"
ADMIN_POLICY = f"{_POLICY_PREFIX}AmazonEKSClusterAdminPolicy"
POLICIES: dict[str, str] = {
    # access policy -> the ClusterRole with the same rights
    "AmazonEKSClusterAdminPolicy": "cluster-admin",
    "AmazonEKSAdminPolicy": "admin",
    "AmazonEKSEditPolicy": "edit",
    "AmazonEKSViewPolicy": "view",
    "AmazonEKSAdminViewPolicy": "view",
}
_NODE_TYPES = ("EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "EC2", "HYBRID_LINUX", "HYPERPOD_LINUX")


class AccessOperations(Operations):
    """CreateAccessEntry, AssociateAccessPolicy and their kin."""

    service = "eks"

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    def create_access_entry(self, call: Call) -> Record:
        cluster = self._entries_allowed(call)
        cluster.require_active()
        with self._clusters.lock:
            entry = new_entry(cluster, call["principalArn"], call.params)
        return {"accessEntry": entry}

    def describe_access_entry(self, call: Call) -> Record:
        return {"accessEntry": self._entries_allowed(call).access_entry(call["principalArn"])}

    def list_access_entries(self, call: Call) -> Record:
        cluster = self._entries_allowed(call)
        wanted = call.get("associatedPolicyArn")
        found = [
            principal
            for principal in cluster.access_entries
            if wanted is None or wanted in cluster.access_policies.get(principal, {})
        ]
        return page(found, call, "accessEntries")

    def update_access_entry(self, call: Call) -> Record:
        entry = self._entries_allowed(call).access_entry(call["principalArn"])
        if entry["type"] != "STANDARD":
            raise AwsError("InvalidRequestException", f"An access entry of type {entry['type']} cannot be updated")
        _check_user(call.params)
        for key in ("kubernetesGroups", "username"):
            if key in call.params:
                entry[key] = call[key]
        entry["modifiedAt"] = now()
        return {"accessEntry": entry}

    def delete_access_entry(self, call: Call) -> Record:
        cluster = self._entries_allowed(call)
        cluster.access_entry(call["principalArn"])
        with self._clusters.lock:
            del cluster.access_entries[call["principalArn"]]
            cluster.access_policies.pop(call["principalArn"], None)
        return {}

    def associate_access_policy(self, call: Call) -> Record:
        cluster = self._entries_allowed(call)
        entry = cluster.access_entry(call["principalArn"])
        if entry["type"] != "STANDARD":
            raise AwsError("InvalidRequestException", f"An access entry of type {entry['type']} has no access policies")
        policy = associate(cluster, call["principalArn"], call["policyArn"], call["accessScope"])
        return {
            "clusterName": cluster.name,
            "principalArn": call["principalArn"],
            "associatedAccessPolicy": policy,
        }

    def disassociate_access_policy(self, call: Call) -> Record:
        cluster = self._entries_allowed(call)
        cluster.access_entry(call["principalArn"])
        if cluster.access_policies.get(call["principalArn"], {}).pop(call["policyArn"], None) is None:
            raise AwsError("ResourceNotFoundException", f"{call['policyArn']} is not associated with the access entry")
        return {}

    def list_associated_access_policies(self, call: Call) -> Record:
        cluster = self._entries_allowed(call)
        cluster.access_entry(call["principalArn"])
        policies = list(cluster.access_policies.get(call["principalArn"], {}).values())
        answer = page(policies, call, "associatedAccessPolicies")
        return answer | {"clusterName": cluster.name, "principalArn": call["principalArn"]}

    def list_access_policies(self, call: Call) -> Record:
        return page([{"name": name, "arn": f"{_POLICY_PREFIX}{name}"} for name in POLICIES], call, "accessPolicies")

    def _entries_allowed(self, call: Call) -> Cluster:
        cluster = self._clusters.of(call)
        if cluster.record["accessConfig"]["authenticationMode"] == "CONFIG_MAP":
            raise AwsError(
                "InvalidRequestException",
                "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this "
                "operation.",
                clusterName=cluster.name,
            )
        return cluster


def new_entry(cluster: Cluster, principal: str, params: Record) -> Record:
    """Raises AwsError when the principal is no user or role of IAM, or has an entry already."""
    if not re.fullmatch(r"arn:aws[\w-]*:iam::\d{12}:(user|role|root)(/.+)?", principal):
        raise AwsError(
            "InvalidParameterException",
            f"The principalArn parameter format is not valid: {principal!r} is not the ARN of an IAM user or role",
        )
    if principal in cluster.access_entries:
        raise AwsError(
            "ResourceInUseException",
            "The specified access entry resource is already in use on this cluster.",
            clusterName=cluster.name,
        )
    kind = params.get("type", "STANDARD")
    if kind != "STANDARD" and kind not in _NODE_TYPES:
        raise AwsError("InvalidParameterException", f"{kind} is not one of STANDARD, {', '.join(_NODE_TYPES)}")
    if kind != "STANDARD" and (params.get("kubernetesGroups") or params.get("username")):
        raise AwsError("InvalidParameterException", f"Type {kind} sets the user name and the groups itself")
    _check_user(params)
    name = principal.rpartition("/")[2]
    is_role = ":role/" in principal
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{{{{SessionName}}}}"
    standard = kind == "STANDARD"
    entry: Record = {
        "clusterName": cluster.name,
        "principalArn": principal,
        "kubernetesGroups": params.get("kubernetesGroups", []) if standard else ["system:nodes"],
        "accessEntryArn": cluster.arn("access-entry", "role" if is_role else "user", ACCOUNT, name, str(uuid.uuid4())),
        "createdAt": now(),
        "modifiedAt": now(),
        "tags": params.get("tags", {}),
        "username": params.get("username", session if is_role else principal)
        if standard
        else "system:node:{{EC2PrivateDNSName}}",
        "type": kind,
    }
    cluster.access_entries[principal] = entry
    return entry


def associate(cluster: Cluster, principal: str, policy_arn: str, scope: Record) -> Record:
    """Raises AwsError when there is no such policy, or its scope is not sound."""
    if policy_arn.removeprefix(_POLICY_PREFIX) not in POLICIES or not policy_arn.startswith(_POLICY_PREFIX):
        raise AwsError(
            "InvalidParameterException",
            f"The policyArn parameter format is not valid: {policy_arn!r} is not one of "
            + ", ".join(f"{_POLICY_PREFIX}{name}" for name in POLICIES),
        )
    namespaces = cast("list[str]", scope.get("namespaces", []))
    if (scope.get("type") == "namespace") != bool(namespaces):
        raise AwsError(
            "InvalidParameterException", "A scope of type namespace names namespaces, one of type cluster none"
        )
    policies = cluster.access_policies.setdefault(principal, {})
    made = policies.get(policy_arn, {}).get("associatedAt", now())
    policies[policy_arn] = {
        "policyArn": policy_arn,
        "accessScope": {"type": scope.get("type", "cluster"), "namespaces": namespaces},
        "associatedAt": made,
        "modifiedAt": now(),
    }
    return policies[policy_arn]


def _check_user(params: Record) -> None:
    for group in cast("list[str]", params.get("kubernetesGroups", [])):
        if group.startswith(("system:", "eks:", "aws:", "amazon:", "iam:")):
            raise AwsError(
                "InvalidParameterException",
                f"The kubernetes group name {group} is invalid, it cannot start with system:",
            )
    username = str(params.get("username", ""))
    if username.startswith(("system:", "eks:", "aws:", "amazon:", "iam:")):
        raise AwsError("InvalidParameterException", f"The username {username} is invalid, it cannot start with system:")
