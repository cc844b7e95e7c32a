"""Puts the cloud together and serves it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from sandbox.cloud import beginnings, moto_state, permissions, repeatable, tokens
from sandbox.cloud.add_ons import AddOnSimulation
from sandbox.cloud.addresses import WATCHED, AddressSimulation
from sandbox.cloud.application import Application, Page
from sandbox.cloud.balancers import LoadBalancers
from sandbox.cloud.conditions.climate import Climate
from sandbox.cloud.conditions.quotas import guards
from sandbox.cloud.dependencies import Ec2Dependencies, IamDependencies, RdsDependencies
from sandbox.cloud.eks.access import AccessOperations
from sandbox.cloud.eks.add_ons import AddOnOperations
from sandbox.cloud.eks.clusters import ClusterOperations
from sandbox.cloud.eks.node_groups import NodeGroupOperations
from sandbox.cloud.eks.planes import PlaneKeeper
from sandbox.cloud.eks.pod_identities import PodIdentityOperations
from sandbox.cloud.eks.progress import Progress
from sandbox.cloud.eks.state import Cluster, Clusters
from sandbox.cloud.eks.tags import TagOperations
from sandbox.cloud.elasticache.groups import ReplicationGroupOperations
from sandbox.cloud.elasticache.settings import CacheTagOperations, ParameterGroupOperations, SubnetGroupOperations
from sandbox.cloud.elasticache.state import ElastiCacheState
from sandbox.cloud.foreign_keys import ForeignKeys
from sandbox.cloud.gaps import Ec2Gaps, KmsGaps, LogsGaps, RdsGaps, SsmGaps
from sandbox.cloud.journal import Journal
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
    version: str,
    bring_up: Callable[[Cluster], None],
    cluster_deleted: Callable[[], None],
    wake_nodes: Callable[[], None],
    wake_add_ons: Callable[[], None],
    climate: Climate,
) -> tuple[Operations, ...]:
    """All operations that the sandbox has itself. ``bring_up`` gives a new cluster its control plane."""
    return (
        ClusterOperations(clusters, version, bring_up, cluster_deleted),
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
        IamDependencies(),
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
        self._journal = Journal(home.root / "cloud.journal")
        self._aws = AwsInventory(lambda: [*self._clusters.arns(), *self._caches.arns()])
        repeatable.install()
        beginnings.install(self._journal, self._aws.take)
        self._kubernetes = KubernetesInventory(home.root / "control-plane" / "given.json")
        facts = home.facts
        self._version = version = str(facts["kubernetes_version"])
        self._progress = progress = Progress(self._clusters, self._journal)
        self._add_ons = AddOnSimulation(self._clusters, progress, Path(facts["crds"]))
        addresses = AddressSimulation(self._clusters, LoadBalancers(self._clusters, self._journal))
        self._loops = {
            "nodes": Loop("nodes", NodeSimulation(self._clusters, progress).step, lambda: self._kube),
            "add-ons": Loop("add-ons", self._add_ons.step, lambda: self._kube),
            "addresses": Loop("addresses", addresses.step, lambda: self._kube),
        }
        self._different = 0
        base = f"http://{_HOST}:{self.port}/_sandbox"
        webhooks = Webhooks(f"{base}/token-review", f"{base}/access-review")
        climate = Climate(self._journal)
        self._keeper = PlaneKeeper(
            self._clusters,
            self._plane,
            webhooks,
            progress,
            version,
            when_new=self._furnish,
            when_back=self._connect,
            argument=home.argument,
        )
        later = self._journal.afterwards
        parts = aws_operations(
            self._clusters,
            self._caches,
            version=version,
            bring_up=lambda cluster: later(lambda: self._bring_up(cluster)),
            cluster_deleted=lambda: later(self._cluster_deleted),
            wake_nodes=lambda: later(self._loops["nodes"].wake),
            wake_add_ons=lambda: later(self._loops["add-ons"].wake),
            climate=climate,
        )
        foreign = ForeignKeys((home.root / "secrets.key").read_bytes())  # the journal has made it
        own = OwnServices((*parts, foreign), moto_state.ACCOUNT, complete=frozenset({"eks"}))
        pages: dict[str, Page] = {
            "health": lambda _: {"status": "ok"},
            "ensure": lambda _: {"ended": self._keeper.ensure(), "different": self._different},
            "leftovers": lambda _: self._leftovers(),
            "conditions": climate.change,
            "token-review": lambda body: tokens.review(body, self._clusters),
            "access-review": lambda body: permissions.review(body, self._clusters, self._kube),
        }
        application = climate.around(Application(own, pages, self._journal))
        self._server: Any = make_server(_HOST, self.port, application, threaded=True, request_handler=_Handler)

    def serve(self) -> None:
        """Take up what an earlier process left, and serve until ``stop`` is called.

        Raises JournalError when there is no telling what that was, ProcessError when the control plane does not start.
        """
        began = time.monotonic()
        replayed = self._journal.replay()
        self._different = replayed.different
        print(f"{replayed.entries} mutations done again in {time.monotonic() - began:.2f} s", flush=True)
        self._note_version()
        self._progress.offered(self._version)
        self._keeper.resume()
        for loop in self._loops.values():
            loop.start()
        Watch(self._plane, WATCHED, self._loops["addresses"].wake).start()
        self._home.announce("cloud", os.getpid(), self.port)
        try:
            self._server.serve_forever(poll_interval=0.1)
        finally:
            self._journal.close()
            self._home.withdraw("cloud")
            self._server.server_close()
            self._plane.stop()

    def stop(self) -> None:
        """Let ``serve`` return. May be called from a signal handler."""
        threading.Thread(target=self._server.shutdown).start()

    def _bring_up(self, cluster: Cluster) -> None:
        self._note_version()
        self._keeper.bring_up(cluster)

    def _cluster_deleted(self) -> None:
        self._note_version()
        self._loops["add-ons"].wake()

    def _note_version(self) -> None:
        """Tell who starts the cloud the next time which Kubernetes its cluster needs."""
        self._home.keep_kubernetes(next((str(cluster.record["version"]) for cluster in self._clusters), None))

    def _furnish(self, cluster: Cluster) -> None:
        """Give a new plane what it has at first."""
        kube = self._client()
        if cluster.record["bootstrapSelfManagedAddons"]:
            self._add_ons.install_self_managed(kube)
        self._kubernetes.remember(kube)
        self._kube = kube

    def _connect(self) -> None:
        self._kube = self._client()

    def _client(self) -> KubeClient:
        return KubeClient.from_kubeconfig(self._home.admin_kubeconfig.read_text())

    def _leftovers(self) -> dict[str, list[str]]:
        kube = self._kube
        if kube is not None:
            self._add_ons.remove_departed(kube)
        return {"aws": self._aws.left(), "kubernetes": self._kubernetes.left(kube) if kube is not None else []}
