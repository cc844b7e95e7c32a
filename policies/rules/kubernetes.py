"""What Kubernetes' objects may be beside pods: namespaces, rights, entrances, charts and storage."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from typing import Any, Final

from policies.controls import cis_aws, cis_eks, guide
from policies.model import Level, Resource, Rule, Settings, StackRule
from policies.reading import UNKNOWN, at, elements, has_unknowns, is_on, mapping, shown, texts
from policies.rules.containers import WORKLOADS
from policies.rules.network import is_everybody
from policies.rules.workloads import has_credentials, holds_secret

_NAMESPACED: Final = WORKLOADS | frozenset(
    {
        "kubernetes:core/v1:ConfigMap",
        "kubernetes:core/v1:Secret",
        "kubernetes:core/v1:Service",
        "kubernetes:core/v1:ServiceAccount",
        "kubernetes:networking.k8s.io/v1:Ingress",
    }
)
_NAMESPACE: Final = "kubernetes:core/v1:Namespace"
_NETWORK_POLICY: Final = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
_ENFORCE: Final = "pod-security.kubernetes.io/enforce"
_EXACT_VERSION: Final = re.compile(r"v?\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?")
_EBS: Final = ("ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com", "kubernetes.io/aws-ebs")
_ENTRANCE: Final = "platform/entrance"
_INTERNAL: Final = (
    "service.beta.kubernetes.io/aws-load-balancer-internal",
    "service.beta.kubernetes.io/aws-load-balancer-scheme",
)
_BUILT_IN: Final = re.compile(r"kubernetes:([a-z]+|[a-z.]+\.k8s\.io)/")


def _profile(resource: Resource, _: Settings) -> Iterator[str]:
    labels = resource.get("metadata", "labels")
    profile = at(labels, _ENFORCE)
    if profile is not UNKNOWN and profile != "restricted":
        yield f"its label {_ENFORCE} is {shown(profile)}"


def _default_namespace(resource: Resource, _: Settings) -> Iterator[str]:
    if resource.get("metadata", "namespace") in (None, "", "default"):
        yield "it is in the namespace default"


def _secrets_in_config(resource: Resource, _: Settings) -> Iterator[str]:
    for part in ("data", "binaryData"):
        for key, value in mapping(resource.get(part)).items():
            if holds_secret(key):
                yield f"{part}.{key} looks like a secret"
            elif has_credentials(value if part == "data" else _decoded(value)):
                yield f"{part}.{key} has credentials in a URL"


def _decoded(value: Any) -> str:
    """What it says in base64; nothing where it is none, or unknown."""
    try:
        return b64decode(value).decode(errors="ignore")
    except (TypeError, ValueError):
        return ""


def _tls(resource: Resource, _: Settings) -> Iterator[str]:
    if resource.get("spec") is not UNKNOWN and not resource.get("spec", "tls"):
        yield "spec.tls is not set"


def _node_port(resource: Resource, _: Settings) -> Iterator[str]:
    if resource.get("spec", "type") == "NodePort":
        yield "spec.type is NodePort"


def _load_balancer(resource: Resource, _: Settings) -> Iterator[str]:
    annotations = resource.get("metadata", "annotations")
    internal = [str(at(annotations, name)) in ("true", "internal", "0.0.0.0/0") for name in _INTERNAL]
    ranges = resource.get("spec", "loadBalancerSourceRanges")
    # What is known to be open stays so, whatever else will be named.
    closed = (texts(ranges) or has_unknowns(ranges)) and not any(map(is_everybody, texts(ranges)))
    named = closed or at(annotations, _ENTRANCE) in ("true", UNKNOWN)
    if resource.get("spec", "type") == "LoadBalancer" and not any(internal) and not named:
        yield "spec.type is LoadBalancer, and it is neither internal nor named as an entrance"


def _unseen_kind(resource: Resource, _: Settings) -> Iterator[str]:
    kind = resource.type.rpartition(":")[2]
    if _BUILT_IN.match(resource.type) and kind.endswith(("Patch", "List")):
        yield f"it is a {kind}, whose contents no other rule sees"


def _external_ips(resource: Resource, _: Settings) -> Iterator[str]:
    if elements(resource.get("spec", "externalIPs")):
        yield "spec.externalIPs is set"


def _chart_version(resource: Resource, _: Settings) -> Iterator[str]:
    version = resource.get("version")
    local = str(resource.get("chart") or "").startswith((".", "/"))
    if version is not UNKNOWN and not local and not _EXACT_VERSION.fullmatch(str(version or "")):
        yield f"version is {shown(version)}"


def _unencrypted_storage(resource: Resource, _: Settings) -> Iterator[str]:
    encrypted = resource.get("parameters", "encrypted")
    if resource.get("provisioner") in _EBS and not is_on(encrypted):
        yield f"parameters.encrypted is {shown(encrypted)}"


def _denies(policy: Resource) -> bool:
    """Whether it speaks of all pods, and lets nobody in."""
    selector, types = policy.get("spec", "podSelector"), policy.get("spec", "policyTypes")
    ingress = types is None or has_unknowns(types) or "Ingress" in texts(types)
    return selector in ({}, UNKNOWN) and ingress and policy.get("spec", "ingress") in (None, [], UNKNOWN)


def _undenied(resources: list[Resource], _: Settings) -> Iterator[tuple[Resource, str]]:
    """Namespaces of the stack, and workloads in those of others.

    Namespaces that others make are theirs to close, such as cert-manager's, which is EKS's add-on: its webhook is
    called by the API server.
    """
    denied = {one.get("metadata", "namespace") for one in resources if one.type == _NETWORK_POLICY and _denies(one)}
    if UNKNOWN in denied:
        return
    made = {one.get("metadata", "name") for one in resources if one.type == _NAMESPACE}
    for one in resources:
        if one.type == _NAMESPACE:
            namespace = one.get("metadata", "name")
        elif one.type in WORKLOADS and one.get("metadata", "namespace") not in made:
            namespace = one.get("metadata", "namespace")
        else:
            continue
        if isinstance(namespace, str) and namespace not in denied:
            yield one, f"the namespace {namespace} has no NetworkPolicy that denies what no other allows"


def _unbudgeted(resources: list[Resource], _: Settings) -> Iterator[tuple[Resource, str]]:
    budgets = [
        (one.get("metadata", "namespace"), mapping(one.get("spec", "selector", "matchLabels")))
        for one in resources
        if one.type == "kubernetes:policy/v1:PodDisruptionBudget"
    ]
    for one in resources:
        replicas = one.get("spec", "replicas")
        if one.type != "kubernetes:apps/v1:Deployment" or not isinstance(replicas, int | float) or replicas < 2:
            continue
        labels = mapping(one.get("spec", "template", "metadata", "labels")).items()
        if not any(
            namespace == one.get("metadata", "namespace") and wanted.items() <= labels for namespace, wanted in budgets
        ):
            yield one, "no PodDisruptionBudget selects its pods"


RULES: Final = (
    Rule(
        name="namespace-restricted",
        types=frozenset({_NAMESPACE}),
        check=_profile,
        controls=(
            cis_eks("4.2.1"),
            guide("Pod Security", "Pod Security Standards (PSS) and Pod Security Admission (PSA)"),
        ),
        reason="The API server would admit any pod there, also one that a chart or a person makes later.",
        fix=f"set the label {_ENFORCE}=restricted.",
    ),
    Rule(
        name="namespace-not-default",
        types=_NAMESPACED,
        check=_default_namespace,
        controls=(cis_eks("4.5.2"),),
        reason="The default namespace has no profile, no quota and no network policy.",
        fix="set metadata.namespace to a namespace of its own.",
    ),
    StackRule(
        name="namespace-default-deny",
        check=_undenied,
        controls=(cis_eks("4.3.2"), guide("Network security", "Create a default deny policy")),
        reason="Every pod of the cluster could speak to it.",
        fix="add a NetworkPolicy with an empty podSelector, policyTypes [Ingress] and no rules; others say who may.",
    ),
    Rule(
        name="config-map-no-secrets",
        types=frozenset({"kubernetes:core/v1:ConfigMap"}),
        check=_secrets_in_config,
        controls=(
            cis_eks("4.4.2"),
            guide("Data encryption and secrets management", "Use an external secrets provider"),
        ),
        reason="ConfigMaps are neither encrypted nor guarded as Secrets are.",
        fix="put it into a Secret.",
    ),
    Rule(
        name="ingress-tls",
        types=frozenset({"kubernetes:networking.k8s.io/v1:Ingress"}),
        check=_tls,
        controls=(cis_eks("5.4.5"), guide("Network security", "Use encryption with AWS Elastic load balancers")),
        reason="Sessions and passwords would cross the internet in plain text.",
        fix="set spec.tls with the hosts and the Secret that cert-manager fills.",
    ),
    Rule(
        name="service-no-node-port",
        types=frozenset({"kubernetes:core/v1:Service"}),
        check=_node_port,
        controls=(guide("Network security", "Ingress Controllers and Load Balancers"),),
        reason="It opens the same port on every node, past the entrance.",
        fix="use ClusterIP behind the Ingress.",
    ),
    Rule(
        name="service-entrance-named",
        types=frozenset({"kubernetes:core/v1:Service"}),
        check=_load_balancer,
        controls=(guide("Network security", "Ingress Controllers and Load Balancers"),),
        reason="A second way in is one that nobody watches.",
        fix=f"make it internal, set loadBalancerSourceRanges, or name the entrance by the annotation {_ENTRANCE}=true.",
    ),
    Rule(
        name="kubernetes-no-patches-nor-lists",
        types=frozenset({"kubernetes:*"}),
        check=_unseen_kind,
        controls=(guide("Compliance", "Use policy-as-code tools in pipelines to detect violations before deployment"),),
        reason="What a Patch or a List makes of pods would pass all that is said about them.",
        fix="make the object itself.",
    ),
    Rule(
        name="service-no-external-ips",
        types=frozenset({"kubernetes:core/v1:Service"}),
        check=_external_ips,
        controls=(guide("Network security", "Ingress Controllers and Load Balancers"),),
        reason="A Service with externalIPs takes over other people's traffic (CVE-2020-8554).",
        fix="use a load balancer.",
    ),
    Rule(
        name="helm-version-pinned",
        types=frozenset({"kubernetes:helm.sh/v3:Release"}),
        check=_chart_version,
        controls=(guide("Compliance", "Policy as Code"),),
        reason="The newest chart of the day would be installed, in a preview unseen.",
        fix="set version to an exact one, such as 1.2.3.",
    ),
    Rule(
        name="storage-encrypted",
        types=frozenset({"kubernetes:storage.k8s.io/v1:StorageClass"}),
        check=_unencrypted_storage,
        controls=(cis_aws("5.1.1"), guide("Data encryption and secrets management", "Encrypt data at rest")),
        reason="Volumes of pods and their snapshots would be in plain text.",
        fix='set parameters.encrypted to "true".',
    ),
    StackRule(
        name="deployment-disruption-budget",
        check=_unbudgeted,
        controls=(
            guide("Running highly-available applications", "Protect critical workload with Pod Disruption Budgets"),
        ),
        level=Level.ADVISORY,
        reason="An upgrade of the nodes may evict all replicas at once.",
        fix="add a PodDisruptionBudget that selects its pods.",
    ),
)
