"""Settings of what runs in the cluster."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from components.bounds import check_not_below
from components.certificates.issuers import EMAIL, CertificateIssuersArgs
from components.ingress import CIDR, Exposure, IngressControllerArgs, PlainHttp, check_cidr
from components.ingress import REPLICAS as CONTROLLER_REPLICAS
from components.refusals import Refusal
from components.registry import REPOSITORY, check_repository
from components.workload import AutoscalingArgs, ContainerResources, ZoneSpread, checks
from components.workload.args import PERCENT, REPLICAS
from stacks.settings.foundation import APART
from stacks.settings.section import Rule, Section, Text, checked, matching, within

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_MOVING_TAG = "latest"
TAG = "a tag that names one build for ever, such as 1.4.2-3f9c2a1"
_TAKEN = (IngressControllerArgs().namespace, "cert-manager")
"""Namespaces that the controller and the add-on live in."""


def _check_tag(value: str) -> None:
    if _TAG.fullmatch(value) is None or value == _MOVING_TAG:
        moving = value == _MOVING_TAG
        raise Refusal(
            f"{value} may be another image tomorrow" if moving else "it is no tag",
            allowed=TAG,
            fix="give the tag that was built",
        )


def _check_email(value: str) -> None:
    CertificateIssuersArgs(ingress_class_name="any", email=value)


def _check_host(value: str) -> None:
    checks.check_host("host", value)


def _check_label(value: str) -> None:
    checks.check_label("name", value)


NAMESPACE = f"{checks.LABEL}; not {', '.join(_TAKEN)}, default and kube-*"


def _check_namespace(value: str) -> None:
    checks.check_namespace("namespace", value)
    if value in _TAKEN:
        raise Refusal(
            f"{value} is the namespace of another part of the platform",
            allowed=NAMESPACE,
            fix="give the application one of its own, such as application",
        )


Label = Annotated[Text, checked(_check_label, checks.LABEL)]


class IngressSettings(Section):
    """``platform:ingress``: Traefik, behind a network load balancer."""

    class_name: Label = "nginx"
    """Name of the IngressClass."""
    exposure: Exposure = Exposure.INTERNET_FACING
    """Who reaches the load balancer."""
    allowed_cidrs: Annotated[tuple[Annotated[Text, checked(check_cidr, CIDR)], ...], APART] = ()
    """Networks that the load balancer takes connections from; empty: all."""
    replicas: Annotated[int, within(CONTROLLER_REPLICAS, "pods")] = 2
    """Pods of the controller."""
    plain_http: PlainHttp = PlainHttp.REDIRECT
    """What becomes of requests without TLS."""


class CertificatesSettings(Section):
    """``platform:certificates``: cert-manager and its issuers. ``{}`` takes all defaults."""

    email: Annotated[Text, checked(_check_email, EMAIL)] | None = None
    """Contact of the accounts with Let's Encrypt; it needs none."""


class Issuer(StrEnum):
    """Who signs the application's certificate."""

    STAGING = "Staging"
    """Let's Encrypt's test issuer: no browser trusts it, and its limits are generous."""
    PRODUCTION = "Production"


class ImageSettings(Section):
    """An image of the platform's own registry."""

    repository: Annotated[Text, checked(check_repository, REPOSITORY)]
    """One of the registry's repositories."""
    tag: Annotated[Text, checked(_check_tag, TAG)]
    """Of one build; ``latest`` is refused."""


# Kubernetes takes bytes of CPU and thousandths of bytes too, and then finds no node that has as much, or as little.
Cpu = Annotated[
    Text,
    matching(
        r"(?=[\d.]*[1-9])\d{1,6}(\.\d{1,3})?m?",
        "cores such as 2 or 0.5, or thousandths such as 500m",
        "correct number or unit",
    ),
]
Memory = Annotated[
    Text,
    matching(
        r"(?=[\d.]*[1-9])\d{1,15}(\.\d{1,3})?([kMGT]|[KMGT]i)?",
        f"a quantity such as 512Mi or 2Gi, at least {checks.LEAST_MEMORY}",
        "correct number or unit",
    ),
    Rule(checks.check_memory),
]


class ResourcesSettings(Section):
    """CPU and memory of a container, as Kubernetes writes quantities."""

    cpu_request: Cpu = ContainerResources().cpu_request
    """CPU that is kept for it: cores, or thousandths such as ``100m``."""
    memory_request: Memory = ContainerResources().memory_request
    """Memory that is kept for it, such as ``256Mi``."""
    cpu_limit: Annotated[Cpu, Field(validate_default=True)] = ContainerResources().cpu_limit
    """CPU at most, not below cpuRequest."""
    memory_limit: Annotated[Memory, Field(validate_default=True)] = ContainerResources().memory_limit
    """Memory at most, not below memoryRequest: a container that takes more is ended."""

    @field_validator("cpu_limit", "memory_limit")
    @classmethod
    def _not_below_request(cls, value: str, info: ValidationInfo) -> str:
        resource = str(info.field_name).removesuffix("_limit")
        request = info.data.get(f"{resource}_request", value)
        if checks.quantity("limit", value) < checks.quantity("request", request):
            raise Refusal(
                f"{resource}Limit is {value}, below {resource}Request, which is {request}",
                allowed=f"{request} or more",
                fix=f"raise {resource}Limit or lower {resource}Request",
            )
        return value

    def args(self) -> ContainerResources:
        return ContainerResources(
            cpu_request=self.cpu_request,
            memory_request=self.memory_request,
            cpu_limit=self.cpu_limit,
            memory_limit=self.memory_limit,
        )


class AutoscalingSettings(Section):
    """How many replicas run, and when that changes."""

    min_replicas: Annotated[int, within(REPLICAS, "pods")] = AutoscalingArgs().min_replicas
    """Pods at least."""
    max_replicas: Annotated[int, within(REPLICAS, "pods"), Field(validate_default=True)] = (
        AutoscalingArgs().max_replicas
    )
    """Pods at most, not below minReplicas."""
    cpu_percent: Annotated[int, within(PERCENT, "percent")] = AutoscalingArgs().cpu_percent
    """Average use of the requested CPU above which pods are added."""
    memory_percent: Annotated[int, within(PERCENT, "percent")] = AutoscalingArgs().memory_percent
    """Average use of the requested memory above which pods are added."""

    @field_validator("max_replicas")
    @classmethod
    def _not_below_minimum(cls, value: int, info: ValidationInfo) -> int:
        check_not_below("maxReplicas", value, "minReplicas", info.data.get("min_replicas", value))
        return value

    def args(self) -> AutoscalingArgs:
        return AutoscalingArgs(
            min_replicas=self.min_replicas,
            max_replicas=self.max_replicas,
            cpu_percent=self.cpu_percent,
            memory_percent=self.memory_percent,
        )


class ApplicationSettings(Section):
    """``platform:application``: the web application."""

    image: ImageSettings
    """What runs."""
    host: Annotated[Text, checked(_check_host, checks.HOST)]
    """DNS name that users reach it at."""
    name: Label = "app"
    """Name of its objects."""
    namespace: Annotated[Text, checked(_check_namespace, NAMESPACE)] = "application"
    """Made for the application alone."""
    issuer: Issuer = Issuer.PRODUCTION
    """Who signs its certificate."""
    resources: ResourcesSettings = ResourcesSettings()
    """CPU and memory of each pod."""
    autoscaling: AutoscalingSettings = AutoscalingSettings()
    """Between which numbers of pods, and when."""
    zone_spread: ZoneSpread = ZoneSpread.REQUIRED
    """Whether pods wait rather than crowd into one zone."""
