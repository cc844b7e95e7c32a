"""Which changes of an object are updates and which are replacements."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from sandbox.plugins.kubernetes.differences import compare, path_text
from sandbox.plugins.protocol import UNKNOWN, Change, Diff

Object = dict[str, Any]

AUTONAMED = {"pulumi.com/autonamed": "true"}


def obj(kind: str, api_version: str = "v1", *, name: str = "web", **fields: Any) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **fields}


def diff(old: Object, new: Object, **options: Any) -> Diff:
    return compare(old, new, **{"namespaced": True, "default_namespace": "default", **options})


def changed(old: Object, path: str, value: Any) -> Object:
    """``old`` with one field set, at a path of keys and indices between dots."""
    new = copy.deepcopy(old)
    *parents, last = path.split(".")
    at: Any = new
    for part in parents:
        at = at[int(part)] if part.isdigit() else at.setdefault(part, {})
    at[int(last) if last.isdigit() else last] = value
    return new


WORKLOAD = {"selector": {"matchLabels": {"app": "web"}}, "replicas": 3, "template": {"spec": {"containers": [{}]}}}


@pytest.mark.parametrize(
    ("old", "path", "value", "replaced"),
    [
        (obj("Deployment", "apps/v1", spec=WORKLOAD), "spec.replicas", 5, False),
        (obj("Deployment", "apps/v1", spec=WORKLOAD), "spec.template.spec.containers.0.image", "x:2", False),
        (obj("Deployment", "apps/v1", spec=WORKLOAD), "spec.selector.matchLabels.app", "api", True),
        (obj("Deployment", "apps/v1", spec=WORKLOAD), "metadata.name", "api", True),
        (obj("Deployment", "apps/v1", spec=WORKLOAD), "metadata.namespace", "other", True),
        (obj("Deployment", "apps/v1", spec=WORKLOAD), "metadata.labels", {"a": "b"}, False),
        (obj("DaemonSet", "apps/v1", spec=WORKLOAD), "spec.selector.matchLabels.app", "api", True),
        (obj("StatefulSet", "apps/v1", spec=WORKLOAD), "spec.serviceName", "db", True),
        (obj("StatefulSet", "apps/v1", spec=WORKLOAD), "spec.volumeClaimTemplates", [{}], True),
        (obj("StatefulSet", "apps/v1", spec=WORKLOAD), "spec.replicas", 1, False),
        (obj("Job", "batch/v1", spec=WORKLOAD), "spec.template.spec.containers.0.image", "x:2", True),
        (obj("Job", "batch/v1", spec=WORKLOAD), "spec.ttlSecondsAfterFinished", 60, False),
        (obj("CronJob", "batch/v1", spec={"schedule": "@daily"}), "spec.schedule", "@hourly", False),
        (obj("Service", spec={"type": "ClusterIP"}), "spec.clusterIP", "None", True),
        (obj("Service", spec={"type": "ClusterIP"}), "spec.type", "LoadBalancer", False),
        (obj("PersistentVolumeClaim", spec={"resources": {}}), "spec.storageClassName", "gp3", True),
        (obj("PersistentVolumeClaim", spec={"resources": {}}), "spec.resources.requests", {"storage": "2Gi"}, False),
        (obj("Pod", spec={"containers": [{"image": "x:1"}]}), "spec.containers.0.image", "x:2", True),
        (obj("Pod", spec={"containers": [{"image": "x:1"}]}), "spec.activeDeadlineSeconds", 5, False),
        (obj("StorageClass", "storage.k8s.io/v1", provisioner="a"), "provisioner", "b", True),
        (obj("StorageClass", "storage.k8s.io/v1", provisioner="a"), "parameters", {"type": "gp3"}, True),
        (obj("StorageClass", "storage.k8s.io/v1", provisioner="a"), "allowVolumeExpansion", True, False),
        (obj("RoleBinding", "rbac.authorization.k8s.io/v1", roleRef={"name": "a"}), "roleRef.name", "b", True),
        (obj("RoleBinding", "rbac.authorization.k8s.io/v1", subjects=[]), "subjects", [{"name": "b"}], False),
        (obj("ConfigMap", data={"a": "1"}), "data.a", "2", True),
        (obj("ConfigMap", data={"a": "1"}), "metadata.labels", {"a": "b"}, False),
        (obj("Secret", type="Opaque"), "type", "kubernetes.io/tls", True),
        (obj("Secret", data={"a": "MQ=="}), "data.a", "Mg==", True),
        (obj("Middleware", "traefik.io/v1alpha1", spec={"a": 1}), "spec.a", 2, False),
        (obj("Middleware", "traefik.io/v1alpha1", spec={"a": 1}), "apiVersion", "traefik.io/v1", False),
        (obj("Middleware", "traefik.io/v1alpha1", spec={"a": 1}), "apiVersion", "example.com/v1", True),
        (obj("Middleware", "traefik.io/v1alpha1", spec={"a": 1}), "kind", "Widget", True),
    ],
)
def test_the_field_decides_between_update_and_replacement(old: Object, path: str, value: Any, replaced: bool) -> None:
    found = diff(old, changed(old, path, value))
    assert found.changes
    assert bool(found.replaces) is replaced


def test_a_replaced_path_brought_along_by_its_parent_counts() -> None:
    old = obj("Deployment", "apps/v1")
    assert diff(old, {**old, "spec": WORKLOAD}).replaces == ("spec",)
    pod = obj("Pod", spec={})
    assert diff(pod, {**pod, "spec": {"containers": [{"image": "x"}]}}).replaces == ("spec.containers",)


def test_config_maps_and_secrets_can_be_mutable() -> None:
    old, new = obj("ConfigMap", data={"a": "1"}), obj("ConfigMap", data={"a": "2"})
    assert not diff(old, new, mutable_config_maps=True).replaces
    assert diff(old, {**new, "immutable": True}, mutable_config_maps=True).replaces == ("data.a",)
    old, new = obj("Secret", data={"a": "MQ=="}), obj("Secret", data={"a": "Mg=="})
    assert not diff(old, new, mutable_secrets=True).replaces


def test_a_name_fixed_by_the_program_is_freed_first() -> None:
    old, new = obj("ConfigMap", data={"a": "1"}), obj("ConfigMap", data={"a": "2"})
    assert diff(old, new).delete_before_replace
    for each in (old, new):
        each["metadata"]["annotations"] = AUTONAMED
    assert not diff(old, new).delete_before_replace
    assert not diff(old, obj("ConfigMap", name="other", data={"a": "2"})).delete_before_replace


def test_the_same_secret_is_the_same_as_text_or_as_data() -> None:
    assert not diff(obj("Secret", data={"a": "MQ=="}), obj("Secret", stringData={"a": "1"})).changes
    # Nothing can be encoded while it is unknown; it must not look like two changes.
    found = diff(obj("Secret", data={"a": "MQ=="}), obj("Secret", stringData={"a": UNKNOWN}))
    assert found.details == {"stringData.a": Change.UPDATE_REPLACE}


def test_the_default_namespace_may_be_left_out() -> None:
    named = obj("ConfigMap")
    named["metadata"]["namespace"] = "default"
    assert not diff(named, obj("ConfigMap")).changes
    assert not diff(named, obj("ConfigMap"), namespaced=False).changes
    assert diff(named, obj("ConfigMap"), default_namespace="team").replaces == ("metadata.namespace",)


def test_what_the_server_writes_and_nulls_are_no_changes() -> None:
    old = obj("ConfigMap", data={"a": "1"})
    new = copy.deepcopy(old)
    new["metadata"] |= {"uid": "1", "creationTimestamp": None, "labels": None}
    assert not diff(old, new).changes


def test_details_name_each_field() -> None:
    old = obj("Deployment", "apps/v1", spec={"a": 1, "gone": 1, "list": [{"x": 1}], "flag": True})
    new = obj("Deployment", "apps/v1", spec={"a": UNKNOWN, "new": 1, "list": [{"x": 2}, {"x": 3}], "flag": 1})
    assert diff(old, new).details == {
        "spec.a": Change.UPDATE,
        "spec.gone": Change.DELETE,
        "spec.new": Change.ADD,
        "spec.list[0].x": Change.UPDATE,
        "spec.list[1]": Change.ADD,
        "spec.flag": Change.UPDATE,
    }


def test_keys_with_dots_are_quoted_in_paths() -> None:
    assert path_text(("metadata", "labels", "app.kubernetes.io/name")) == 'metadata.labels["app.kubernetes.io/name"]'
    assert path_text(("spec", "containers", 0, "image")) == "spec.containers[0].image"
