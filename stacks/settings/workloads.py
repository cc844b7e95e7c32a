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
from stacks.settings.section import Section, checked, within

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


Label = Annotated[str, checked(_check_label)]


class IngressSettings(Section):
    """``platform:ingress``."""

    class_name: Label = "nginx"
    """Name of the IngressClass."""
    exposure: Exposure = Exposure.INTERNET_FACING
    allowed_cidrs: tuple[Annotated[str, checked(check_cidr)], ...] = ()
    """Networks that the load balancer takes connections from; empty: all."""
    replicas: Annotated[int, within(CONTROLLER_REPLICAS)] = 2
    plain_http: PlainHttp = PlainHttp.REDIRECT


class CertificatesSettings(Section):
    """``platform:certificates``. ``{}`` takes all defaults."""

    email: Annotated[str, checked(_check_email)] | None = None
    """Contact of the accounts with Let's Encrypt; it needs none."""


class Issuer(StrEnum):
    """Who signs the application's certificate."""

    STAGING = "Staging"
    """Let's Encrypt's test issuer: no browser trusts it, and its limits are generous."""
    PRODUCTION = "Production"


class ImageSettings(Section):
    """An image of the platform's own registry."""

    repository: Annotated[str, checked(check_repository)]
    """One of the registry's repositories."""
    tag: Annotated[str, checked(_check_tag)]


class ResourcesSettings(Section):
    """CPU and memory of a container, as Kubernetes writes quantities."""

    cpu_request: str = ContainerResources().cpu_request
    memory_request: str = ContainerResources().memory_request
    cpu_limit: str = ContainerResources().cpu_limit
    memory_limit: str = ContainerResources().memory_limit

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
    max_replicas: Annotated[int, within(REPLICAS)] = AutoscalingArgs().max_replicas
    cpu_percent: Annotated[int, within(PERCENT)] = AutoscalingArgs().cpu_percent
    memory_percent: Annotated[int, within(PERCENT)] = AutoscalingArgs().memory_percent

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
    """``platform:application``."""

    image: ImageSettings
    host: Annotated[str, checked(_check_host)]
    """DNS name that users reach it at."""
    name: Label = "app"
    namespace: Annotated[str, checked(_check_namespace)] = "application"
    """Made for the application alone."""
    issuer: Issuer = Issuer.PRODUCTION
    resources: ResourcesSettings = ResourcesSettings()
    autoscaling: AutoscalingSettings = AutoscalingSettings()
    zone_spread: ZoneSpread = ZoneSpread.REQUIRED
