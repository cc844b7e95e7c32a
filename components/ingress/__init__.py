"""The cluster's entrance: one load balancer, and behind it the controller that reads Ingress objects."""

from components.ingress.controller import CIDR, REPLICAS, IngressController, IngressControllerArgs, check_cidr
from components.ingress.values import ControllerResources, Exposure, PlainHttp

__all__ = [
    "CIDR",
    "REPLICAS",
    "ControllerResources",
    "Exposure",
    "IngressController",
    "IngressControllerArgs",
    "PlainHttp",
    "check_cidr",
]
