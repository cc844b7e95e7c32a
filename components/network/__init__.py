"""The network that everything else stands in."""

from components.network.network import Network, NetworkArgs
from components.network.ranges import (
    PRIVATE_BLOCKS,
    SERVICE_RANGE,
    SERVICE_RANGES,
    check_apart,
    check_service_range,
    overlapping,
)
from components.network.routing import NatMode
from components.network.service_access import ServiceAccess, ServiceAccessArgs
from components.network.subnets import (
    VPC_RANGE,
    ZONES,
    SubnetPlan,
    check_zones,
    pick_zones,
    subnet_plan,
    vpc_range,
)
from components.network.zones import ZONE_FILTERS, ZONES_WITHOUT_EKS

__all__ = [
    "PRIVATE_BLOCKS",
    "SERVICE_RANGE",
    "SERVICE_RANGES",
    "VPC_RANGE",
    "ZONES",
    "ZONES_WITHOUT_EKS",
    "ZONE_FILTERS",
    "NatMode",
    "Network",
    "NetworkArgs",
    "ServiceAccess",
    "ServiceAccessArgs",
    "SubnetPlan",
    "check_apart",
    "check_service_range",
    "check_zones",
    "overlapping",
    "pick_zones",
    "subnet_plan",
    "vpc_range",
]
