"""What the sandbox can rely on when it talks to an API server."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.kube import ApiError, KubeClient, KubeconfigError, UnknownKind

Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]

CORE = {
    "resources": [
        {"name": "configmaps", "kind": "ConfigMap", "namespaced": True, "verbs": ["get", "list"]},
        {"name": "namespaces", "kind": "Namespace", "namespaced": False, "verbs": ["get", "list"]},
        {"name": "namespaces/status", "kind": "Namespace", "namespaced": False, "verbs": ["get"]},
        {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": ["get", "list"]},
    ]
}


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]


@dataclass
class Api:
    """A server that answers as the test says."""

    url: str
    requests: list[Request] = field(default_factory=list)
    answers: dict[tuple[str, str], Callable[[Request], Answer] | Answer] = field(default_factory=dict)

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        found = self.answers.get((request.method, request.path))
        if found is None:
            return 404, {"kind": "Status", "reason": "NotFound", "message": f"{request.path} not found"}
        return found(request) if callable(found) else found

    def kubeconfig(self, **user: Any) -> str:
        return json.dumps(
            {
                "current-context": "c",
                "contexts": [{"name": "c", "context": {"cluster": "x", "user": "u", "namespace": "team"}}],
                "clusters": [{"name": "x", "cluster": {"server": self.url}}],
                "users": [{"name": "u", "user": user}],
            }
        )

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]


@pytest.fixture
def api() -> Iterator[Api]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            status, content, *more = served.answer(Request(self.command, parts.path, query, body, dict(self.headers)))
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            for key, value in (more[0] if more else {}).items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Api(f"http://127.0.0.1:{server.server_port}")
    served.answers["GET", "/api/v1"] = (200, CORE)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield served
    server.shutdown()
    server.server_close()


def exec_user(folder: Path, expires: str) -> dict[str, Any]:
    """A credential plugin that counts its runs and gives a new token each time."""
    script = (
        "import json, pathlib, sys\n"
        f"log = pathlib.Path({str(folder / 'runs')!r})\n"
        "runs = len(log.read_text()) + 1 if log.exists() else 1\n"
        "log.write_text('x' * runs)\n"
        f"status = {{'token': f'token-{{runs}}', 'expirationTimestamp': {expires!r}}}\n"
        "print(json.dumps({'kind': 'ExecCredential', 'status': status}))\n"
    )
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": sys.executable,
            "args": ["-S", "-c", script],
            "env": None,
        }
    }


def test_an_object_is_found_by_its_api_version_and_kind(api: Api) -> None:
    api.answers["GET", "/api/v1/namespaces/team/configmaps/a"] = (200, {"data": {"x": "1"}})
    client = KubeClient.from_kubeconfig(api.kubeconfig())

    assert client.get("v1", "ConfigMap", "a") == {"data": {"x": "1"}}
    assert client.get("v1", "ConfigMap", "b", "other") is None


def test_discovery_is_asked_once_and_again_only_for_what_was_missing(api: Api) -> None:
    client = KubeClient.from_kubeconfig(api.kubeconfig())
    client.get("v1", "ConfigMap", "a")
    client.get("v1", "Namespace", "a")
    assert api.paths().count("/api/v1") == 1
    with pytest.raises(UnknownKind, match=r"no kind Widget in example\.com/v1"):
        client.get("example.com/v1", "Widget", "a")

    # Its CRD appears while the client lives.
    widget = {"name": "widgets", "kind": "Widget", "namespaced": False, "verbs": ["get"]}
    api.answers["GET", "/apis/example.com/v1"] = (200, {"resources": [widget]})
    api.answers["GET", "/apis/example.com/v1/widgets/a"] = (200, {"spec": {}})
    assert client.get("example.com/v1", "Widget", "a") == {"spec": {}}


def test_a_list_is_read_page_by_page_and_says_what_its_items_are(api: Api) -> None:
    def page(request: Request) -> Answer:
        if "continue" in request.query:
            return 200, {"items": [{"metadata": {"name": "b"}}], "metadata": {}}
        return 200, {"items": [{"metadata": {"name": "a"}}], "metadata": {"continue": "next"}}

    api.answers["GET", "/api/v1/configmaps"] = page
    client = KubeClient.from_kubeconfig(api.kubeconfig())

    found = client.list("v1", "ConfigMap", label_selector="app=web")
    assert [(item["kind"], item["metadata"]["name"]) for item in found] == [("ConfigMap", "a"), ("ConfigMap", "b")]
    assert api.requests[-1].query["labelSelector"] == "app=web"


def test_apply_is_server_side_and_reports_the_servers_warnings(api: Api) -> None:
    headers = {"Warning": '299 - "would violate \\"restricted\\"", 299 - "deprecated"'}
    api.answers["PATCH", "/api/v1/namespaces/shop/configmaps/a"] = (200, {"metadata": {"uid": "1"}}, headers)
    client = KubeClient.from_kubeconfig(api.kubeconfig())
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop"}}
    warnings: list[str] = []

    client.apply(obj, field_manager="me", force=True, dry_run=True, strict=True, warn=warnings.append)

    request = api.requests[-1]
    assert request.query == {"fieldManager": "me", "force": "true", "dryRun": "All", "fieldValidation": "Strict"}
    assert request.headers["Content-Type"] == "application/apply-patch+yaml"
    assert warnings == ['would violate "restricted"', "deprecated"]


def test_an_error_reads_as_the_server_meant_it(api: Api) -> None:
    causes = [{"reason": "FieldManagerConflict", "field": ".spec.replicas", "message": 'conflict with "hpa"'}]
    status = {"reason": "Conflict", "message": "Apply failed with 1 conflict", "details": {"causes": causes}}
    api.answers["GET", "/api/v1/namespaces/team/configmaps/a"] = (409, {"kind": "Status", **status})
    client = KubeClient.from_kubeconfig(api.kubeconfig())

    with pytest.raises(ApiError) as raised:
        client.get("v1", "ConfigMap", "a")
    assert (raised.value.status, raised.value.reason) == (409, "Conflict")
    assert str(raised.value) == 'Apply failed with 1 conflict; .spec.replicas: conflict with "hpa"'


def test_deleting_or_evicting_what_is_gone_is_fine(api: Api) -> None:
    client = KubeClient.from_kubeconfig(api.kubeconfig())
    client.delete("v1", "ConfigMap", "a", propagation="Foreground", grace_period=0)
    assert api.requests[-1].body["propagationPolicy"] == "Foreground"
    assert api.requests[-1].body["gracePeriodSeconds"] == 0
    client.evict("web-1", "shop")
    assert api.requests[-1].path == "/api/v1/namespaces/shop/pods/web-1/eviction"


def test_a_disruption_budget_refuses_an_eviction_at_once(api: Api) -> None:
    status = {"reason": "TooManyRequests", "message": "Cannot evict pod as it would violate its budget"}
    path = "/api/v1/namespaces/shop/pods/web-1/eviction"
    api.answers["POST", path] = (429, status, {"Retry-After": "10"})
    with pytest.raises(ApiError, match="violate its budget"):
        KubeClient.from_kubeconfig(api.kubeconfig()).evict("web-1", "shop")
    assert api.paths().count(path) == 1


def test_a_busy_server_is_asked_again(api: Api) -> None:
    answers: list[Answer] = [(429, {"message": "busy"}, {"Retry-After": "0"}), (200, {"data": {}})]
    api.answers["GET", "/api/v1/namespaces/team/configmaps/a"] = lambda _: answers.pop(0)
    assert KubeClient.from_kubeconfig(api.kubeconfig()).get("v1", "ConfigMap", "a") == {"data": {}}


def test_a_credential_plugin_runs_once_for_many_threads_and_clients(api: Api, tmp_path: Path) -> None:
    api.answers["GET", "/version"] = lambda request: (200, {"gitVersion": request.headers["Authorization"]})
    kubeconfig = api.kubeconfig(**exec_user(tmp_path, "2999-01-01T00:00:00Z"))
    clients = [KubeClient.from_kubeconfig(kubeconfig) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(lambda index: clients[index % 2].server_version(), range(16)))
    assert answers == {"Bearer token-1"}
    assert (tmp_path / "runs").read_text() == "x"


def test_an_expired_token_is_renewed(api: Api, tmp_path: Path) -> None:
    api.answers["GET", "/version"] = lambda request: (200, {"gitVersion": request.headers["Authorization"]})
    client = KubeClient.from_kubeconfig(api.kubeconfig(**exec_user(tmp_path, "2020-01-01T00:00:00Z")))
    assert [client.server_version(), client.server_version()] == ["Bearer token-1", "Bearer token-2"]


def test_a_refused_token_is_renewed_once(api: Api, tmp_path: Path) -> None:
    def version(request: Request) -> Answer:
        known = request.headers["Authorization"] == "Bearer token-2"
        return (200, {"gitVersion": "v1"}) if known else (401, {"reason": "Unauthorized", "message": "Unauthorized"})

    api.answers["GET", "/version"] = version
    client = KubeClient.from_kubeconfig(api.kubeconfig(**exec_user(tmp_path, "2999-01-01T00:00:00Z")))
    assert client.server_version() == "v1"
    api.answers["GET", "/version"] = (401, {"reason": "Unauthorized", "message": "Unauthorized"})
    with pytest.raises(ApiError, match="Unauthorized"):
        client.server_version()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clusters": [{"name": "x", "cluster": {"server": "https://example.com"}}]}, "on 127.0.0.1 only"),
        ({"current-context": "d"}, "no context named 'd'; it has: c"),
        ({"current-context": None}, "no current-context"),
        ({"users": []}, "no user named 'u'; it has: none"),
        ({"users": [{"name": "u", "user": {"exec": {"apiVersion": "v0"}}}]}, "must be one of"),
    ],
)
def test_a_kubeconfig_that_leads_nowhere_says_why(change: dict[str, Any], message: str) -> None:
    kubeconfig = json.loads(Api("https://127.0.0.1:1").kubeconfig(token="t")) | change
    with pytest.raises(KubeconfigError, match=message):
        KubeClient.from_kubeconfig(json.dumps(kubeconfig))


def test_a_failing_credential_plugin_is_quoted_but_what_it_printed_is_not(api: Api) -> None:
    def user(script: str) -> dict[str, Any]:
        version = "client.authentication.k8s.io/v1"
        return {"exec": {"apiVersion": version, "command": sys.executable, "args": ["-S", "-c", script]}}

    failing = KubeClient.from_kubeconfig(api.kubeconfig(**user("import sys; sys.exit('no such cluster')")))
    with pytest.raises(KubeconfigError, match="ended with 1: no such cluster"):
        failing.server_version()
    printing = KubeClient.from_kubeconfig(api.kubeconfig(**user("print('hunter2')")))
    with pytest.raises(KubeconfigError, match="printed no ExecCredential") as raised:
        printing.server_version()
    assert "hunter2" not in str(raised.value)


def test_a_server_that_is_gone_is_named() -> None:
    client = KubeClient.from_kubeconfig(Api("http://127.0.0.1:1").kubeconfig())
    with pytest.raises(ApiError, match=r"http://127.0.0.1:1 does not answer") as raised:
        client.server_version()
    assert raised.value.status == 0


def test_inventories_see_each_kind_once_in_its_preferred_version(api: Api) -> None:
    def resource(plural: str, kind: str, *verbs: str) -> dict[str, Any]:
        return {"resource": plural, "responseKind": {"kind": kind}, "scope": "Namespaced", "verbs": list(verbs)}

    core = {"metadata": {}, "versions": [{"version": "v1", "resources": [resource("pods", "Pod", "get", "list")]}]}
    reviews = resource("reviews", "Review", "create")
    versions = [
        {"version": "v2", "resources": [resource("widgets", "Widget", "list"), reviews]},
        {"version": "v1", "resources": [resource("widgets", "Widget", "list"), resource("old", "Old", "list")]},
    ]
    api.answers["GET", "/api"] = (200, {"items": [core]})
    api.answers["GET", "/apis"] = (200, {"items": [{"metadata": {"name": "example.com"}, "versions": versions}]})

    kinds = KubeClient.from_kubeconfig(api.kubeconfig()).kinds()
    assert [(kind.api_version, kind.kind) for kind in kinds] == [
        ("v1", "Pod"),
        ("example.com/v2", "Widget"),
        ("example.com/v1", "Old"),
    ]
