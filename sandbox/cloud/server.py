"""Puts the cloud together and serves it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from sandbox.cloud import moto_state, permissions, tokens
from sandbox.cloud.add_ons import AddOnSimulation
from sandbox.cloud.addresses import WATCHED, AddressSimulation
from sandbox.cloud.application import Application, Page
from sandbox.cloud.conditions.climate import Climate
from sandbox.cloud.conditions.quotas import guards
from sandbox.cloud.dependencies import Ec2Dependencies, RdsDependencies
from sandbox.cloud.eks.access import ADMIN_POLICY, AccessOperations, associate, new_entry
from sandbox.cloud.eks.add_ons import AddOnOperations
from sandbox.cloud.eks.clusters import ClusterOperations
from sandbox.cloud.eks.node_groups import NodeGroupOperations
from sandbox.cloud.eks.pod_identities import PodIdentityOperations
from sandbox.cloud.eks.state import Cluster, Clusters
from sandbox.cloud.eks.tags import TagOperations
from sandbox.cloud.elasticache.groups import ReplicationGroupOperations
from sandbox.cloud.elasticache.settings import CacheTagOperations, ParameterGroupOperations, SubnetGroupOperations
from sandbox.cloud.elasticache.state import ElastiCacheState
from sandbox.cloud.gaps import Ec2Gaps, KmsGaps, LogsGaps, RdsGaps, SsmGaps
from sandbox.cloud.leftovers import AwsInventory, KubernetesInventory
from sandbox.cloud.loop import Loop, Watch
from sandbox.cloud.nodes import NodeSimulation
from sandbox.cloud.operations import Operations, OwnServices
from sandbox.cloud.rds.instances import RdsRules
from sandbox.control_plane import ControlPlane, Webhooks
from sandbox.home import Home
from sandbox.kube import KubeClient

_HOST = "127.0.0.1"


class _Handler(MotoRequestHandler):
    """Keeps connections open, and its log quiet: what fails is logged where it fails."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        if str(code).startswith("5"):
            super().log_request(code, size)


def aws_operations(
    clusters: Clusters,
    caches: ElastiCacheState,
    *,
    plane: ControlPlane,
    version: str,
    webhooks: Webhooks,
    when_ready: Callable[[Cluster], None],
    when_deleted: Callable[[Cluster], None],
    wake_nodes: Callable[[], None],
    wake_add_ons: Callable[[], None],
    climate: Climate,
) -> tuple[Operations, ...]:
    """All operations that the sandbox has itself."""
    return (
        ClusterOperations(clusters, plane, version, webhooks, when_ready, when_deleted),
        NodeGroupOperations(clusters, wake_nodes),
        AddOnOperations(clusters, wake_add_ons),
        AccessOperations(clusters),
        PodIdentityOperations(clusters),
        TagOperations(clusters),
        ReplicationGroupOperations(caches),
        ParameterGroupOperations(caches),
        SubnetGroupOperations(caches),
        CacheTagOperations(caches),
        Ec2Gaps(),
        KmsGaps(),
        LogsGaps(),
        RdsRules(),
        RdsGaps(),
        SsmGaps(version),
        Ec2Dependencies(clusters, caches),
        RdsDependencies(),
        *guards(lambda: climate.conditions, clusters, caches),
    )


class Cloud:
    """The cloud of one sandbox."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self.port = home.port_for("cloud")
        self._clusters = Clusters()
        self._plane = ControlPlane(home)
        self._kube: KubeClient | None = None
        self._caches = ElastiCacheState()
        self._aws = AwsInventory(lambda: [*self._clusters.arns(), *self._caches.arns()])
        self._aws.install()
        self._kubernetes = KubernetesInventory(home.root / "control-plane" / "given.json")
        facts = home.facts
        version = str(facts["kubernetes_version"])
        self._add_ons = AddOnSimulation(self._clusters, Path(facts["crds"]))
        self._loops = {
            "nodes": Loop("nodes", NodeSimulation(self._clusters).step, lambda: self._kube),
            "add-ons": Loop("add-ons", self._add_ons.step, lambda: self._kube),
            "addresses": Loop("addresses", AddressSimulation(self._clusters).step, lambda: self._kube),
        }
        base = f"http://{_HOST}:{self.port}/_sandbox"
        webhooks = Webhooks(f"{base}/token-review", f"{base}/access-review")
        climate = Climate()
        parts = aws_operations(
            self._clusters,
            self._caches,
            plane=self._plane,
            version=version,
            webhooks=webhooks,
            when_ready=self._plane_ready,
            when_deleted=self._cluster_deleted,
            wake_nodes=self._loops["nodes"].wake,
            wake_add_ons=self._loops["add-ons"].wake,
            climate=climate,
        )
        own = OwnServices(parts, moto_state.ACCOUNT, complete=frozenset({"eks"}))
        pages: dict[str, Page] = {
            "health": lambda _: {"status": "ok"},
            "leftovers": lambda _: self._leftovers(),
            "conditions": climate.change,
            "token-review": lambda body: tokens.review(body, self._clusters),
            "access-review": lambda body: permissions.review(body, self._clusters, self._kube),
        }
        self._server: Any = make_server(
            _HOST, self.port, climate.around(Application(own, pages)), threaded=True, request_handler=_Handler
        )

    def serve(self) -> None:
        """Serve until ``stop`` is called."""
        for loop in self._loops.values():
            loop.start()
        Watch(self._plane, WATCHED, self._loops["addresses"].wake).start()
        self._home.announce("cloud", os.getpid(), self.port)
        try:
            self._server.serve_forever(poll_interval=0.1)
        finally:
            self._home.withdraw("cloud")
            self._server.server_close()
            self._plane.stop()

    def stop(self) -> None:
        """Let ``serve`` return. May be called from a signal handler."""
        threading.Thread(target=self._server.shutdown).start()

    def _plane_ready(self, cluster: Cluster) -> None:
        kube = KubeClient.from_kubeconfig(self._home.admin_kubeconfig.read_text())
        if cluster.record["bootstrapSelfManagedAddons"]:
            self._add_ons.install_self_managed(kube)
        self._kubernetes.remember(kube)
        access = cluster.record["accessConfig"]
        if access["bootstrapClusterCreatorAdminPermissions"] and access["authenticationMode"] != "CONFIG_MAP":
            creator = tokens.canonical(cluster.creator)
            new_entry(cluster, creator, {})
            associate(cluster, creator, ADMIN_POLICY, {"type": "cluster"})
        self._kube = kube

    def _cluster_deleted(self, cluster: Cluster) -> None:
        if self._kube is not None:
            self._add_ons.remove_all(self._kube, cluster)

    def _leftovers(self) -> dict[str, list[str]]:
        kube = self._kube
        return {"aws": self._aws.left(), "kubernetes": self._kubernetes.left(kube) if kube is not None else []}
