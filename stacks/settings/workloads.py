"""Settings of what runs in the cluster."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import model_validator

from components.certificates.issuers import CertificateIssuersArgs
from components.ingress import REPLICAS as CONTROLLER_REPLICAS
from components.ingress import Exposure, IngressControllerArgs, PlainHttp, check_cidr
from components.registry import check_repository
from components.workload import AutoscalingArgs, ContainerResources, ZoneSpread, checks
from components.workload.args import PERCENT, REPLICAS
from stacks.settings.section import ALLOWED, Rule, Section, Text, checked, within

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_MOVING_TAG = "latest"
_TAKEN = (IngressControllerArgs().namespace, "cert-manager")
"""Namespaces that the controller and the add-on live in."""


def _check_tag(value: str) -> None:
    if _TAG.fullmatch(value) is None or value == _MOVING_TAG:
        raise ValueError("allowed is a tag that names one build for ever, such as 1.4.2-3f9c2a1")


def _check_email(value: str) -> None:
    CertificateIssuersArgs(ingress_class_name="any", email=value)


def _check_host(value: str) -> None:
    checks.check_host("host", value)


def _check_label(value: str) -> None:
    checks.check_label("name", value)


def _check_namespace(value: str) -> None:
    checks.check_namespace("namespace", value)
    if value in _TAKEN:
        raise ValueError(
            f"{value} is the namespace of another part of the platform; give the application one of its own"
        )


Label = Annotated[Text, checked(_check_label, "a name of up to 63 of a-z, 0-9 and -")]


class IngressSettings(Section):
    """``platform:ingress``: Traefik, behind a network load balancer."""

    class_name: Label = "nginx"
    """Name of the IngressClass."""
    exposure: Exposure = Exposure.INTERNET_FACING
    """Who reaches the load balancer."""
    allowed_cidrs: tuple[Annotated[Text, checked(check_cidr, "a network such as 203.0.113.0/24")], ...] = ()
    """Networks that the load balancer takes connections from; empty: all."""
    replicas: Annotated[int, within(CONTROLLER_REPLICAS)] = 2
    """Pods of the controller."""
    plain_http: PlainHttp = PlainHttp.REDIRECT
    """What becomes of requests without TLS."""


class CertificatesSettings(Section):
    """``platform:certificates``: cert-manager and its issuers. ``{}`` takes all defaults."""

    email: Annotated[Text, checked(_check_email, "an address such as platform@example.com")] | None = None
    """Contact of the accounts with Let's Encrypt; it needs none."""


class Issuer(StrEnum):
    """Who signs the application's certificate."""

    STAGING = "Staging"
    """Let's Encrypt's test issuer: no browser trusts it, and its limits are generous."""
    PRODUCTION = "Production"


class ImageSettings(Section):
    """An image of the platform's own registry."""

    repository: Annotated[Text, checked(check_repository, "the name of a repository, such as shop/web")]
    """One of the registry's repositories."""
    tag: Annotated[Text, checked(_check_tag, "a tag that names one build for ever, such as 1.4.2-3f9c2a1")]
    """Of one build; ``latest`` is refused."""


Cpu = Annotated[Text, Rule(lambda _: None, ((ALLOWED, "cores such as 2 or 0.5, or thousandths such as 500m"),))]
Memory = Annotated[Text, Rule(lambda _: None, ((ALLOWED, "a quantity such as 512Mi or 2Gi"),))]


class ResourcesSettings(Section):
    """CPU and memory of a container, as Kubernetes writes quantities."""

    cpu_request: Cpu = ContainerResources().cpu_request
    """CPU that is kept for it: cores, or thousandths such as ``100m``."""
    memory_request: Memory = ContainerResources().memory_request
    """Memory that is kept for it, such as ``256Mi``."""
    cpu_limit: Cpu = ContainerResources().cpu_limit
    """CPU at most."""
    memory_limit: Memory = ContainerResources().memory_limit
    """Memory at most: a container that takes more is ended."""

    @model_validator(mode="after")
    def _fits(self) -> ResourcesSettings:
        self.args()
        return self

    def args(self) -> ContainerResources:
        return ContainerResources(
            cpu_request=self.cpu_request,
            memory_request=self.memory_request,
            cpu_limit=self.cpu_limit,
            memory_limit=self.memory_limit,
        )


class AutoscalingSettings(Section):
    """How many replicas run, and when that changes."""

    min_replicas: Annotated[int, within(REPLICAS)] = AutoscalingArgs().min_replicas
    """Pods at least."""
    max_replicas: Annotated[int, within(REPLICAS)] = AutoscalingArgs().max_replicas
    """Pods at most."""
    cpu_percent: Annotated[int, within(PERCENT)] = AutoscalingArgs().cpu_percent
    """Average use of the requested CPU, in percent, above which pods are added."""
    memory_percent: Annotated[int, within(PERCENT)] = AutoscalingArgs().memory_percent
    """Average use of the requested memory, in percent, above which pods are added."""

    @model_validator(mode="after")
    def _fits(self) -> AutoscalingSettings:
        self.args()
        return self

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
    host: Annotated[Text, checked(_check_host, "a DNS name such as app.example.com")]
    """DNS name that users reach it at."""
    name: Label = "app"
    """Name of its objects."""
    namespace: Annotated[Text, checked(_check_namespace, "a namespace's name that no other part has")] = "application"
    """Made for the application alone."""
    issuer: Issuer = Issuer.PRODUCTION
    """Who signs its certificate."""
    resources: ResourcesSettings = ResourcesSettings()
    """CPU and memory of each pod."""
    autoscaling: AutoscalingSettings = AutoscalingSettings()
    """Between which numbers of pods, and when."""
    zone_spread: ZoneSpread = ZoneSpread.REQUIRED
    """Whether pods wait rather than crowd into one zone."""
