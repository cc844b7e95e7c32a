"""Which address an Ingress gets: that of the controller of its class."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.cloud.addresses import controller_address
from sandbox.stand_ins import LABEL

Object = dict[str, Any]


class Workloads:
    """An API server that lists Deployments and DaemonSets."""

    def __init__(self, *objects: Object) -> None:
        self._objects = objects

    def list(self, _: str, kind: str) -> Any:
        return [obj for obj in self._objects if obj["kind"] == kind]


def brought(by: str) -> Object:
    """Metadata of what a Helm release (``namespace/name``) or a stand-in has brought, or nobody."""
    namespace, _, name = by.partition("/")
    if name:
        marks = {"meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": namespace}
        return {"annotations": marks}
    return {"labels": {LABEL: by}} if by else {}


def controller(name: str, by: str, kind: str = "Deployment") -> Object:
    template = {"metadata": {"labels": {"app": name, "more": "yes"}}}
    return {
        "kind": kind,
        "metadata": {"name": name, "namespace": "ingress", **brought(by)},
        "spec": {"template": template},
    }


def front(name: str) -> Object:
    return {
        "metadata": {"name": name, "namespace": "ingress"},
        "spec": {"selector": {"app": name}},
        "status": {"loadBalancer": {"ingress": [{"hostname": f"{name}.elb"}]}},
    }


def ingress_class(by: str) -> Object:
    return {"metadata": {"name": "web", **brought(by)}, "spec": {}}


def address(workloads: list[Object], of_class: Object | None, *fronts: str) -> str | None:
    kube: Any = Workloads(*workloads)
    return controller_address(kube, of_class, [front(name) for name in fronts])


@pytest.mark.parametrize("kind", ["Deployment", "DaemonSet"])
@pytest.mark.parametrize("by", ["traefik", "ingress/main"], ids=["stand-in", "chart"])
def test_a_class_is_served_by_who_brought_it(by: str, kind: str) -> None:
    workloads = [controller("other", "ingress/other"), controller("web", by, kind)]
    assert address(workloads, ingress_class(by), "other", "web") == "web.elb"


@pytest.mark.parametrize("by", ["traefik", "ingress/main"], ids=["stand-in", "chart"])
def test_a_class_that_came_alone_is_served_by_any_controller(by: str) -> None:
    assert address([controller("web", by)], ingress_class(""), "web") == "web.elb"


def test_an_application_behind_a_load_balancer_is_no_controller() -> None:
    assert address([controller("web", "")], ingress_class(""), "web") is None
