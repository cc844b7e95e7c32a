"""The machines that pods run on."""

from components.nodes.images import ami_type, check_instance_type
from components.nodes.live import LiveGroups
from components.nodes.node_group import DISK_GIB, CapacityType, NodeGroup, NodeGroupArgs, check_sizes
from components.nodes.role import NodeRole
from components.nodes.taints import Taint, TaintEffect

__all__ = [
    "DISK_GIB",
    "CapacityType",
    "LiveGroups",
    "NodeGroup",
    "NodeGroupArgs",
    "NodeRole",
    "Taint",
    "TaintEffect",
    "ami_type",
    "check_instance_type",
    "check_sizes",
]
