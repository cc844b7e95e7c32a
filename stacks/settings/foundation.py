"""Settings of the account, the network, the cluster and its nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from components.bounds import RETENTION_DAYS, check_not_below, check_retention_days
from components.cluster import (
    ADDON_VERSION,
    MOST_PUBLIC_NETWORKS,
    PRIVATE_NETWORK,
    PUBLIC_NETWORK,
    VERSIONS,
    AccessEntry,
    AccessGrant,
    AccessPolicy,
    check_addon_name,
    check_addon_version,
    check_private_access,
    check_public_access,
    check_public_networks,
    check_version,
)
from components.labels import (
    LABEL_KEY,
    LABEL_VALUE,
    NAMESPACES,
    check_label_value,
    check_namespaces,
    check_node_label_key,
)
from components.network import (
    SERVICE_RANGE,
    SERVICE_RANGES,
    VPC_RANGE,
    ZONES,
    NatMode,
    check_apart,
    check_service_range,
    vpc_range,
)
from components.nodes import (
    DISK_GIB,
    INSTANCE_TYPE,
    INSTANCE_TYPES,
    MAX_SIZE,
    SIZE,
    TAINT,
    CapacityType,
    Taint,
    ami_type,
    check_instance_type,
    check_taints,
)
from components.refusals import Refusal
from components.regions import REGION, check_region
from stacks.settings.names import Name, Tags
from stacks.settings.section import ALLOWED, EACH_ONCE, NOT_EMPTY, UNIT, Rule, Section, Text, checked, matching, within

_PRINCIPAL = r"arn:aws[a-z-]*:iam::\d{12}:(role|user)/[\w+=,.@/-]+"
_ROLE = _PRINCIPAL.replace("(role|user)", "role")

Principal = Annotated[
    Text, matching(_PRINCIPAL, "an IAM role or user such as arn:aws:iam::123456789012:role/platform-admins")
]
Role = Annotated[Text, matching(_ROLE, "an IAM role such as arn:aws:iam::123456789012:role/platform-deploy")]
Account = Annotated[Text, matching(r"\d{12}", 'an AWS account by its 12 digits, in quotes, such as "123456789012"')]


def _check_retention(value: int) -> None:
    check_retention_days("it", value)


def _check_taint_texts(taints: Sequence[str]) -> None:
    check_taints([Taint.parse(taint) for taint in taints])


RetentionDays = Annotated[int, Rule(_check_retention, (("enum", list(RETENTION_DAYS)), (UNIT, "days")))]
PublicNetwork = Annotated[Text, checked(check_public_access, PUBLIC_NETWORK)]
PrivateNetwork = Annotated[Text, checked(check_private_access, PRIVATE_NETWORK)]
APART = Rule(check_apart, (("uniqueItems", True),))
"""Networks that do not overlap."""


class AwsSettings(Section):
    """``platform:aws``: where everything is built."""

    region: Annotated[Text, Rule(check_region, (("pattern", r"^[a-z]+(-[a-z]+)+-\d+$"), (ALLOWED, REGION)))]
    """Where everything is built. Another one replaces all of it."""
    allowed_account_ids: Annotated[tuple[Account, ...], EACH_ONCE] = ()
    """Accounts that this stack may be built in; empty: any. It keeps a stack out of the wrong account."""
    tags: Tags = Field(default_factory=dict)
    """Tags of every AWS resource, besides ``project``, ``stack`` and ``removal-policy``."""


class NetworkSettings(Section):
    """``platform:network``: the VPC and its subnets."""

    cidr: Annotated[Text, checked(vpc_range, VPC_RANGE)]
    """Addresses of the VPC."""
    zones: Annotated[int, within(ZONES, "zones")]
    """Availability zones, the first ones of the region by name."""
    nat: NatMode
    """How private subnets reach the internet: not at all, through one gateway, or one in each zone."""
    flow_log_retention_days: RetentionDays = 90
    """Days for which the records of accepted and rejected traffic are kept."""


class AccessGrantSettings(Section):
    """A policy of EKS, for the cluster or for some namespaces."""

    policy: AccessPolicy
    """What the identity may do."""
    namespaces: Annotated[tuple[Annotated[Text, checked(check_namespaces, NAMESPACES)], ...], EACH_ONCE] = ()
    """Empty: the whole cluster."""


def _check_policies_once(grants: Sequence[AccessGrantSettings]) -> None:
    policies = [grant.policy for grant in grants]
    for policy in policies:
        if policies.count(policy) > 1:
            raise Refusal(
                f"{policy} is granted twice",
                allowed="each policy once",
                fix="name all its namespaces in one grant",
            )


class AccessEntrySettings(Section):
    """Who may use the cluster, and for what."""

    grants: Annotated[tuple[AccessGrantSettings, ...], NOT_EMPTY, Rule(_check_policies_once)]
    """Each policy once."""
    principal_arn: Principal | None = None
    """An IAM role or user that exists; left out, a role is made."""
    trusted_principals: Annotated[tuple[Principal, ...], EACH_ONCE] = ()
    """IAM roles and users that may take the role that is made; empty: those of the account that IAM lets, with MFA."""

    @field_validator("trusted_principals")
    @classmethod
    def _of_a_role_that_is_made(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        AccessEntry(grants=(), principal_arn=info.data.get("principal_arn"), trusted_principals=value)
        return value

    def args(self) -> AccessEntry:
        return AccessEntry(
            principal_arn=self.principal_arn,
            trusted_principals=self.trusted_principals,
            grants=[AccessGrant(policy=grant.policy, namespaces=grant.namespaces) for grant in self.grants],
        )


class ClusterSettings(Section):
    """``platform:cluster``: the EKS cluster."""

    version: Annotated[Text, checked(check_version, f"{', '.join(VERSIONS)}, in quotes")]
    """Kubernetes version. EKS goes one minor version at a time, and never back."""
    public_access_cidrs: Annotated[
        tuple[PublicNetwork, ...], APART, Rule(check_public_networks, (("maxItems", MOST_PUBLIC_NETWORKS),))
    ] = ()
    """Networks that reach the endpoint over the internet; empty: it is private only."""
    private_access_cidrs: Annotated[tuple[PrivateNetwork, ...], APART] = ()
    """Networks that reach the private endpoint: joined to the VPC, or subnets of it. Empty: only the nodes do."""
    service_cidr: Annotated[Text, checked(check_service_range, SERVICE_RANGES)] = SERVICE_RANGE
    """Addresses of Services, apart from the VPC and what is joined to it. Another one replaces the cluster."""
    access_role_arn: Role | None = None
    """IAM role that the kubeconfig takes to ask for tokens; left out: the caller's own identity asks.

    When several identities run Pulumi: the role that created the cluster, or one of an access entry with ClusterAdmin.
    """
    log_retention_days: RetentionDays = 90
    """Days for which the control plane's logs are kept."""
    access_entries: dict[Name, AccessEntrySettings] = Field(default_factory=dict)
    """Who may use the cluster, beside the identity that creates it and administers it."""
    addon_versions: dict[
        Annotated[str, checked(check_addon_name, "an add-on of EKS such as coredns")],
        Annotated[Text, checked(check_addon_version, ADDON_VERSION)],
    ] = Field(default_factory=dict)
    """Pinned versions of EKS add-ons; the others get EKS's default for the Kubernetes version, today's."""

    @field_validator("access_entries")
    @classmethod
    def _identities_once(cls, value: dict[str, AccessEntrySettings]) -> dict[str, AccessEntrySettings]:
        names: dict[str, str] = {}
        for name, entry in value.items():
            if entry.principal_arn is None:
                continue
            if entry.principal_arn in names:
                raise Refusal(
                    f"{names[entry.principal_arn]} and {name} are one identity, {entry.principal_arn}",
                    allowed="each identity once",
                    fix="put all its grants into one entry",
                )
            names[entry.principal_arn] = name
        return value


class NodeGroupSettings(Section):
    """One of ``platform:nodeGroups``: machines of one kind."""

    instance_types: Annotated[
        tuple[Annotated[Text, checked(check_instance_type, INSTANCE_TYPE)], ...],
        NOT_EMPTY,
        EACH_ONCE,
        checked(ami_type, INSTANCE_TYPES),
    ]
    """Types of one processor architecture, the preferred one first."""
    min_size: Annotated[int, within(SIZE, "nodes")]
    """Nodes at least."""
    desired_size: Annotated[int, within(SIZE, "nodes")]
    """Nodes to begin with, not below minSize; afterwards the size is the autoscaler's."""
    max_size: Annotated[int, within(MAX_SIZE, "nodes")]
    """Nodes at most, not below desiredSize."""
    capacity_type: CapacityType = CapacityType.ON_DEMAND
    """How the machines are bought."""
    disk_gib: Annotated[int, within(DISK_GIB, "GiB")] = 50
    """Size of each node's encrypted disk."""
    labels: dict[
        Annotated[str, checked(check_node_label_key, LABEL_KEY)],
        Annotated[Text, checked(check_label_value, LABEL_VALUE)],
    ] = Field(default_factory=dict)
    """Labels of the nodes, for selectors of pods."""
    taints: Annotated[
        tuple[Annotated[Text, checked(Taint.parse, TAINT)], ...], EACH_ONCE, Rule(_check_taint_texts)
    ] = ()
    """In kubectl's notation, such as ``gpu=nvidia:NoSchedule``."""
    release_version: (
        Annotated[Text, matching(r"\d+\.\d+\.\d+-\d{8}", "a release of the cluster's version, such as 1.35.2-20261101")]
        | None
    ) = None
    """Version of the machine image; left out: the newest one when the group is created."""

    @field_validator("desired_size")
    @classmethod
    def _not_below_minimum(cls, value: int, info: ValidationInfo) -> int:
        check_not_below("desiredSize", value, "minSize", info.data.get("min_size", value))
        return value

    @field_validator("max_size")
    @classmethod
    def _not_below_others(cls, value: int, info: ValidationInfo) -> int:
        least = {"desiredSize": info.data.get("desired_size", value), "minSize": info.data.get("min_size", value)}
        for name, size in least.items():
            check_not_below("maxSize", value, name, size)
        return value
