"""Settings of the account, the network, the cluster and its nodes."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, model_validator

from components.bounds import RETENTION_DAYS, check_retention_days
from components.cluster import (
    VERSIONS,
    AccessEntry,
    AccessGrant,
    AccessPolicy,
    check_addon_versions,
    check_private_access,
    check_public_access,
    check_version,
)
from components.labels import check_label_value, check_namespaces, check_node_label_key
from components.network import ZONES, NatMode, vpc_range
from components.nodes import DISK_GIB, CapacityType, Taint, TaintEffect, ami_type, check_instance_type, check_sizes
from stacks.settings.section import Rule, Section, Text, checked, matching, within

_PRINCIPAL = r"arn:aws[a-z-]*:iam::\d{12}:(role|user)/[\w+=,.@/-]+"
_ROLE = _PRINCIPAL.replace("(role|user)", "role")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")

Principal = Annotated[
    Text, matching(_PRINCIPAL, "an IAM role or user such as arn:aws:iam::123456789012:role/platform-admins")
]
Role = Annotated[Text, matching(_ROLE, "an IAM role such as arn:aws:iam::123456789012:role/platform-deploy")]
Account = Annotated[Text, matching(r"\d{12}", 'the 12 digits of an AWS account, in quotes, such as "123456789012"')]
Region = Annotated[Text, matching(r"[a-z]{2}(-[a-z]+)+-\d", "an AWS region such as eu-central-1")]


def _check_name(value: str) -> None:
    if _NAME.fullmatch(value) is None:
        raise ValueError(f"{value!r}: names begin with a lower-case letter, and have up to 20 of a-z, 0-9 and -")


def _check_retention(value: int) -> None:
    check_retention_days("retention", value)


Name = Annotated[str, checked(_check_name, "up to 20 of a-z, 0-9 and -, beginning with a letter")]
"""Name of one of several things of a kind; part of the names of what is built for it."""
RetentionDays = Annotated[int, Rule(_check_retention, (("enum", list(RETENTION_DAYS)),))]
PublicNetwork = Annotated[Text, checked(check_public_access, "a public network such as 203.0.113.0/24")]
PrivateNetwork = Annotated[Text, checked(check_private_access, "a private network such as 10.9.0.0/16")]
LabelKey = Annotated[Text, checked(check_node_label_key, "a label's key that is not Kubernetes' own")]
LabelValue = Annotated[Text, checked(check_label_value, "a label's value: up to 63 of a-z, A-Z, 0-9, -, _ and .")]


class AwsSettings(Section):
    """``platform:aws``: where everything is built."""

    region: Region
    """Where everything is built. Another one replaces all of it."""
    allowed_account_ids: tuple[Account, ...] = ()
    """Accounts that this stack may be built in; empty: any. It keeps a stack out of the wrong account."""
    tags: dict[str, Text] = Field(default_factory=dict)
    """Tags of every AWS resource, besides ``project`` and ``stack``."""


class NetworkSettings(Section):
    """``platform:network``: the VPC and its subnets."""

    cidr: Annotated[Text, checked(vpc_range, "a private range from /16 to /20")]
    """Addresses of the VPC: a private range from /16 to /20."""
    zones: Annotated[int, within(ZONES)]
    """Availability zones, 2 or 3."""
    nat: NatMode
    """How private subnets reach the internet: not at all, through one gateway, or one in each zone."""
    flow_log_retention_days: RetentionDays = 90
    """Days for which the records of accepted and rejected traffic are kept."""


class AccessGrantSettings(Section):
    """A policy of EKS, for the cluster or for some namespaces."""

    policy: AccessPolicy
    """What the identity may do."""
    namespaces: tuple[Annotated[Text, checked(check_namespaces, "a namespace, or a pattern such as team-*")], ...] = ()
    """Empty: the whole cluster."""


class AccessEntrySettings(Section):
    """Who may use the cluster, and for what."""

    grants: Annotated[tuple[AccessGrantSettings, ...], Field(min_length=1)]
    """Each policy once."""
    principal_arn: Principal | None = None
    """An IAM role or user that exists; left out, a role is made."""
    trusted_principals: tuple[Principal, ...] = ()
    """IAM roles and users that may take the role that is made; empty: those of the account that IAM lets, with MFA."""

    @model_validator(mode="after")
    def _fits(self) -> AccessEntrySettings:
        policies = [grant.policy for grant in self.grants]
        if len(set(policies)) != len(policies):
            raise ValueError("each policy may be granted once; name all its namespaces in one grant")
        self.args()
        return self

    def args(self) -> AccessEntry:
        return AccessEntry(
            principal_arn=self.principal_arn,
            trusted_principals=self.trusted_principals,
            grants=[AccessGrant(policy=grant.policy, namespaces=grant.namespaces) for grant in self.grants],
        )


class ClusterSettings(Section):
    """``platform:cluster``: the EKS cluster."""

    version: Annotated[Text, checked(check_version, f"one of {', '.join(VERSIONS)}")]
    """Kubernetes version, in quotes."""
    public_access_cidrs: tuple[PublicNetwork, ...] = ()
    """Networks that reach the endpoint over the internet; empty: it is private only."""
    private_access_cidrs: tuple[PrivateNetwork, ...] = ()
    """Networks that reach the private endpoint: joined to the VPC, or subnets of it. Empty: only the nodes do."""
    access_role_arn: Role | None = None
    """IAM role that the kubeconfig takes to ask for tokens; left out: the caller's own identity asks.

    When several identities run Pulumi: the role that created the cluster, or one of an access entry with ClusterAdmin.
    """
    log_retention_days: RetentionDays = 90
    """Days for which the control plane's logs are kept."""
    access_entries: dict[Name, AccessEntrySettings] = Field(default_factory=dict)
    """Who may use the cluster, beside the identity that creates it and administers it."""
    addon_versions: Annotated[dict[str, Text], checked(check_addon_versions)] = Field(default_factory=dict)
    """Pinned versions of EKS add-ons; the others get EKS's default for the Kubernetes version, today's."""


class NodeGroupSettings(Section):
    """One of ``platform:nodeGroups``: machines of one kind."""

    instance_types: tuple[Annotated[Text, checked(check_instance_type, "an instance type such as m7i.large")], ...]
    """Types of one processor architecture, the preferred one first."""
    min_size: int
    """Nodes at least, 0 or more."""
    desired_size: int
    """Nodes to begin with; afterwards the size is the autoscaler's."""
    max_size: int
    """Nodes at most, 1 or more."""
    capacity_type: CapacityType = CapacityType.ON_DEMAND
    """How the machines are bought."""
    disk_gib: Annotated[int, within(DISK_GIB)] = 50
    """Size of each node's encrypted disk, in GiB."""
    labels: dict[LabelKey, LabelValue] = Field(default_factory=dict)
    """Labels of the nodes, for selectors of pods."""
    taints: tuple[Annotated[Text, checked(Taint.parse, "a taint such as gpu=nvidia:NoSchedule")], ...] = ()
    """In kubectl's notation, such as ``gpu=nvidia:NoSchedule``."""
    release_version: Text | None = None
    """Version of the machine image; left out: the newest one when the group is created."""

    @model_validator(mode="after")
    def _fits(self) -> NodeGroupSettings:
        check_sizes(self.min_size, self.desired_size, self.max_size)
        ami_type(self.instance_types)
        return self

    @property
    def takes_any_pod(self) -> bool:
        """Whether it begins with nodes that keep no pod away."""
        effects = {Taint.parse(taint).effect for taint in self.taints}
        return self.desired_size > 0 and effects <= {TaintEffect.PREFER_NO_SCHEDULE}
