"""The cloud's AWS side on a real port, with a control plane that only says that it runs."""

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

import boto3
from botocore.config import Config
from moto.core.base_backend import BackendDict
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from sandbox.cloud import beginnings, repeatable
from sandbox.cloud.application import Application
from sandbox.cloud.balancers import LoadBalancers
from sandbox.cloud.conditions.climate import Climate
from sandbox.cloud.eks.planes import PlaneKeeper
from sandbox.cloud.eks.progress import Progress
from sandbox.cloud.eks.state import Clusters
from sandbox.cloud.elasticache.state import ElastiCacheState
from sandbox.cloud.journal import Journal
from sandbox.cloud.leftovers import AwsInventory
from sandbox.cloud.moto_state import ACCOUNT
from sandbox.cloud.operations import OwnServices
from sandbox.cloud.server import aws_operations
from sandbox.conditions import Conditions
from sandbox.control_plane import Webhooks

REGION = "eu-west-1"
ACCESS_KEY, SECRET_KEY = "AKIAIOSFODNN7SANDBOX", "dummy"


class StillPlane:
    """Takes the control plane's place where no cluster is needed."""

    endpoint = "https://127.0.0.1:6443"
    certificate_authority = "Y2E="

    def __init__(self) -> None:
        self.starts: list[dict[str, Any]] = []
        self.fails_with: Exception | None = None
        self.fails_first: list[Exception] = []
        self.resets = 0
        self.running = False
        self.ended = ["etcd"]

    def reset(self) -> None:
        self.resets += 1

    def start(self, **arguments: Any) -> None:
        self.starts.append(arguments)
        if self.fails_first:
            raise self.fails_first.pop(0)
        if self.fails_with:
            raise self.fails_with
        self.running = True


class _Handler(MotoRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *_: Any) -> None: ...


class Served:
    """A running cloud; with a file for its journal, it takes up what an earlier one has left."""

    def __init__(self, journal: Path | None, conditions: Conditions | None, clock: Callable[[], float]) -> None:
        reset()
        self.clusters, self.caches, self.plane = Clusters(), ElastiCacheState(), StillPlane()
        self.journal = Journal(journal)
        self.climate = Climate(self.journal, conditions, clock)
        self.progress = Progress(self.clusters, self.journal)
        self.balancers = LoadBalancers(self.clusters, self.journal)
        self.inventory = AwsInventory(lambda: [*self.clusters.arns(), *self.caches.arns()])
        webhooks = Webhooks("http://127.0.0.1:1/token-review", "http://127.0.0.1:1/access-review")
        plane: Any = self.plane
        self.keeper = PlaneKeeper(
            self.clusters, plane, webhooks, self.progress, "1.35", when_new=lambda _: None, when_back=lambda: None
        )
        parts = aws_operations(
            self.clusters,
            self.caches,
            version="1.35",
            bring_up=lambda cluster: self.journal.afterwards(lambda: self.keeper.bring_up(cluster)),
            cluster_deleted=lambda: None,
            wake_nodes=lambda: None,
            wake_add_ons=lambda: None,
            climate=self.climate,
        )
        own = OwnServices(parts, ACCOUNT, complete=frozenset({"eks"}))
        pages = {"health": lambda _: "ok", "conditions": self.climate.change}
        application = self.climate.around(Application(own, pages, self.journal))
        self._undo = [repeatable.install(), beginnings.install(self.journal, self.inventory.take)]
        self.replayed = self.journal.replay()
        self.keeper.resume()
        self._server: Any = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(retries={"max_attempts": 0}),
        )

    def role(self) -> str:
        trust = '{"Version": "2012-10-17", "Statement": []}'
        return self.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument=trust)["Role"]["Arn"]

    def subnets(self, count: int = 2) -> list[str]:
        """Subnets of a new VPC, each in a zone of its own."""
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        return [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=f"{REGION}{'abc'[index]}")[
                "Subnet"
            ]["SubnetId"]
            for index in range(count)
        ]

    def cluster(self, **arguments: Any) -> dict[str, Any]:
        """An active cluster named ``main``, to which nobody has access."""
        eks = self.client("eks")
        arguments = {
            "name": "main",
            "roleArn": self.role(),
            "resourcesVpcConfig": {"subnetIds": self.subnets()},
            "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
            **arguments,
        }
        eks.create_cluster(**arguments)
        while (cluster := eks.describe_cluster(name="main")["cluster"])["status"] == "CREATING":
            time.sleep(0.005)
        return cluster

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.journal.close()
        for undo in self._undo:
            undo()


_IAM_STATE = ("roles", "users", "groups", "access_keys", "instance_profiles")


def reset() -> None:
    """Forget all of moto's state, but for the policies that AWS manages: making these again takes too long."""
    used: list[Any] = BackendDict._instances
    for services in list(used):
        if services.service_name != "iam":
            services.clear()
            continue
        for _, _, iam in services.iter_backends():
            for name in _IAM_STATE:
                getattr(iam, name).clear()


@contextmanager
def served(
    journal: Path | None = None,
    *,
    conditions: Conditions | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Served]:
    """``clock`` decides how far what takes its time has come."""
    cloud = Served(journal, conditions, clock)
    try:
        yield cloud
    finally:
        cloud.stop()
