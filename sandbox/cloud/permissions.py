"""What access policies allow: the API server asks here about principals of AWS whom RBAC does not allow something."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, cast

from sandbox.cloud.eks.access import POLICIES
from sandbox.cloud.eks.state import Clusters
from sandbox.kube import KubeClient

Rule = dict[str, Any]

_ADMIN_VIEW: list[Rule] = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]
"""AmazonEKSAdminViewPolicy sees Secrets too, which no ClusterRole of Kubernetes does."""


def review(request: dict[str, Any], clusters: Clusters, kube: KubeClient | None) -> dict[str, Any]:
    """The answer to a SubjectAccessReview: allowed, or no opinion."""
    spec = cast("dict[str, Any]", request["spec"])
    allowed = kube is not None and _allowed(spec, clusters, kube)
    status = {"allowed": allowed, "reason": "EKS access policy" if allowed else ""}
    return {"apiVersion": request["apiVersion"], "kind": "SubjectAccessReview", "status": status}


def _allowed(spec: dict[str, Any], clusters: Clusters, kube: KubeClient) -> bool:
    principal = next(iter(spec.get("extra", {}).get("canonicalArn", [])), "")
    wanted = cast("dict[str, Any] | None", spec.get("resourceAttributes"))
    for cluster in clusters:
        for arn, policy in cluster.access_policies.get(principal, {}).items():
            scope = policy["accessScope"]
            rules = _rules(arn.rpartition("/")[2], kube)
            if wanted is None:
                if scope["type"] == "cluster" and any(
                    permits_url(rule, spec["nonResourceAttributes"]) for rule in rules
                ):
                    return True
                continue
            namespace = wanted.get("namespace", "")
            # Cluster-scoped objects are in no namespace, so a scope of namespaces never covers them.
            covered = scope["type"] == "cluster" or any(
                namespace and fnmatchcase(namespace, pattern) for pattern in scope["namespaces"]
            )
            if covered and any(permits(rule, wanted) for rule in rules):
                return True
    return False


def permits(rule: Rule, wanted: dict[str, Any]) -> bool:
    """Whether an RBAC rule allows what the resource attributes of an access review ask for."""
    resource, subresource = wanted.get("resource", ""), wanted.get("subresource", "")
    names = {resource, "*"} if not subresource else {f"{resource}/{subresource}", f"*/{subresource}", "*"}
    return (
        _has(rule, "verbs", {wanted.get("verb", ""), "*"})
        and _has(rule, "apiGroups", {wanted.get("group", ""), "*"})
        and _has(rule, "resources", names)
        and (not rule.get("resourceNames") or wanted.get("name") in rule["resourceNames"])
    )


def permits_url(rule: Rule, wanted: dict[str, Any]) -> bool:
    """Whether an RBAC rule allows a request that is for no resource."""
    patterns = cast("list[str]", rule.get("nonResourceURLs") or [])
    return _has(rule, "verbs", {wanted.get("verb", ""), "*"}) and any(
        fnmatchcase(str(wanted.get("path", "")), pattern) for pattern in patterns
    )


def _has(rule: Rule, key: str, accepted: set[str]) -> bool:
    return bool(accepted & set(cast("list[str]", rule.get(key) or [])))


def _rules(policy: str, kube: KubeClient) -> list[Rule]:
    if policy == "AmazonEKSAdminViewPolicy":
        return _ADMIN_VIEW
    role = kube.get("rbac.authorization.k8s.io/v1", "ClusterRole", POLICIES[policy]) or {}
    return cast("list[Rule]", role.get("rules") or [])
