"""The EKS cluster and its node groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.checks import must, unless_disposable
from policies.controls import cis_aws, cis_eks, guide, security_hub
from policies.model import Resource, Rule, Settings
from policies.reading import UNKNOWN, at, elements, has_unknowns, is_off, texts
from policies.rules.network import is_everybody

_CLUSTER: Final = frozenset({"aws:eks/cluster:Cluster"})
_NODE_GROUP: Final = frozenset({"aws:eks/nodeGroup:NodeGroup"})
_LOGS: Final = frozenset({"api", "audit", "authenticator", "controllerManager", "scheduler"})


def _public_endpoint(resource: Resource, _: Settings) -> Iterator[str]:
    public = resource.get("vpcConfig", "endpointPublicAccess")
    # EKS's default is a public endpoint, open to everybody.
    if public is UNKNOWN or (public is not None and is_off(public)):
        return
    cidrs = resource.get("vpcConfig", "publicAccessCidrs")
    # What is known to be open stays so, whatever else will be named.
    if any(map(is_everybody, texts(cidrs))) or not (texts(cidrs) or has_unknowns(cidrs)):
        yield "vpcConfig.publicAccessCidrs lets everybody reach the Kubernetes API"


def _logs(resource: Resource, _: Settings) -> Iterator[str]:
    found = resource.get("enabledClusterLogTypes")
    if not has_unknowns(found) and (missing := sorted(_LOGS - set(texts(found)))):
        yield f"enabledClusterLogTypes lacks {', '.join(missing)}"


def _secrets_encrypted(resource: Resource, _: Settings) -> Iterator[str]:
    config = resource.get("encryptionConfig")
    if config is UNKNOWN:
        return
    resources = at(config, "resources")
    if not has_unknowns(resources) and "secrets" not in texts(resources):
        yield "encryptionConfig does not name secrets"
    elif at(config, "provider", "keyArn") in (None, ""):
        yield "encryptionConfig.provider.keyArn is not set"


def _ssh(resource: Resource, _: Settings) -> Iterator[str]:
    access = resource.get("remoteAccess")
    groups = at(access, "sourceSecurityGroupIds")
    if at(access, "ec2SshKey") and groups is not UNKNOWN and not elements(groups):
        yield "remoteAccess opens port 22 of the nodes to everybody, as it names no sourceSecurityGroupIds"


def _creator_locked_in(resource: Resource, _: Settings) -> Iterator[str]:
    mode = resource.get("accessConfig", "authenticationMode")
    if mode is not UNKNOWN and mode != "API":
        yield f"accessConfig.authenticationMode is {mode or 'not set, which means CONFIG_MAP'}"


def _bounds(resource: Resource, _: Settings) -> Iterator[str]:
    surge = resource.get("updateConfig")
    if surge is None:
        yield "updateConfig is not set"


def _launch_template(resource: Resource, _: Settings) -> Iterator[str]:
    if resource.get("launchTemplate") is None:
        yield "launchTemplate is not set"


RULES: Final = (
    Rule(
        name="eks-endpoint-not-open",
        types=_CLUSTER,
        check=_public_endpoint,
        controls=(
            cis_eks("5.4.1"),
            guide("VPC and Subnet Considerations", "Consider Public and Private Mode for Cluster Endpoint"),
        ),
        reason="Every flaw of the API server would be everybody's to use.",
        fix="turn endpointPublicAccess off, or name the networks of your engineers and pipelines in publicAccessCidrs.",
    ),
    Rule(
        name="eks-endpoint-private",
        types=_CLUSTER,
        check=must("vpcConfig", "endpointPrivateAccess"),
        controls=(cis_eks("5.4.2"), guide("Identity and Access Management", "Make the EKS Cluster Endpoint private")),
        reason="Nodes would speak to the control plane over the internet.",
        fix="set vpcConfig.endpointPrivateAccess to true.",
    ),
    Rule(
        name="eks-control-plane-logs",
        types=_CLUSTER,
        check=_logs,
        controls=(cis_eks("2.1.1"), guide("Auditing and logging", "Enable audit logs"), security_hub("EKS.8")),
        reason="Without the audit log nobody can say who did what in the cluster.",
        fix=f"set enabledClusterLogTypes to {', '.join(sorted(_LOGS))}.",
    ),
    Rule(
        name="eks-secrets-encrypted",
        types=_CLUSTER,
        check=_secrets_encrypted,
        controls=(
            cis_eks("5.3.1"),
            guide(
                "Data encryption and secrets management", "Use AWS KMS for envelope encryption of Kubernetes secrets"
            ),
            security_hub("EKS.3"),
        ),
        reason="Kubernetes' secrets would only be encoded where they lie.",
        fix='set encryptionConfig with resources ["secrets"] and a KMS key of your own.',
    ),
    Rule(
        name="eks-access-entries",
        types=_CLUSTER,
        check=_creator_locked_in,
        controls=(cis_eks("4.1.7"), guide("Identity and Access Management", "Cluster Access Manager")),
        reason="Who may do what would stand in a ConfigMap that a typing error empties, out of reach of IAM's audit.",
        fix='set accessConfig.authenticationMode to "API", and grant access by access entries.',
    ),
    Rule(
        name="eks-standard-support",
        types=_CLUSTER,
        check=must("upgradePolicy", "supportType", be="STANDARD"),
        controls=(guide("Best Practices for Cluster Upgrades", "Keep your cluster up-to-date"), security_hub("EKS.2")),
        reason="A forgotten cluster slides into extended support, at six times the price.",
        fix='set upgradePolicy.supportType to "STANDARD", and upgrade in time.',
    ),
    Rule(
        name="eks-deletion-protection",
        types=_CLUSTER,
        check=unless_disposable(must("deletionProtection")),
        controls=(guide("Compliance", "Policy as Code"),),
        reason="One wrong call deletes the cluster with all that runs in it.",
        fix="set deletionProtection to true, or say that the stack is disposable (tag removal-policy=Delete).",
    ),
    Rule(
        name="eks-nodes-no-open-ssh",
        types=_NODE_GROUP,
        check=_ssh,
        controls=(cis_aws("5.3"), guide("Protecting the infrastructure (hosts)", "Minimize access to worker nodes")),
        reason="Nodes need no SSH: Session Manager leaves a trail and needs no open port.",
        fix="leave remoteAccess out.",
    ),
    Rule(
        name="eks-nodes-launch-template",
        types=_NODE_GROUP,
        check=_launch_template,
        controls=(
            cis_aws("5.7"),
            guide(
                "Identity and Access Management", "Restrict access to the instance profile assigned to the worker node"
            ),
        ),
        reason="Only a launch template can ask for IMDSv2, encrypted disks and tags.",
        fix="give the node group a launchTemplate.",
    ),
    Rule(
        name="eks-nodes-bounded-updates",
        types=_NODE_GROUP,
        check=_bounds,
        controls=(
            guide(
                "Best Practices for Cluster Upgrades", "Configure PodDisruptionBudgets and topologySpreadConstraints"
            ),
        ),
        reason="How many nodes leave at a time should be a decision.",
        fix="set updateConfig.maxUnavailable or maxUnavailablePercentage.",
    ),
)
