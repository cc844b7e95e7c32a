"""The network that everything else stands in."""

from components.network.network import Network, NetworkArgs
from components.network.routing import NatMode
from components.network.service_access import ServiceAccess, ServiceAccessArgs
from components.network.subnets import ZONES, SubnetPlan, pick_zones, subnet_plan, vpc_range

__all__ = [
    "ZONES",
    "NatMode",
    "Network",
    "NetworkArgs",
    "ServiceAccess",
    "ServiceAccessArgs",
    "SubnetPlan",
    "pick_zones",
    "subnet_plan",
    "vpc_range",
]
