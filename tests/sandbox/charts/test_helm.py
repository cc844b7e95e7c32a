"""Small charts, rendered by the true Helm."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.charts import Capabilities, Chart, ChartError, Charts, ChartSettings, Helm, Rendered, Wanted, render
from sandbox.toolchain.pins import HELM, kubernetes_minors
from sandbox.toolchain.setup import set_up
from tests.sandbox.charts.small_charts import CONFIG_MAP, WIDGET, WIDGETS, chart, hook, packed

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def program() -> str:
    return set_up(kubernetes_minors()[-1], [HELM]).programs["helm"]


@pytest.fixture
def helm(program: str, tmp_path: Path) -> Helm:
    return Helm(program, tmp_path / "homes")


def rendered(helm: Helm, path: Path, values: dict[str, Any] | None = None, **more: Any) -> Rendered:
    found = Chart(path, "shop", "1.0.0")
    capabilities = more.pop("capabilities", Capabilities("v1.35.4"))
    return render(helm, found, name="main", namespace="market", values=values or {}, capabilities=capabilities, **more)


@pytest.mark.parametrize("as_file", [True, False], ids=["packed", "unpacked"])
def test_values_of_the_release_win_over_files_and_these_over_the_charts(
    helm: Helm, tmp_path: Path, as_file: bool
) -> None:
    text = "{{ .Values.a }} {{ .Values.b }} {{ .Values.c }} {{ .Release.Namespace }} {{ .Release.IsUpgrade }}"
    path = chart(
        tmp_path / "made",
        templates={"a.yaml": CONFIG_MAP.replace("{{ .Values.greeting | quote }}", text)},
        values={"a": "chart", "b": "chart", "c": "chart"},
    )
    found = rendered(
        helm,
        packed(path, tmp_path) if as_file else path,
        {"c": "release"},
        value_files=["{b: file, c: file}"],
        upgrade=True,
    )
    assert found.objects[0]["data"] == {"greeting": "chart file release market true"}


def test_crds_and_hooks_are_told_apart_and_templates_see_the_crds(helm: Helm, tmp_path: Path) -> None:
    path = chart(
        tmp_path,
        templates={
            "widget.yaml": WIDGET,
            "settings.yaml": CONFIG_MAP,
            "hooks.yaml": f"{hook('b', 'pre-install', weight=1)}---\n{hook('a', 'post-install')}",
            "tests/test.yaml": hook("test", "test"),
            "NOTES.txt": "Welcome",
        },
        crds={"widgets.yaml": WIDGETS},
        values={"size": 2},
    )
    gadgets = WIDGETS.replace("widget", "gadget").replace("Widget", "Gadget")
    chart(path / "charts", "below", crds={"gadgets.yaml": gadgets})

    found = rendered(helm, path)

    assert {crd["metadata"]["name"] for crd in found.crds} == {"widgets.shop.example.com", "gadgets.shop.example.com"}
    # Helm's own order: what it knows by kind, custom resources last.
    assert [obj["kind"] for obj in found.objects] == ["ConfigMap", "Widget"]
    assert {hook.name for hook in found.hooks} == {"a", "b"}


def test_a_template_that_fails_says_where_and_why(helm: Helm, tmp_path: Path) -> None:
    path = chart(tmp_path, templates={"a.yaml": 'a: {{ required "a greeting is needed" .Values.greeting }}\n'})
    with pytest.raises(ChartError, match=r"shop/templates/a\.yaml:1:\d+.*a greeting is needed$") as raised:
        rendered(helm, path)
    assert "\n" not in str(raised.value)


def test_a_schema_that_refuses_names_the_value(helm: Helm, tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"replicas": {"type": "integer", "minimum": 1}}}
    path = chart(tmp_path, values={"replicas": 1}, schema=schema)
    with pytest.raises(ChartError, match=r"values don't meet the specifications of the schema.*shop:.*/replicas"):
        rendered(helm, path, {"replicas": "many"})


def test_a_kubernetes_that_the_chart_does_not_support_is_refused(helm: Helm, tmp_path: Path) -> None:
    with pytest.raises(ChartError, match=r"requires kubeVersion: >=1\.99\.0 which is incompatible with.*v1\.35\.4"):
        rendered(helm, chart(tmp_path, kubeVersion=">=1.99.0"))


def test_a_dependency_that_is_missing_is_named(helm: Helm, tmp_path: Path) -> None:
    needs = [{"name": "redis", "version": "1.0.0", "repository": "https://charts.example.com"}]
    with pytest.raises(ChartError, match="missing in charts/ directory: redis"):
        rendered(helm, chart(tmp_path, dependencies=needs))


def test_an_archive_that_is_none_is_refused_with_helms_reason(helm: Helm, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "shop-1.0.0.tgz").write_text("oops")
    found = Charts(ChartSettings(tmp_path / "cache"), helm, tmp_path / "pulled").find(Wanted("shop", "1.0.0"))
    assert found is not None
    with pytest.raises(ChartError, match=r"shop-1\.0\.0\.tgz' does not appear to be a gzipped archive"):
        rendered(helm, found.path)


class TestRepository:
    @pytest.fixture
    def address(self, tmp_path: Path) -> Iterator[str]:
        """A chart repository on this machine, with shop 1.0.0 and 1.1.0."""
        folder = tmp_path / "repository"
        entries: list[dict[str, Any]] = []
        for version in ("1.0.0", "1.1.0"):
            file = packed(chart(tmp_path / version, version=version), folder)
            entries.append({"apiVersion": "v2", "name": "shop", "version": version, "urls": [file.name]})
        (folder / "index.yaml").write_text(yaml.safe_dump({"apiVersion": "v1", "entries": {"shop": entries}}))

        class Quiet(SimpleHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
        server.server_close()

    @pytest.fixture
    def charts(self, helm: Helm, tmp_path: Path) -> Charts:
        return Charts(ChartSettings(online=True), helm, tmp_path / "pulled")

    @pytest.mark.parametrize(("asked", "taken"), [("1.0.0", "1.0.0"), ("~1.0", "1.0.0"), ("", "1.1.0")])
    def test_a_chart_is_pulled_by_version_range_or_as_the_newest(
        self, charts: Charts, address: str, asked: str, taken: str
    ) -> None:
        found = charts.find(Wanted("shop", asked, address))
        assert found is not None
        assert (found.name, found.version) == ("shop", taken)

    def test_a_version_that_the_repository_lacks_is_refused(self, charts: Charts, address: str) -> None:
        with pytest.raises(ChartError, match=rf'chart "shop" version "2\.0\.0" not found in {address} repository'):
            charts.find(Wanted("shop", "2.0.0", address))

    def test_a_repository_that_can_not_be_reached_is_named(self, charts: Charts) -> None:
        with pytest.raises(ChartError, match=r'looks like "http://127\.0\.0\.1:1" is not a valid chart repository'):
            charts.find(Wanted("shop", "1.0.0", "http://127.0.0.1:1"))
