"""Settings of the account, the network, the cluster and its nodes."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, model_validator

from components.bounds import check_retention_days
from components.cluster import (
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
from stacks.settings.section import Section, checked, within

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ACCOUNT = re.compile(r"\d{12}")
_PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:(role|user)/[\w+=,.@/-]+")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")


def _check_region(value: str) -> None:
    if _REGION.fullmatch(value) is None:
        raise ValueError("allowed is an AWS region such as eu-central-1")


def _check_account(value: str) -> None:
    if _ACCOUNT.fullmatch(value) is None:
        raise ValueError('allowed are the 12 digits of an AWS account, in quotes, such as "123456789012"')


def _check_principal(value: str) -> None:
    if _PRINCIPAL.fullmatch(value) is None:
        raise ValueError("allowed is an IAM role or user such as arn:aws:iam::123456789012:role/platform-admins")


def _check_role(value: str) -> None:
    if _PRINCIPAL.fullmatch(value) is None or ":role/" not in value:
        raise ValueError("allowed is an IAM role such as arn:aws:iam::123456789012:role/platform-deploy")


def _check_name(value: str) -> None:
    if _NAME.fullmatch(value) is None:
        raise ValueError(f"{value!r}: names begin with a lower-case letter, and have up to 20 of a-z, 0-9 and -")


def _check_retention(value: int) -> None:
    check_retention_days("retention", value)


Name = Annotated[str, checked(_check_name)]
"""Name of one of several things of a kind; part of the names of what is built for it."""
RetentionDays = Annotated[int, checked(_check_retention)]
LabelKey = Annotated[str, checked(check_node_label_key)]
LabelValue = Annotated[str, checked(check_label_value)]


class AwsSettings(Section):
    """``platform:aws``: where everything is built."""

    region: Annotated[str, checked(_check_region)]
    allowed_account_ids: tuple[Annotated[str, checked(_check_account)], ...] = ()
    """Accounts that this stack may be built in; empty: any. It keeps a stack out of the wrong account."""
    tags: dict[str, str] = Field(default_factory=dict)
    """Tags of every AWS resource, besides ``project`` and ``stack``."""


class NetworkSettings(Section):
    """``platform:network``."""

    cidr: Annotated[str, checked(vpc_range)]
    """Addresses of the VPC: a private range from /16 to /20."""
    zones: Annotated[int, within(ZONES)]
    """Availability zones, 2 or 3."""
    nat: NatMode
    """How private subnets reach the internet."""
    flow_log_retention_days: RetentionDays = 90


class AccessGrantSettings(Section):
    """A policy of EKS, for the cluster or for some namespaces."""

    policy: AccessPolicy
    namespaces: tuple[Annotated[str, checked(check_namespaces)], ...] = ()
    """Empty: the whole cluster."""


class AccessEntrySettings(Section):
    """Who may use the cluster, and for what."""

    grants: Annotated[tuple[AccessGrantSettings, ...], Field(min_length=1)]
    principal_arn: Annotated[str, checked(_check_principal)] | None = None
    """An IAM role or user that exists; left out, a role is made."""
    trusted_principals: tuple[Annotated[str, checked(_check_principal)], ...] = ()
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
    """``platform:cluster``."""

    version: Annotated[str, checked(check_version)]
    """Kubernetes version, in quotes."""
    public_access_cidrs: tuple[Annotated[str, checked(check_public_access)], ...] = ()
    """Networks that reach the endpoint over the internet; empty: it is private only."""
    private_access_cidrs: tuple[Annotated[str, checked(check_private_access)], ...] = ()
    """Networks that reach the private endpoint: joined to the VPC, or subnets of it. Empty: only the nodes do."""
    access_role_arn: Annotated[str, checked(_check_role)] | None = None
    """IAM role that the kubeconfig takes to ask for tokens; left out: the caller's own identity asks.

    When several identities run Pulumi: the role that created the cluster, or one of an access entry with ClusterAdmin.
    """
    log_retention_days: RetentionDays = 90
    access_entries: dict[Name, AccessEntrySettings] = Field(default_factory=dict)
    """Who may use the cluster, beside the identity that creates it and administers it."""
    addon_versions: Annotated[dict[str, str], checked(check_addon_versions)] = Field(default_factory=dict)
    """Pinned versions of EKS add-ons; the others get EKS's default for the Kubernetes version, today's."""


class NodeGroupSettings(Section):
    """One of ``platform:nodeGroups``."""

    instance_types: tuple[Annotated[str, checked(check_instance_type)], ...]
    """Types of one processor architecture, the preferred one first."""
    min_size: int
    desired_size: int
    """Nodes to begin with; afterwards the size is the autoscaler's."""
    max_size: int
    capacity_type: CapacityType = CapacityType.ON_DEMAND
    disk_gib: Annotated[int, within(DISK_GIB)] = 50
    labels: dict[LabelKey, LabelValue] = Field(default_factory=dict)
    taints: tuple[Annotated[str, checked(Taint.parse)], ...] = ()
    """In kubectl's notation, such as ``gpu=nvidia:NoSchedule``."""
    release_version: str | None = None
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
