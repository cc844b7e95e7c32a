"""True charts, rendered by the true Helm, on a genuine API server."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.charts import ChartSettings
from sandbox.home import Home
from sandbox.kube import KubeClient
from sandbox.plugins.kubernetes.provider import KubernetesProvider
from sandbox.plugins.protocol import InitFailed, Properties, ProviderError
from sandbox.toolchain.pins import HELM
from sandbox.toolchain.setup import set_up
from tests.sandbox.charts.small_charts import CONFIG_MAP, DEPLOYMENT, WIDGET, WIDGETS, chart, hook, packed
from tests.sandbox.kubernetes.fake_kube import Said
from tests.sandbox.kubernetes.plane import KUBERNETES, control_plane

pytestmark = pytest.mark.engine

RELEASE = "kubernetes:helm.sh/v3:Release"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with control_plane(tmp_path_factory.mktemp("sandbox")) as home:
        home.write_facts({**home.facts, "tools": set_up(KUBERNETES, [HELM]).programs})
        yield home


@pytest.fixture
def client(home: Home) -> KubeClient:
    return KubeClient.from_kubeconfig(home.admin_kubeconfig.read_text())


@pytest.fixture
def cache(home: Home, tmp_path: Path) -> Path:
    """An empty chart cache, which the sandbox knows of."""
    folder = tmp_path / "cache"
    folder.mkdir()
    ChartSettings(folder).keep(home)
    return folder


@pytest.fixture
def provider(home: Home) -> KubernetesProvider:
    provider = KubernetesProvider(home)
    provider.configure({"kubeconfig": home.admin_kubeconfig.read_text()})
    return provider


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def namespace(client: KubeClient, request: pytest.FixtureRequest) -> str:
    name = re.sub(r"\W+|_", "-", request.node.name)[:60].strip("-")
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name


def checked(provider: KubernetesProvider, said: Said, namespace: str, **changes: Any) -> Properties:
    asked = {"chart": "shop", "version": "1.0.0", "name": "main", "namespace": namespace, "timeout": 60, **changes}
    inputs, failures = provider.check(said.call(RELEASE), {}, asked)
    assert not failures
    return inputs


def named(client: KubeClient, api_version: str, kind: str, namespace: str) -> list[str]:
    found = client.list(api_version, kind, namespace)
    return sorted(obj["metadata"]["name"] for obj in found if obj["metadata"]["name"] != "kube-root-ca.crt")


def test_a_charts_whole_life(
    provider: KubernetesProvider, client: KubeClient, said: Said, namespace: str, cache: Path, tmp_path: Path
) -> None:
    templates = {
        "deployment.yaml": DEPLOYMENT,
        "settings.yaml": CONFIG_MAP,
        "widget.yaml": WIDGET,
        "extra.yaml": "{{ if .Values.extra }}\n" + CONFIG_MAP.replace("-settings", "-extra") + "{{ end }}\n",
        "migrate.yaml": hook("migrate", "pre-install,pre-upgrade"),
        "announce.yaml": hook("announce", "post-install", policy="hook-succeeded"),
        "farewell.yaml": hook("farewell", "pre-delete"),
    }
    values = {"replicas": 2, "size": 3, "greeting": "hello", "extra": False}
    packed(chart(tmp_path, templates=templates, crds={"widgets.yaml": WIDGETS}, values=values), cache)
    call = said.call(RELEASE)

    first = checked(provider, said, namespace, values={"extra": True})
    provider.create(said.call(RELEASE, preview=True), first)
    assert client.list("apps/v1", "Deployment", namespace) == []
    id, outputs = provider.create(call, first)

    assert not said.warnings()
    assert outputs["status"]["status"] == "deployed"
    deployment = client.get("apps/v1", "Deployment", "main", namespace)
    assert deployment is not None
    assert deployment["status"]["readyReplicas"] == 2
    assert named(client, "shop.example.com/v1", "Widget", namespace) == ["main"]
    assert named(client, "v1", "ConfigMap", namespace) == ["main-extra", "main-settings"]
    assert named(client, "batch/v1", "Job", namespace) == ["migrate"]

    # A value that nothing reads changes nothing; one that something reads does, and takes away what it no longer makes.
    same = checked(provider, said, namespace, values={"extra": True, "unread": 1})
    assert not provider.diff(call, id, first, outputs, same, []).changes
    second = checked(provider, said, namespace, values={"replicas": 1})
    assert provider.diff(call, id, first, outputs, second, []).changes
    outputs = provider.update(call, id, first, outputs, second)
    assert outputs["status"]["revision"] == 2
    deployment = client.get("apps/v1", "Deployment", "main", namespace)
    assert deployment is not None
    assert deployment["spec"]["replicas"] == 1
    assert named(client, "v1", "ConfigMap", namespace) == ["main-settings"]
    assert not provider.diff(call, id, second, outputs, second, []).changes

    provider.delete(call, id, second, outputs)
    assert named(client, "apps/v1", "Deployment", namespace) == []
    assert named(client, "v1", "ConfigMap", namespace) == []
    assert named(client, "v1", "Secret", namespace) == []
    assert client.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets.shop.example.com") is None
    # Helm leaves Jobs of hooks that have no policy.
    assert named(client, "batch/v1", "Job", namespace) == ["farewell", "migrate"]


def test_plain_helm_knows_the_release(
    home: Home, provider: KubernetesProvider, said: Said, namespace: str, cache: Path
) -> None:
    root = chart(cache, templates={"settings.yaml": CONFIG_MAP, "hook.yaml": hook("later", "pre-delete")})
    inputs = checked(provider, said, namespace, values={"greeting": "hello"})
    id, outputs = provider.create(said.call(RELEASE), inputs)

    def helm(*arguments: str) -> str:
        command = [home.facts["tools"]["helm"], "--kubeconfig", str(home.admin_kubeconfig), "-n", namespace]
        return subprocess.run([*command, *arguments], capture_output=True, text=True, check=True).stdout

    (release,) = json.loads(helm("list", "-o", "json"))
    assert (release["name"], release["chart"], release["status"]) == ("main", "shop-1.0.0", "deployed")
    assert "greeting: hello" in helm("get", "values", "main")
    assert "main-settings" in helm("get", "manifest", "main")
    assert "later" in helm("get", "hooks", "main")
    # And can take it over, as the objects are marked as its own; from there the sandbox takes it over in turn.
    helm("upgrade", "main", str(root), "--set", "greeting=bye")
    outputs = provider.update(said.call(RELEASE), id, inputs, outputs, inputs)
    assert (outputs["status"]["revision"], outputs["status"]["status"]) == (3, "deployed")
    assert "greeting: hello" in helm("get", "values", "main")
    assert "uninstalled" in helm("uninstall", "main", "--no-hooks", "--keep-history")
    assert provider.read(said.call(RELEASE), id, inputs, outputs) is None
    provider.delete(said.call(RELEASE), id, inputs, outputs)
    assert helm("list", "--all", "--short") == ""


def test_templates_can_look_into_the_cluster(
    provider: KubernetesProvider, client: KubeClient, said: Said, namespace: str, cache: Path
) -> None:
    own = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "there", "namespace": namespace}}
    client.create({**own, "data": {"word": "found"}})
    text = '{{ (lookup "v1" "ConfigMap" .Release.Namespace "there").data.word }} {{ .Capabilities.KubeVersion.Minor }}'
    chart(cache, templates={"a.yaml": CONFIG_MAP.replace("{{ .Values.greeting | quote }}", text)})
    provider.create(said.call(RELEASE), checked(provider, said, namespace))
    made = client.get("v1", "ConfigMap", "main-settings", namespace)
    assert made is not None
    assert made["data"] == {"greeting": "found 35"}


def test_a_hook_that_fails_fails_the_release_with_the_jobs_reason_and_the_next_up_mends_it(
    provider: KubernetesProvider, client: KubeClient, said: Said, namespace: str, cache: Path
) -> None:
    nowhere = {"nodeSelector": {"no": "such-node"}}
    hopeless = hook("migrate", "pre-install,pre-upgrade", activeDeadlineSeconds=1, pod=nowhere)
    root = chart(cache, templates={"settings.yaml": CONFIG_MAP, "migrate.yaml": hopeless})
    inputs = checked(provider, said, namespace, values={"greeting": "hello"})
    with pytest.raises(
        InitFailed, match=r"pre-install hook of shop/templates/migrate\.yaml.*DeadlineExceeded"
    ) as failed:
        provider.create(said.call(RELEASE), inputs)
    assert named(client, "v1", "ConfigMap", namespace) == []

    (root / "templates" / "migrate.yaml").write_text(hook("migrate", "pre-install,pre-upgrade"))
    outputs = provider.update(said.call(RELEASE), failed.value.id, inputs, failed.value.outputs, inputs)

    assert outputs["status"]["status"] == "deployed"
    assert named(client, "v1", "ConfigMap", namespace) == ["main-settings"]


def test_an_atomic_install_that_was_cut_off_is_taken_over_and_finished(
    home: Home, provider: KubernetesProvider, client: KubeClient, said: Said, namespace: str, cache: Path
) -> None:
    templates = {
        "deployment.yaml": DEPLOYMENT,
        "widget.yaml": WIDGET,
        "announce.yaml": hook("announce", "post-install"),
    }
    chart(cache, "kiosk", templates=templates, crds={"widgets.yaml": WIDGETS}, values={"replicas": 1, "size": 1})
    inputs = checked(provider, said, namespace, chart="kiosk", atomic=True)
    # As the command after a kill does: it makes up for what was begun, and waits for nothing.
    stopped = KubernetesProvider(home)
    stopped.configure({"kubeconfig": home.admin_kubeconfig.read_text()})
    stopped.cancel()
    with pytest.raises(InitFailed, match="cancelled: waiting for") as left:
        stopped.create(replace(said.call(RELEASE), again=True), inputs)
    assert named(client, "apps/v1", "Deployment", namespace) == ["main"]

    id, outputs = left.value.id, left.value.outputs
    outputs = provider.update(said.call(RELEASE), id, inputs, outputs, inputs)

    assert outputs["status"]["status"] == "deployed"
    assert named(client, "batch/v1", "Job", namespace) == ["announce"]
    provider.delete(said.call(RELEASE), id, inputs, outputs)
    assert named(client, "v1", "Secret", namespace) == []
    assert client.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets.shop.example.com") is None


def test_an_object_that_the_api_server_refuses_is_named(
    provider: KubernetesProvider, said: Said, namespace: str, cache: Path
) -> None:
    chart(cache, templates={"a.yaml": CONFIG_MAP.replace("\ndata:", "\ndataa:")}, values={"greeting": "hello"})
    with pytest.raises(InitFailed, match=rf"Helm release {namespace}/main: ConfigMap {namespace}/main-settings.*dataa"):
        provider.create(said.call(RELEASE), checked(provider, said, namespace))


def test_a_custom_resource_that_its_crd_refuses_is_named(
    provider: KubernetesProvider, said: Said, namespace: str, cache: Path
) -> None:
    chart(cache, templates={"w.yaml": WIDGET}, crds={"widgets.yaml": WIDGETS}, values={"size": 0})
    inputs = checked(provider, said, namespace)
    with pytest.raises(InitFailed, match=r"Widget .*/main: .*spec\.size.*greater than or equal to 1") as failed:
        provider.create(said.call(RELEASE), inputs)
    provider.delete(said.call(RELEASE), failed.value.id, inputs, failed.value.outputs)


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "up"])
def test_a_chart_that_can_not_be_rendered_is_one_message(
    provider: KubernetesProvider, client: KubeClient, said: Said, namespace: str, cache: Path, preview: bool
) -> None:
    template = '{{ required "greeting must be given" .Values.greeting }}'
    chart(cache, templates={"a.yaml": CONFIG_MAP.replace("{{ .Values.greeting | quote }}", template)})
    with pytest.raises(ProviderError) as raised:
        provider.create(said.call(RELEASE, preview=preview), checked(provider, said, namespace))
    message = str(raised.value)
    assert message.startswith(
        f"Helm release {namespace}/main, chart shop 1.0.0: execution error at (shop/templates/a.yaml"
    )
    assert message.endswith("greeting must be given")
    assert "\n" not in message
    assert named(client, "v1", "Secret", namespace) == []
