"""The sandbox's cloud for tests in one process: all of its AWS operations, and no Kubernetes behind EKS."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# moto reads it when it is imported.
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from sandbox.cloud import beginnings, moto_state, repeatable
from sandbox.cloud.application import Application
from sandbox.cloud.conditions.climate import Climate
from sandbox.cloud.eks.planes import PlaneKeeper
from sandbox.cloud.eks.progress import Progress
from sandbox.cloud.eks.state import Clusters
from sandbox.cloud.elasticache.state import ElastiCacheState
from sandbox.cloud.journal import Journal
from sandbox.cloud.operations import OwnServices
from sandbox.cloud.server import aws_operations
from sandbox.conditions import Conditions
from sandbox.control_plane import Webhooks

KUBERNETES = "1.35"
UNLIMITED = Conditions(enforce_quotas=False)


class _Plane:
    """A control plane that is there at once."""

    running, ended = False, ()
    endpoint = "https://127.0.0.1:6443"
    certificate_authority = "Q0E="

    def reset(self) -> None: ...

    def start(self, **_: Any) -> None: ...


def _settle(clusters: Clusters) -> None:
    """Node groups and add-ons arrive at once, where a Kubernetes cluster would take its time."""
    for cluster in clusters:
        for records in (cluster.node_groups, cluster.add_ons):
            for name, record in list(records.items()):
                if record["status"] == "DELETING":
                    del records[name]
                else:
                    record["status"] = "ACTIVE"


class _Handler(MotoRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *_: Any) -> None: ...


@contextmanager
def emulated_cloud(
    journal: Path | None = None,
    conditions: Conditions = UNLIMITED,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[str]:
    """The address of a cloud: with a fresh EKS and ElastiCache, unless ``journal`` is what an earlier one has left.

    moto keeps what earlier ones had: no quotas hold. ``clock`` decides how far what takes its time has come.
    """
    clusters, caches, plane = Clusters(), ElastiCacheState(), _Plane()
    plane_like: Any = plane
    kept = Journal(journal)
    climate = Climate(kept, conditions, clock)
    keeper = PlaneKeeper(
        clusters,
        plane_like,
        Webhooks("http://127.0.0.1:9", "http://127.0.0.1:9"),
        Progress(clusters, kept),
        KUBERNETES,
        when_new=lambda _: None,
        when_back=lambda: None,
    )
    parts = aws_operations(
        clusters,
        caches,
        version=KUBERNETES,
        bring_up=lambda cluster: kept.afterwards(lambda: keeper.bring_up(cluster)),
        cluster_deleted=lambda: None,
        wake_nodes=lambda: _settle(clusters),
        wake_add_ons=lambda: _settle(clusters),
        climate=climate,
    )
    own = OwnServices(parts, moto_state.ACCOUNT, complete=frozenset({"eks"}))
    application = climate.around(Application(own, {"conditions": climate.change}, kept))
    undo = [repeatable.install(), beginnings.install(kept, lambda _: None)]
    assert kept.replay().different == 0
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        kept.close()
        for each in undo:
            each()
