"""The ingress controller and its load balancer."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network

import pulumi
import pulumi_kubernetes as k8s
from pulumi_kubernetes.core.v1 import outputs as core

from components.bounds import Range
from components.ingress import values
from components.namespaces import PodSecurity, deny_ingress, pod_security_labels
from components.network import check_apart
from components.refusals import Refusal

REPLICAS = Range(2, 100)
CIDR = "IPv4 networks such as 203.0.113.0/24, without host bits"
_RELEASE = "traefik"
_LABELS = {"app.kubernetes.io/part-of": "platform", "app.kubernetes.io/managed-by": "pulumi"}
_INSTALL_SECONDS = 300
_REVISIONS_KEPT = 5


def check_cidr(cidr: str) -> None:
    """Raise Refusal when the load balancer, which has IPv4 addresses only, does not take this network."""
    try:
        IPv4Network(cidr)
    except ValueError as error:
        raise Refusal(
            f"{cidr!r} is no IPv4 network: {error}",
            allowed=CIDR,
            fix="name the IPv4 network that they come from" if ":" in cidr else "correct the network",
        ) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class IngressControllerArgs:
    """Inputs of an IngressController. Raises Refusal when replicas or a CIDR is not allowed."""

    class_name: str = "nginx"
    """Name of the IngressClass to create; Ingress objects select the controller by it."""
    namespace: str = "ingress"
    """Namespace to create; it enforces Pod Security ``restricted``."""
    exposure: values.Exposure = values.Exposure.INTERNET_FACING
    allowed_cidrs: tuple[str, ...] = ()
    """Networks the load balancer takes connections from; none named means all. Let's Encrypt comes from anywhere."""
    replicas: int = 2
    """Controller pods, 2 to 100: a single one would be lost with its node."""
    resources: values.ControllerResources = field(default_factory=values.ControllerResources)
    plain_http: values.PlainHttp = values.PlainHttp.REDIRECT

    def __post_init__(self) -> None:
        REPLICAS.check("replicas", self.replicas)
        for cidr in self.allowed_cidrs:
            check_cidr(cidr)
        check_apart(self.allowed_cidrs)


class IngressController(pulumi.ComponentResource):
    """Traefik behind a network load balancer, serving the IngressClass ``class_name``.

    It understands the annotations of ingress-nginx, which is retired. The load balancer belongs to a Service of its
    own, not to the chart: so it is deleted, and waited for, before the controller goes. Its namespace lets in what the
    controller serves, and nothing else. It owns no DNS record and no certificate.
    """

    class_name: pulumi.Output[str]
    """The IngressClass, known once the controller runs: an Ingress that takes it from here waits for that."""
    namespace: pulumi.Output[str]
    load_balancer_hostname: pulumi.Output[str | None]
    """DNS name to point the applications' host names at; None as long as the load balancer has none."""

    def __init__(self, name: str, args: IngressControllerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:ingress:IngressController", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = k8s.core.v1.Namespace(
            f"{name}-namespace",
            metadata={"name": args.namespace, "labels": {**_LABELS, **pod_security_labels(PodSecurity.RESTRICTED)}},
            opts=child,
        )
        allowed = k8s.networking.v1.NetworkPolicy(
            f"{name}-allow-clients",
            metadata={"name": "allow-clients", "namespace": namespace.metadata.name, "labels": _LABELS},
            spec=values.network_policy_spec(),
            opts=child,
        )
        k8s.networking.v1.NetworkPolicy(
            f"{name}-deny-ingress",
            metadata={"name": "deny-ingress", "namespace": namespace.metadata.name, "labels": _LABELS},
            spec=deny_ingress(),
            # The other way round a cluster that is up would turn its clients away for a moment.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
        )
        release = k8s.helm.v3.Release(
            f"{name}-release",
            name=_RELEASE,
            namespace=namespace.metadata.name,
            chart=values.CHART,
            version=values.CHART_VERSION,
            repository_opts={"repo": values.CHART_REPOSITORY},
            timeout=_INSTALL_SECONDS,
            max_history=_REVISIONS_KEPT,
            cleanup_on_fail=True,
            values=values.chart_values(
                class_name=args.class_name,
                service=_RELEASE,
                namespace=args.namespace,
                replicas=args.replicas,
                resources=args.resources,
                plain_http=args.plain_http,
            ),
            opts=child,
        )
        behind = pulumi.ResourceOptions(parent=self, depends_on=[release])
        service = k8s.core.v1.Service(
            f"{name}-load-balancer",
            metadata={
                "name": _RELEASE,
                "namespace": namespace.metadata.name,
                "labels": _LABELS,
                "annotations": values.service_annotations(args.exposure),
            },
            spec=values.service_spec(args.allowed_cidrs),
            # A Service without ready pods counts as not ready.
            opts=behind,
        )
        ingress_class = k8s.networking.v1.IngressClass(
            f"{name}-class",
            metadata={"name": args.class_name, "labels": _LABELS},
            spec={"controller": values.NGINX_CONTROLLER},
            opts=behind,
        )
        self.namespace = namespace.metadata.name
        self.class_name = pulumi.Output.all(ingress_class.metadata.name, service.id).apply(lambda ready: str(ready[0]))
        self.load_balancer_hostname = service.status.apply(_address)
        self.register_outputs(
            {
                "class_name": self.class_name,
                "namespace": self.namespace,
                "load_balancer_hostname": self.load_balancer_hostname,
            }
        )


def _address(status: core.ServiceStatus | None) -> str | None:
    """AWS gives a name, other places an address."""
    balancer = status.load_balancer if status else None
    entries = balancer.ingress if balancer else None
    return (entries[0].hostname or entries[0].ip) if entries else None
