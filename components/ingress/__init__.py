"""The cluster's entrance: one load balancer, and behind it the controller that reads Ingress objects."""

from components.ingress.controller import REPLICAS, IngressController, IngressControllerArgs, check_cidr
from components.ingress.values import ControllerResources, Exposure, PlainHttp

__all__ = [
    "REPLICAS",
    "ControllerResources",
    "Exposure",
    "IngressController",
    "IngressControllerArgs",
    "PlainHttp",
    "check_cidr",
]
