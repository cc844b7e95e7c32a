"""The provider on a genuine API server, with controllers, a scheduler and two simulated nodes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.checkers import BUILT_IN
from sandbox.home import Home
from sandbox.kube import KubeClient
from sandbox.plugins.kubernetes.provider import KubernetesProvider
from sandbox.plugins.protocol import UNKNOWN, InitFailed, Properties, ProviderError, Secret
from sandbox.stand_ins import LABEL, crd_names, stand_in
from sandbox.stand_ins.table import STAND_INS
from sandbox.toolchain.pins import CRD_SETS
from tests.sandbox.kubernetes.fake_kube import Said
from tests.sandbox.kubernetes.plane import control_plane

pytestmark = pytest.mark.engine

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
NAMESPACE = "kubernetes:core/v1:Namespace"
RELEASE = "kubernetes:helm.sh/v3:Release"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with control_plane(tmp_path_factory.mktemp("sandbox")) as home:
        yield home


@pytest.fixture
def provider(home: Home) -> KubernetesProvider:
    provider = KubernetesProvider(home)
    provider.configure({"kubeconfig": home.admin_kubeconfig.read_text()})
    return provider


@pytest.fixture
def client(home: Home) -> KubeClient:
    return KubeClient.from_kubeconfig(home.admin_kubeconfig.read_text())


def test_it_serves_what_the_table_of_types_says(home: Home, client: KubeClient) -> None:
    groups = client.raw("GET", "/apis")["groups"]
    served = {version["groupVersion"] for group in groups for version in group["versions"]}
    # Other tests may have brought an operator's.
    operators = {version for crds in CRD_SETS for version in crds.serves}
    assert served - operators == set(BUILT_IN) - {"core/v1"}

    for crds in CRD_SETS:
        definitions = [yaml.safe_load(file.read_text()) for file in _crd_files(home, crds.name)]
        versions = {
            f"{definition['spec']['group']}/{version['name']}"
            for definition in definitions
            for version in definition["spec"]["versions"]
            if version["served"]
        }
        assert versions == set(crds.serves), crds.name


def _crd_files(home: Home, operator: str) -> list[Path]:
    return sorted((Path(home.facts["crds"]) / operator).glob("*.yaml"))


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def namespace(provider: KubernetesProvider, said: Said, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own, that enforces Pod Security ``restricted``."""
    name = request.node.name.replace("_", "-")[:60].rstrip("-")
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    # Nobody comes after the test: it needn't be waited for.
    annotations = {"pulumi.com/skipAwait": "true"}
    metadata = {"name": name, "labels": labels, "annotations": annotations}
    obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    id, outputs = provider.create(said.call(NAMESPACE), obj)
    yield name
    provider.delete(said.call(NAMESPACE, timeout=60), id, obj, outputs)


def deployment(namespace: str, **pod: Any) -> Properties:
    container = {
        "name": "app",
        "image": "example.com/app:1",
        "resources": {"requests": {"cpu": pod.pop("cpu", "1000m"), "memory": "1024Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    spec = {
        "containers": [container],
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    }
    labels = {"app": "web"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {**spec, **pod}},
        },
    }


def wait_for_replicas(client: KubeClient, namespace: str, wanted: int) -> None:
    deadline = time.monotonic() + 60
    while (client.get("apps/v1", "Deployment", "web", namespace) or {})["status"].get("readyReplicas") != wanted:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def plain(outputs: Properties) -> Properties:
    return {key: value.value if isinstance(value, Secret) else value for key, value in outputs.items()}


def test_a_deployment_is_created_once_its_pods_run_and_has_not_drifted(
    provider: KubernetesProvider, said: Said, namespace: str
) -> None:
    inputs, _ = provider.check(said.call(DEPLOYMENT), {}, deployment(namespace))
    _, preview = provider.create(said.call(DEPLOYMENT, preview=True), inputs)
    assert preview["status"] is UNKNOWN
    id, outputs = provider.create(said.call(DEPLOYMENT, timeout=60), inputs)
    assert (id, outputs["status"]["readyReplicas"]) == (f"{namespace}/web", 2)
    # The server writes 1000m as 1 and 1024Mi as 1Gi: that is no drift.
    assert outputs["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"] == {
        "cpu": "1",
        "memory": "1Gi",
    }
    found = provider.read(said.call(DEPLOYMENT), id, inputs, outputs)
    assert found is not None
    assert found[1] == inputs


def test_a_changed_image_rolls_out_and_a_scaled_deployment_has_drifted(
    provider: KubernetesProvider, said: Said, namespace: str, client: KubeClient
) -> None:
    old = deployment(namespace)
    id, outputs = provider.create(said.call(DEPLOYMENT, timeout=60), old)
    new = deployment(namespace)
    new["spec"]["template"]["spec"]["containers"][0]["image"] = "example.com/app:2"
    outputs = provider.update(said.call(DEPLOYMENT, timeout=60), id, old, outputs, new)
    assert outputs["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    client.patch("apps/v1", "Deployment", "web", namespace, {"spec": {"replicas": 3}})
    wait_for_replicas(client, namespace, 3)
    found = provider.read(said.call(DEPLOYMENT), id, new, outputs)
    assert found is not None
    assert found[1]["spec"]["replicas"] == 3


def test_a_deployment_that_fits_nowhere_says_so(provider: KubernetesProvider, said: Said, namespace: str) -> None:
    with pytest.raises(InitFailed) as raised:
        provider.create(said.call(DEPLOYMENT, timeout=3), deployment(namespace, cpu="64"))
    assert "0/2 ready" in raised.value.reasons[0]
    assert "Insufficient cpu" in raised.value.reasons[1]


def test_a_pod_that_pod_security_forbids_is_named(provider: KubernetesProvider, said: Said, namespace: str) -> None:
    inputs = deployment(namespace, securityContext={})
    with pytest.raises(InitFailed, match="violates PodSecurity"):
        provider.create(said.call(DEPLOYMENT, timeout=3), inputs)
    assert any("would violate PodSecurity" in text for text in said.warnings())


def test_invalid_and_unknown_fields_fail_the_preview(provider: KubernetesProvider, said: Said, namespace: str) -> None:
    inputs = deployment(namespace)
    inputs["spec"]["replicas"] = -1
    with pytest.raises(ProviderError, match=r"spec\.replicas: Invalid value: -1"):
        provider.create(said.call(DEPLOYMENT, preview=True), inputs)
    inputs = deployment(namespace)
    inputs["spec"]["replica"] = 1
    with pytest.raises(ProviderError, match=r"spec\.replica: field not declared in schema"):
        provider.create(said.call(DEPLOYMENT, preview=True), inputs)


def test_a_conflict_with_another_manager_names_it(
    provider: KubernetesProvider, said: Said, namespace: str, client: KubeClient
) -> None:
    old = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": namespace}}
    id, outputs = provider.create(said.call(CONFIG_MAP), old)
    client.apply({**old, "data": {"a": "theirs"}}, field_manager="operator")
    new = {**old, "data": {"a": "ours"}}
    with pytest.raises(ProviderError, match=r'\.data\.a \("operator"\).*patchForce'):
        provider.update(said.call(CONFIG_MAP), id, old, outputs, new)
    provider.diff(said.call(CONFIG_MAP), id, old, outputs, new, ["data.a"])
    kept = provider.update(said.call(CONFIG_MAP), id, old, outputs, new)
    assert kept["data"] == {"a": "theirs"}


def test_a_secret_is_the_same_after_a_refresh(provider: KubernetesProvider, said: Said, namespace: str) -> None:
    type = "kubernetes:core/v1:Secret"
    obj = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": namespace}}
    checked, _ = provider.check(said.call(type), {}, {**obj, "stringData": {"url": "postgres://x"}})
    id, outputs = provider.create(said.call(type), plain(checked))
    assert isinstance(outputs["data"], Secret)
    found = provider.read(said.call(type), id, plain(checked), plain(outputs))
    assert found is not None
    assert plain(found[1]) == plain(checked)


def test_a_release_brings_its_crds_and_takes_everything_away(
    provider: KubernetesProvider, said: Said, namespace: str, client: KubeClient
) -> None:
    inputs, _ = provider.check(
        said.call(RELEASE),
        {},
        {
            "chart": "traefik",
            "version": "41.3.0",
            "name": "traefik",
            "namespace": namespace,
            "values": {"deployment": {"replicas": 2}, "service": {"spec": {"type": "ClusterIP"}}},
        },
    )
    id, outputs = provider.create(said.call(RELEASE, timeout=60), inputs)
    assert outputs["status"]["status"] == "deployed"
    assert client.get("apps/v1", "Deployment", "traefik", namespace) is not None

    # The CRDs are the true ones: they refuse what Traefik would refuse.
    type = "kubernetes:traefik.io/v1alpha1:Middleware"
    # The garbage collector, who does deletions in the foreground, learns of new kinds every 30 s only.
    annotations = {"pulumi.com/deletionPropagationPolicy": "background"}
    metadata = {"name": "m", "namespace": namespace, "annotations": annotations}
    middleware = {"apiVersion": "traefik.io/v1alpha1", "kind": "Middleware", "metadata": metadata}
    with pytest.raises(ProviderError, match="stripPrefixx"):
        provider.create(said.call(type, preview=True), {**middleware, "spec": {"stripPrefixx": {}}})
    good = {**middleware, "spec": {"stripPrefix": {"prefixes": ["/a"]}}}
    middleware_id, made = provider.create(said.call(type), good)
    provider.delete(said.call(type), middleware_id, good, made)

    provider.delete(said.call(RELEASE, timeout=60), id, inputs, outputs)
    assert client.list("apps/v1", "Deployment", namespace) == []
    crds = client.list("apiextensions.k8s.io/v1", "CustomResourceDefinition", label_selector=f"{LABEL}=traefik")
    assert crd_names(crds) == []


def test_a_deleted_namespace_is_gone_with_what_was_in_it(
    provider: KubernetesProvider, said: Said, client: KubeClient
) -> None:
    obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "leaving"}}
    id, outputs = provider.create(said.call(NAMESPACE), obj)
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "leaving"}}
    provider.create(said.call(CONFIG_MAP), config_map)
    provider.delete(said.call(NAMESPACE, timeout=60), id, obj, outputs)
    assert client.get("v1", "Namespace", "leaving") is None


@pytest.mark.parametrize("name", sorted(STAND_INS))
def test_the_api_server_takes_every_stand_in(home: Home, client: KubeClient, name: str) -> None:
    for obj in stand_in(name, namespace=None, version="", crds=Path(home.facts["crds"])):
        client.apply(obj, field_manager="test", force=True, strict=True)
