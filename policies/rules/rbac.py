"""Who may do what in Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.controls import cis_eks, guide
from policies.model import Level, Resource, Rule, Settings, StackRule
from policies.reading import at, elements, texts

_ROLES: Final = frozenset(
    {"kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "kubernetes:rbac.authorization.k8s.io/v1:Role"}
)
_BINDINGS: Final = frozenset(
    {
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
        "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
    }
)
_ASSOCIATION: Final = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
_EVERYBODY: Final = frozenset(
    {"system:anonymous", "system:authenticated", "system:serviceaccounts", "system:unauthenticated"}
)
_DANGEROUS_VERBS: Final = frozenset({"bind", "escalate", "impersonate"})


def _wildcards(resource: Resource, _: Settings) -> Iterator[str]:
    for index, rule in enumerate(elements(resource.get("rules"))):
        for key in ("apiGroups", "verbs", "resources"):
            if "*" in texts(at(rule, key)):
                yield f"rules[{index}].{key} has *"
        if {"*", "/*"} & set(texts(at(rule, "nonResourceURLs"))):
            yield f"rules[{index}].nonResourceURLs has every path"
        if found := sorted(_DANGEROUS_VERBS & set(texts(at(rule, "verbs")))):
            yield f"rules[{index}].verbs has {', '.join(found)}"


def _cluster_admin(resource: Resource, _: Settings) -> Iterator[str]:
    if resource.get("roleRef", "name") == "cluster-admin":
        yield "it binds cluster-admin"
    if any(at(subject, "name") == "system:masters" for subject in elements(resource.get("subjects"))):
        yield "it binds system:masters, whom nothing is refused"


def _administrators(resources: list[Resource], _: Settings) -> Iterator[tuple[Resource, str]]:
    by_cluster: dict[str, list[Resource]] = {}
    for one in resources:
        policy, cluster = one.get("policyArn"), one.get("clusterName")
        whole = one.type == _ASSOCIATION and one.get("accessScope", "type") == "cluster"
        if whole and str(policy).endswith("/AmazonEKSClusterAdminPolicy") and isinstance(cluster, str):
            by_cluster.setdefault(cluster, []).append(one)
    for found in by_cluster.values():
        if len(found) > 1:
            yield from ((one, f"{len(found)} identities have AmazonEKSClusterAdminPolicy everywhere") for one in found)


def _everybody(resource: Resource, _: Settings) -> Iterator[str]:
    for subject in elements(resource.get("subjects")):
        if at(subject, "name") in _EVERYBODY:
            yield f"it binds {at(subject, 'name')}"


RULES: Final = (
    Rule(
        name="rbac-no-wildcards",
        types=_ROLES,
        check=_wildcards,
        controls=(
            cis_eks("4.1.3"),
            guide(
                "Identity and Access Management",
                "Employ least privileged access when creating RoleBindings and ClusterRoleBindings",
            ),
        ),
        reason="A wildcard also grants what is invented later.",
        fix="name the verbs and resources.",
    ),
    Rule(
        name="rbac-no-cluster-admin",
        types=_BINDINGS,
        check=_cluster_admin,
        controls=(
            cis_eks("4.1.1"),
            guide(
                "Identity and Access Management",
                "Employ least privileged access when creating RoleBindings and ClusterRoleBindings",
            ),
        ),
        reason="Whoever takes over the subject owns the cluster.",
        fix="bind a role with what is needed; people get in by EKS access entries.",
    ),
    Rule(
        name="rbac-no-everybody",
        types=_BINDINGS,
        check=_everybody,
        controls=(
            guide(
                "Identity and Access Management", "Review and revoke unnecessary anonymous access to your EKS cluster"
            ),
        ),
        reason="Everybody who reaches the API server, or every pod, would have these rights.",
        fix="bind a group or a service account of your own.",
    ),
    StackRule(
        name="eks-one-administrator",
        check=_administrators,
        controls=(
            cis_eks("4.1.1"),
            guide(
                "Identity and Access Management",
                "Employ least privileged access when creating RoleBindings and ClusterRoleBindings",
            ),
        ),
        level=Level.ADVISORY,
        reason="Who may do everything is there for emergencies; each further one is one more to take over.",
        fix="keep one, and give the others AmazonEKSAdminPolicy, or this one in namespaces (accessScope).",
    ),
)
