"""A stateless web application and all that belongs to it in the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as k8s

from components.namespaces import PodSecurity, deny_ingress, pod_security_labels
from components.workload import checks, pods, rollout, scaling, traffic
from components.workload.args import WebApplicationArgs

if TYPE_CHECKING:
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

_ROLLOUT_DEADLINE_SECONDS = 300
_MIN_READY_SECONDS = 10
_REVISIONS_KEPT = 5


class WebApplication(pulumi.ComponentResource):
    """An application behind an Ingress: rolled without downtime, scaled by load, spread over nodes and zones.

    It creates its namespace, which admits only pods that meet Pod Security ``restricted``. It owns neither the ingress
    controller nor the issuer, nor what its URLs point to. The number of replicas is the autoscaler's after the first
    deployment.
    """

    url: pulumi.Output[str]
    """Where users reach it, with scheme."""
    namespace: pulumi.Output[str]
    service_account: pulumi.Output[str]
    """Name of the pods' ServiceAccount, for Pod Identity associations."""
    deployment: pulumi.Output[str]

    def __init__(self, name: str, args: WebApplicationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:workload:WebApplication", name, None, opts)
        selector = {"app.kubernetes.io/name": args.application}
        labels = {
            **selector,
            "app.kubernetes.io/component": "web",
            "app.kubernetes.io/part-of": "platform",
            "app.kubernetes.io/managed-by": "pulumi",
        }
        child = pulumi.ResourceOptions(parent=self)
        namespace = k8s.core.v1.Namespace(
            f"{name}-namespace",
            metadata={"name": args.namespace, "labels": {**labels, **pod_security_labels(PodSecurity.RESTRICTED)}},
            opts=child,
        )
        frame = _Frame(name, args, namespace.metadata.name, selector, labels, child)
        _policies(frame)
        account = k8s.core.v1.ServiceAccount(
            f"{name}-service-account",
            metadata=frame.metadata(args.application),
            automount_service_account_token=args.automount_token,
            opts=child,
        )
        deployment = _deployment(frame, account.metadata.name)
        _availability(frame, deployment.metadata.name)
        _entrance(frame)
        self.url = pulumi.Output.from_input(f"https://{args.host}/")
        self.namespace = frame.namespace
        self.service_account = account.metadata.name
        self.deployment = deployment.metadata.name
        self.register_outputs(
            {
                "url": self.url,
                "namespace": self.namespace,
                "service_account": self.service_account,
                "deployment": self.deployment,
            }
        )


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all objects of one application have in common."""

    name: str
    """Logical name of the component, before those of its children."""
    args: WebApplicationArgs
    namespace: pulumi.Output[str]
    selector: Mapping[str, str]
    """Labels that tell the application's pods from all others."""
    labels: Mapping[str, str]
    child: pulumi.ResourceOptions

    def metadata(self, object_name: str) -> ObjectMetaArgsDict:
        return {"name": object_name, "namespace": self.namespace, "labels": self.labels}


def _policies(frame: _Frame) -> None:
    name, args = frame.name, frame.args
    k8s.networking.v1.NetworkPolicy(
        f"{name}-deny-ingress",
        metadata=frame.metadata("deny-ingress"),
        spec=deny_ingress(),
        opts=frame.child,
    )
    k8s.networking.v1.NetworkPolicy(
        f"{name}-allow-ingress-controller",
        metadata=frame.metadata("allow-ingress-controller"),
        spec=traffic.allow_ingress(frame.selector, from_namespace=args.ingress_namespace),
        opts=frame.child,
    )
    # Without it no certificate is ever issued: the challenge's pods run in this namespace.
    k8s.networking.v1.NetworkPolicy(
        f"{name}-allow-acme-challenge",
        metadata=frame.metadata("allow-acme-challenge"),
        spec=traffic.allow_ingress(
            traffic.CHALLENGE_LABELS, from_namespace=args.ingress_namespace, port=traffic.CHALLENGE_PORT
        ),
        opts=frame.child,
    )


def _deployment(frame: _Frame, service_account: pulumi.Output[str]) -> k8s.apps.v1.Deployment:
    name, args = frame.name, frame.args
    settings = {
        pods.REDIS_URL_KEY: pulumi.Output.from_input(args.redis_url).apply(
            lambda url: checks.check_url_without_credentials("redis_url", url)
        )
    }
    secrets = {pods.DATABASE_URL_KEY: pulumi.Output.secret(args.database_url)}
    if args.redis_password is not None:
        secrets[pods.REDIS_PASSWORD_KEY] = pulumi.Output.secret(args.redis_password)
    config_map = k8s.core.v1.ConfigMap(
        f"{name}-config", metadata=frame.metadata("app-config"), data=settings, opts=frame.child
    )
    secret = k8s.core.v1.Secret(
        f"{name}-secrets",
        metadata=frame.metadata("app-secrets"),
        type="Opaque",
        string_data=secrets,
        opts=frame.child,
    )
    salt = f"{args.namespace}/app-secrets"
    marks = {
        "platform/config-checksum": pulumi.Output.all(**settings).apply(rollout.checksum),
        # Public by construction, so that a change of it can be read in a preview.
        "platform/secrets-fingerprint": pulumi.Output.unsecret(
            pulumi.Output.all(**secrets).apply(lambda data: rollout.fingerprint(data, salt=salt))
        ),
    }
    return k8s.apps.v1.Deployment(
        f"{name}-deployment",
        metadata=frame.metadata(args.application),
        spec={
            "replicas": args.autoscaling.min_replicas,
            "revision_history_limit": _REVISIONS_KEPT,
            "progress_deadline_seconds": _ROLLOUT_DEADLINE_SECONDS,
            "min_ready_seconds": _MIN_READY_SECONDS,
            "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": 1, "max_unavailable": 0}},
            "selector": {"match_labels": frame.selector},
            "template": {
                "metadata": {"labels": frame.labels, "annotations": marks},
                "spec": pods.pod_spec(
                    args,
                    selector=frame.selector,
                    service_account=service_account,
                    config_map=config_map.metadata.name,
                    secret=secret.metadata.name,
                ),
            },
        },
        # The autoscaler sets them from the first minute on: an update must not set them back.
        opts=pulumi.ResourceOptions.merge(frame.child, pulumi.ResourceOptions(ignore_changes=["spec.replicas"])),
    )


def _availability(frame: _Frame, deployment: pulumi.Output[str]) -> None:
    name, args = frame.name, frame.args
    k8s.autoscaling.v2.HorizontalPodAutoscaler(
        f"{name}-autoscaler",
        metadata=frame.metadata(args.application),
        spec=scaling.autoscaler_spec(args.autoscaling, deployment=deployment),
        opts=frame.child,
    )
    k8s.policy.v1.PodDisruptionBudget(
        f"{name}-disruption-budget",
        metadata=frame.metadata(args.application),
        spec=scaling.disruption_budget_spec(frame.selector),
        opts=frame.child,
    )


def _entrance(frame: _Frame) -> None:
    name, args = frame.name, frame.args
    service = k8s.core.v1.Service(
        f"{name}-service",
        metadata=frame.metadata(args.application),
        spec=traffic.service_spec(frame.selector),
        opts=frame.child,
    )
    k8s.networking.v1.Ingress(
        f"{name}-ingress",
        metadata={
            **frame.metadata(args.application),
            "annotations": traffic.ingress_annotations(args.cluster_issuer),
        },
        spec=traffic.ingress_spec(
            host=args.host,
            ingress_class=args.ingress_class,
            tls_secret=f"{args.application}-tls",
            service=service.metadata.name,
        ),
        opts=frame.child,
    )
