"""The machines that pods run on."""

from components.nodes.images import INSTANCE_TYPE, INSTANCE_TYPES, ami_type, check_instance_type
from components.nodes.live import LiveGroups
from components.nodes.node_group import DISK_GIB, MAX_SIZE, SIZE, CapacityType, NodeGroup, NodeGroupArgs
from components.nodes.role import NodeRole
from components.nodes.taints import TAINT, Taint, TaintEffect, check_taints

__all__ = [
    "DISK_GIB",
    "INSTANCE_TYPE",
    "INSTANCE_TYPES",
    "MAX_SIZE",
    "SIZE",
    "TAINT",
    "CapacityType",
    "LiveGroups",
    "NodeGroup",
    "NodeGroupArgs",
    "NodeRole",
    "Taint",
    "TaintEffect",
    "ami_type",
    "check_instance_type",
    "check_taints",
]
