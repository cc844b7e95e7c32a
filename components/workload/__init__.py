"""The application in the cluster: what runs, how it scales and who may reach it."""

from components.workload.application import WebApplication
from components.workload.args import (
    AutoscalingArgs,
    ContainerResources,
    HttpProbe,
    ScalingRate,
    WebApplicationArgs,
    ZoneSpread,
)

__all__ = [
    "AutoscalingArgs",
    "ContainerResources",
    "HttpProbe",
    "ScalingRate",
    "WebApplication",
    "WebApplicationArgs",
    "ZoneSpread",
]
