"""A genuine control plane without a cloud: two simulated nodes, and the administrator's kubeconfig."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.control_plane import NODE_ANNOTATION, ControlPlane, Webhooks
from sandbox.home import Home
from sandbox.kube import KubeClient
from sandbox.toolchain.setup import set_up

KUBERNETES = "1.35"


@contextmanager
def control_plane(folder: Path) -> Iterator[Home]:
    """The home of a plane that runs as long as the context."""
    folder.mkdir(exist_ok=True)
    home = Home(folder)
    toolchain = set_up(KUBERNETES)
    home.write_facts({"tools": toolchain.programs, "crds": str(toolchain.crds), "kubernetes_version": KUBERNETES})
    plane = ControlPlane(home)
    # Nobody asks the webhooks: the tests come with an administrator's certificate.
    nowhere = "http://127.0.0.1:1/"
    plane.start(issuer="https://oidc.example.com", webhooks=Webhooks(nowhere, nowhere))
    try:
        client = KubeClient.from_kubeconfig(home.admin_kubeconfig.read_text())
        annotation, _, value = NODE_ANNOTATION.partition("=")
        for name in ("a", "b"):
            capacity = {"cpu": "4", "memory": "16Gi", "pods": "50"}
            client.create(
                {
                    "apiVersion": "v1",
                    "kind": "Node",
                    "metadata": {
                        "name": name,
                        "annotations": {annotation: value},
                        "labels": {"kubernetes.io/hostname": name},
                    },
                    "status": {"capacity": capacity, "allocatable": capacity},
                }
            )
        yield home
    finally:
        plane.stop()
