"""The cluster's entrance: one load balancer, and behind it the controller that reads Ingress objects."""

from components.ingress.controller import IngressController, IngressControllerArgs
from components.ingress.values import ControllerResources, Exposure, GatewayApi, PlainHttp

__all__ = [
    "ControllerResources",
    "Exposure",
    "GatewayApi",
    "IngressController",
    "IngressControllerArgs",
    "PlainHttp",
]
