"""A stateless web application and all that belongs to it in the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as k8s

from components.namespaces import PodSecurity, pod_security_labels
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
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._selector = {"app.kubernetes.io/name": args.application}
        self._labels = {
            **self._selector,
            "app.kubernetes.io/component": "web",
            "app.kubernetes.io/part-of": "platform",
            "app.kubernetes.io/managed-by": "pulumi",
        }

        namespace = k8s.core.v1.Namespace(
            f"{name}-namespace",
            metadata={
                "name": args.namespace,
                "labels": {**self._labels, **pod_security_labels(PodSecurity.RESTRICTED)},
            },
            opts=self._child,
        )
        self.namespace = namespace.metadata.name
        self._policies()
        account = k8s.core.v1.ServiceAccount(
            f"{name}-service-account",
            metadata=self._metadata(args.application),
            automount_service_account_token=args.automount_token,
            opts=self._child,
        )
        self.service_account = account.metadata.name
        deployment = self._deployment()
        self.deployment = deployment.metadata.name
        self._availability()
        self._entrance()
        self.url = pulumi.Output.from_input(f"https://{args.host}/")
        self.register_outputs(
            {
                "url": self.url,
                "namespace": self.namespace,
                "service_account": self.service_account,
                "deployment": self.deployment,
            }
        )

    def _metadata(self, object_name: str) -> ObjectMetaArgsDict:
        return {"name": object_name, "namespace": self.namespace, "labels": self._labels}

    def _policies(self) -> None:
        k8s.networking.v1.NetworkPolicy(
            f"{self._name}-deny-ingress",
            metadata=self._metadata("deny-ingress"),
            spec=traffic.deny_ingress(),
            opts=self._child,
        )
        k8s.networking.v1.NetworkPolicy(
            f"{self._name}-allow-ingress-controller",
            metadata=self._metadata("allow-ingress-controller"),
            spec=traffic.allow_ingress(self._selector, from_namespace=self._args.ingress_namespace),
            opts=self._child,
        )
        # Without it no certificate is ever issued: the challenge's pods run in this namespace.
        k8s.networking.v1.NetworkPolicy(
            f"{self._name}-allow-acme-challenge",
            metadata=self._metadata("allow-acme-challenge"),
            spec=traffic.allow_ingress(
                traffic.CHALLENGE_LABELS, from_namespace=self._args.ingress_namespace, port=traffic.CHALLENGE_PORT
            ),
            opts=self._child,
        )

    def _deployment(self) -> k8s.apps.v1.Deployment:
        args = self._args
        settings = {
            pods.REDIS_URL_KEY: pulumi.Output.from_input(args.redis_url).apply(
                lambda url: checks.check_url_without_credentials("redis_url", url)
            )
        }
        secrets = {pods.DATABASE_URL_KEY: pulumi.Output.secret(args.database_url)}
        if args.redis_password is not None:
            secrets[pods.REDIS_PASSWORD_KEY] = pulumi.Output.secret(args.redis_password)
        config_map = k8s.core.v1.ConfigMap(
            f"{self._name}-config", metadata=self._metadata("app-config"), data=settings, opts=self._child
        )
        secret = k8s.core.v1.Secret(
            f"{self._name}-secrets",
            metadata=self._metadata("app-secrets"),
            type="Opaque",
            string_data=secrets,
            opts=self._child,
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
            f"{self._name}-deployment",
            metadata=self._metadata(args.application),
            spec={
                "replicas": args.autoscaling.min_replicas,
                "revision_history_limit": _REVISIONS_KEPT,
                "progress_deadline_seconds": _ROLLOUT_DEADLINE_SECONDS,
                "min_ready_seconds": _MIN_READY_SECONDS,
                "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": 1, "max_unavailable": 0}},
                "selector": {"match_labels": self._selector},
                "template": {
                    "metadata": {"labels": self._labels, "annotations": marks},
                    "spec": pods.pod_spec(
                        args,
                        selector=self._selector,
                        service_account=self.service_account,
                        config_map=config_map.metadata.name,
                        secret=secret.metadata.name,
                    ),
                },
            },
            # The autoscaler sets them from the first minute on: an update must not set them back.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["spec.replicas"]),
        )

    def _availability(self) -> None:
        k8s.autoscaling.v2.HorizontalPodAutoscaler(
            f"{self._name}-autoscaler",
            metadata=self._metadata(self._args.application),
            spec=scaling.autoscaler_spec(self._args.autoscaling, deployment=self.deployment),
            opts=self._child,
        )
        k8s.policy.v1.PodDisruptionBudget(
            f"{self._name}-disruption-budget",
            metadata=self._metadata(self._args.application),
            spec=scaling.disruption_budget_spec(self._selector),
            opts=self._child,
        )

    def _entrance(self) -> None:
        args = self._args
        service = k8s.core.v1.Service(
            f"{self._name}-service",
            metadata=self._metadata(args.application),
            spec=traffic.service_spec(self._selector),
            opts=self._child,
        )
        k8s.networking.v1.Ingress(
            f"{self._name}-ingress",
            metadata={
                **self._metadata(args.application),
                "annotations": traffic.ingress_annotations(args.cluster_issuer),
            },
            spec=traffic.ingress_spec(
                host=args.host,
                ingress_class=args.ingress_class,
                tls_secret=f"{args.application}-tls",
                service=service.metadata.name,
            ),
            opts=self._child,
        )
