"""What runs in the cluster."""

from __future__ import annotations

import pulumi

from components.certificates import CertificateIssuers, CertificateIssuersArgs
from components.ingress import IngressController, IngressControllerArgs
from components.storage import DefaultStorageClass
from components.workload import WebApplication, WebApplicationArgs
from stacks.services import Services
from stacks.settings import Settings
from stacks.settings.workloads import Issuer


def build_workloads(
    settings: Settings, services: Services, opts: pulumi.ResourceOptions
) -> dict[str, pulumi.Input[object]]:
    """Build what the settings name, with a Kubernetes provider in ``opts``. Returns outputs of the stack."""
    outputs: dict[str, pulumi.Input[object]] = {}
    if settings.node_groups:
        DefaultStorageClass("storage", opts)
    if settings.ingress is None:
        return outputs
    ingress = IngressController(
        "ingress",
        IngressControllerArgs(
            class_name=settings.ingress.class_name,
            exposure=settings.ingress.exposure,
            allowed_cidrs=settings.ingress.allowed_cidrs,
            replicas=settings.ingress.replicas,
            plain_http=settings.ingress.plain_http,
        ),
        opts,
    )
    outputs["loadBalancer"] = ingress.load_balancer_hostname
    if settings.certificates is None:
        return outputs
    issuers = CertificateIssuers(
        "certificates",
        CertificateIssuersArgs(ingress_class_name=ingress.class_name, email=settings.certificates.email),
        opts,
    )
    application, registry = settings.application, services.registry
    cache, database = services.cache, services.database
    # The settings let no application through without the other three.
    if application is None or registry is None or cache is None or database is None:
        return outputs
    repository = registry.repository_urls[application.image.repository]
    outputs["applicationUrl"] = WebApplication(
        "application",
        WebApplicationArgs(
            application=application.name,
            namespace=application.namespace,
            image=pulumi.Output.concat(repository, ":", application.image.tag),
            host=application.host,
            database_url=database.url,
            redis_url=cache.url,
            redis_password=cache.token,
            ingress_class=ingress.class_name,
            ingress_namespace=ingress.namespace,
            cluster_issuer=issuers.staging if application.issuer is Issuer.STAGING else issuers.production,
            resources=application.resources.args(),
            autoscaling=application.autoscaling.args(),
            zone_spread=application.zone_spread,
        ),
        opts,
    ).url
    return outputs
