"""What a deletion that does not end is blamed on."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.plugins.kubernetes.resources import Resources
from sandbox.plugins.protocol import ProviderError
from tests.sandbox.kubernetes.fake_kube import FakeKube, Said, cluster

Object = dict[str, Any]

GOING = {"deletionTimestamp": "2026-01-01T00:00:00Z"}


def deletion(kube: FakeKube, obj: Object, type: str) -> str:
    """What a deletion of an object that stays says."""
    held = {**obj, "metadata": {"finalizers": ["kubernetes"], **obj["metadata"]}}
    kube.put(held)
    with pytest.raises(ProviderError) as raised:
        Resources(cluster(kube)).delete(Said().call(type, timeout=0.2), obj, held)
    return str(raised.value)


def test_a_namespace_names_the_objects_in_it_that_are_held() -> None:
    kube = FakeKube()
    for name, metadata in (
        ("held", {"finalizers": ["example.com/cleanup"], **GOING}),
        ("going", GOING),
        ("staying", {"finalizers": ["example.com/cleanup"]}),
    ):
        kube.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop", **metadata}})
    remaining = {"type": "NamespaceFinalizersRemaining", "status": "True", "message": "cleanup in 1 instance"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    said = deletion(kube, {**namespace, "status": {"conditions": [remaining]}}, "kubernetes:core/v1:Namespace")
    assert "the deletion of Namespace shop did not finish within 0 s: finalizers kubernetes; cleanup in 1" in said
    assert "ConfigMap shop/held is kept by finalizer example.com/cleanup; its controller takes" in said
    assert "shop/going" not in said
    assert "shop/staying" not in said


def test_a_workload_names_what_it_owns_and_waits_for() -> None:
    kube = FakeKube()
    for kind, api_version, uid, owner in (("ReplicaSet", "apps/v1", "rs", "d"), ("Pod", "v1", "pod", "rs")):
        metadata = {"name": uid, "namespace": "shop", "uid": uid, "ownerReferences": [{"uid": owner}], **GOING}
        kube.put({"apiVersion": api_version, "kind": kind, "metadata": metadata})
    metadata = {"name": "web", "namespace": "shop", "uid": "d", "finalizers": ["foregroundDeletion"]}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata}
    said = deletion(kube, deployment, "kubernetes:apps/v1:Deployment")
    assert "ReplicaSet shop/rs is still terminating; Pod shop/pod is still terminating" in said


def test_a_definition_names_its_objects() -> None:
    kube = FakeKube()
    kube.served["example.com/v1", "Widget"] = True
    metadata = {"name": "web", "namespace": "shop", "finalizers": ["example.com/cleanup"], **GOING}
    kube.put({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": metadata})
    spec = {"group": "example.com", "names": {"kind": "Widget"}, "versions": [{"name": "v1", "served": True}]}
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}
    type = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
    said = deletion(kube, {**crd, "metadata": {"name": "widgets.example.com"}}, type)
    assert "Widget shop/web is kept by finalizer example.com/cleanup" in said


def test_many_objects_are_counted() -> None:
    kube = FakeKube()
    for number in range(12):
        metadata = {"name": f"c{number}", "namespace": "shop", "finalizers": ["example.com/cleanup"], **GOING}
        kube.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    assert "2 more" in deletion(kube, namespace, "kubernetes:core/v1:Namespace")
