"""A group of equal nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import pulumi
import pulumi_aws as aws

from components.bounds import Range, check_not_below
from components.nodes.images import ami_type
from components.nodes.live import BOUNDS_TAG, LiveGroups, bounds_text
from components.nodes.taints import Taint, check_taints

SIZE = Range(0, 450)
"""EKS's quota of nodes in a group."""
MAX_SIZE = Range(1, SIZE.high)
"""A group that never has nodes is left out."""
DISK_GIB = Range(20, 16384)
"""Amazon Linux 2023 for EKS wants 20 GiB; gp3 volumes end at 16 TiB."""


class CapacityType(StrEnum):
    """How the instances are paid for."""

    ON_DEMAND = "OnDemand"
    SPOT = "Spot"
    """Spare capacity at a discount, taken back at two minutes' notice."""

    @property
    def in_eks(self) -> str:
        """EKS's own word for it."""
        return self.name


def check_sizes(minimum: int, desired: int, maximum: int) -> None:
    """Raise Refusal unless a group can have these sizes."""
    SIZE.check("minimum size", minimum)
    SIZE.check("desired size", desired)
    MAX_SIZE.check("maximum size", maximum)
    check_not_below("desired size", desired, "minimum size", minimum)
    check_not_below("maximum size", maximum, "desired size", desired)


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeGroupArgs:
    """Inputs of a NodeGroup. Raises Refusal when sizes, disk, taints or instance types do not fit."""

    cluster_name: pulumi.Input[str]
    kubernetes_version: str
    """That of the control plane: nodes follow it."""
    role_arn: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    """Private subnets; nodes are spread over their zones."""
    instance_types: Sequence[str]
    """Types of one processor architecture, the preferred one first."""
    min_size: int
    desired_size: int
    """Nodes to begin with. Afterwards the size is the autoscaler's, and this is not applied again (ADR 19)."""
    max_size: int
    live: LiveGroups | None = None
    """The groups that the cluster has now; None when that can't be known."""
    capacity_type: CapacityType = CapacityType.ON_DEMAND
    disk_gib: int = 50
    """Root volume in GiB, 20 to 16384."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    taints: Sequence[Taint] = ()
    release_version: str | None = None
    """Version of the machine image, such as ``1.35.2-20261101``; None takes the newest when the group is created."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """Tags of instances and volumes: a provider's default tags do not reach what a launch template makes."""

    def __post_init__(self) -> None:
        check_sizes(self.min_size, self.desired_size, self.max_size)
        DISK_GIB.check("disk_gib", self.disk_gib)
        ami_type(self.instance_types)
        check_taints(self.taints)


class NodeGroup(pulumi.ComponentResource):
    """An EKS managed node group with a launch template.

    Instance metadata takes session tokens (IMDSv2) and answers the node only, not its pods. Root volumes are encrypted.
    Nodes are replaced one by one when image, template or Kubernetes version change.
    """

    node_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: NodeGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:nodes:NodeGroup", name, None, opts)
        tags = {"Name": name, **args.tags}
        template = aws.ec2.LaunchTemplate(
            f"{name}-template",
            update_default_version=True,
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name="/dev/xvda",
                    ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        volume_type="gp3",
                        volume_size=args.disk_gib,
                        encrypted="true",
                        delete_on_termination="true",
                    ),
                )
            ],
            monitoring=aws.ec2.LaunchTemplateMonitoringArgs(enabled=True),
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=resource, tags=tags)
                for resource in ("instance", "volume", "network-interface")
            ],
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self),
        )
        live = args.live.size(f"{name}-nodes") if args.live else None
        settled = live is None or live.has_bounds(args.min_size, args.max_size)
        group = aws.eks.NodeGroup(
            f"{name}-nodes",
            version=args.kubernetes_version,
            cluster_name=args.cluster_name,
            node_role_arn=args.role_arn,
            subnet_ids=list(args.subnet_ids),
            ami_type=ami_type(args.instance_types),
            release_version=args.release_version,
            instance_types=list(args.instance_types),
            capacity_type=args.capacity_type.in_eks,
            launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                min_size=args.min_size,
                desired_size=live.within(args.min_size, args.max_size) if live else args.desired_size,
                max_size=args.max_size,
            ),
            update_config=aws.eks.NodeGroupUpdateConfigArgs(max_unavailable=1),
            labels=dict(args.labels),
            taints=[
                aws.eks.NodeGroupTaintArgs(key=taint.key, value=taint.value or None, effect=taint.effect.in_eks)
                for taint in args.taints
            ],
            tags={"Name": name, BOUNDS_TAG: bounds_text(args.min_size, args.max_size)},
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["scalingConfig.desiredSize"] if settled else None),
        )
        self.node_group_name = group.node_group_name
        self.register_outputs({"node_group_name": self.node_group_name})
