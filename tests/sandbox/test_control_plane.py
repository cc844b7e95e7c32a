"""Child processes, certificates, and the genuine control plane that is made of them."""

from __future__ import annotations

import contextlib
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.x509.oid import NameOID

from sandbox.control_plane import ControlPlane, Webhooks
from sandbox.home import Home, Running
from sandbox.kube import ApiError, KubeClient
from sandbox.lifecycle import claim_ports
from sandbox.pki import Authority, signing_key
from sandbox.processes import ProcessError, start, stop_stray
from sandbox.toolchain.setup import set_up


class TestProcesses:
    def test_a_child_that_ends_early_is_named_with_the_end_of_its_log(self, tmp_path: Path) -> None:
        child = start("broken", ["sh", "-c", "echo the port is taken; exit 3"], tmp_path / "broken.log")
        with pytest.raises(ProcessError, match=r"broken ended with exit status 3(.|\n)*the port is taken"):
            child.wait_ready(lambda: False, timeout=5)

    def test_a_child_that_is_not_ready_in_time_is_an_error(self, tmp_path: Path) -> None:
        child = start("slow", ["sleep", "60"], tmp_path / "slow.log")
        with pytest.raises(ProcessError, match=r"slow is not ready after 0\.1 s"):
            child.wait_ready(lambda: False, timeout=0.1)
        child.stop()
        assert not child.alive

    def test_a_child_that_does_not_listen_is_killed(self, tmp_path: Path) -> None:
        child = start("deaf", ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"], tmp_path / "log")
        child.wait_ready(lambda: "ready" in child.tail(), timeout=5)
        child.stop(timeout=0.1)
        assert child.process.returncode == -signal.SIGKILL

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
    def test_children_end_with_their_parent_whatever_ends_it(self, tmp_path: Path) -> None:
        script = (
            "import sys, time; from pathlib import Path; from sandbox.processes import start\n"
            "print(start('child', ['sleep', '60'], Path(sys.argv[1])).pid, flush=True); time.sleep(60)"
        )
        command = [sys.executable, "-c", script, str(tmp_path / "log")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
            assert parent.stdout is not None
            child = Running("child", int(parent.stdout.readline()), 0, 0)
            assert child.alive
            parent.kill()
        deadline = time.monotonic() + 5
        while child.alive and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not child.alive

    def test_a_stray_is_stopped_only_while_it_is_the_program(self, tmp_path: Path) -> None:
        child = start("stray", ["sleep", "60"], tmp_path / "log")
        announced = Running("stray", child.pid, 0, 0)
        stop_stray(announced, "/opt/other/program")
        assert child.alive
        stop_stray(announced, "sleep")
        assert not announced.alive
        assert not child.alive


class TestCertificates:
    def test_a_client_certificate_says_user_and_groups(self, tmp_path: Path) -> None:
        pair = Authority(tmp_path, "ca").client("admin", "alice", ["system:masters"])
        subject = x509.load_pem_x509_certificate(pair.certificate.read_bytes()).subject
        assert [each.value for each in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["alice"]
        assert [each.value for each in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == ["system:masters"]

    def test_a_server_certificate_is_valid_for_its_hosts(self, tmp_path: Path) -> None:
        pair = Authority(tmp_path, "ca").server("api", ["127.0.0.1", "localhost"])
        certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == ["localhost"]
        assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]

    def test_what_was_made_is_used_again(self, tmp_path: Path) -> None:
        first = Authority(tmp_path, "ca").client("admin", "alice").certificate_data
        assert Authority(tmp_path, "ca").client("admin", "alice").certificate_data == first

    def test_many_at_once_get_the_same_certificate_with_its_own_key(self, tmp_path: Path) -> None:
        def ask(_: int) -> tuple[str, str]:
            pair = Authority(tmp_path, "ca").client("admin", "alice")
            context = ssl.create_default_context()
            context.load_cert_chain(pair.certificate, pair.key)  # raises when they don't belong together
            return pair.certificate_data, pair.key_data

        with ThreadPoolExecutor(16) as pool:
            assert len(set(pool.map(ask, range(64)))) == 1

    def test_private_keys_are_private(self, tmp_path: Path) -> None:
        private, _ = signing_key(tmp_path, "accounts")
        assert private.stat().st_mode & 0o077 == 0
        assert Authority(tmp_path, "ca").pair.key.stat().st_mode & 0o077 == 0


def begin(plane: ControlPlane) -> None:
    nowhere = "http://127.0.0.1:9"
    issuer = "https://oidc.eks.eu-west-1.amazonaws.com/id/TEST"
    plane.start(issuer=issuer, webhooks=Webhooks(nowhere, nowhere))


def client(home: Home) -> KubeClient:
    return KubeClient.from_kubeconfig(home.admin_kubeconfig.read_text())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    toolchain = set_up("1.35")
    home = Home(tmp_path_factory.mktemp("sandbox"))
    facts = {"stack": "test", "kubernetes_version": "1.35", "tools": toolchain.programs, "crds": str(toolchain.crds)}
    home.write_facts(facts)
    return home


@pytest.fixture(scope="module")
def plane(home: Home) -> Iterator[ControlPlane]:
    plane = ControlPlane(home)
    begin(plane)
    yield plane
    plane.stop()


@pytest.mark.engine
@pytest.mark.usefixtures("plane")
class TestControlPlane:
    def test_it_has_the_version_that_was_asked_for(self, home: Home) -> None:
        assert client(home).server_version().startswith("v1.35.")
        assert {process.name for process in home.processes()} == {
            "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"
        }  # fmt: skip

    def test_pod_security_is_enforced(self, home: Home) -> None:
        kube = client(home)
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "strict", "labels": labels}})
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "root", "namespace": "strict"},
            "spec": {"containers": [{"name": "c", "image": "i"}]},
        }
        with pytest.raises(ApiError, match="violates PodSecurity"):
            kube.create(pod)

    def test_strangers_see_its_health_only(self, plane: ControlPlane) -> None:
        authority, _ = plane.client_files
        session = requests.Session()
        session.trust_env = False
        assert session.get(f"{plane.endpoint}/livez", verify=authority).status_code == 200
        assert session.get(f"{plane.endpoint}/api/v1/namespaces", verify=authority).status_code == 401

    def test_objects_survive_a_restart_and_a_reset_forgets_them(self, home: Home, plane: ControlPlane) -> None:
        client(home).create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kept"}})
        plane.stop()
        assert home.processes() == []
        begin(plane)
        assert client(home).get("v1", "Namespace", "kept") is not None
        plane.reset()
        begin(plane)
        assert client(home).get("v1", "Namespace", "kept") is None

    def test_objects_survive_that_somebody_takes_the_ports_of_a_stopped_plane(
        self, home: Home, plane: ControlPlane
    ) -> None:
        client(home).create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "moved"}})
        plane.stop()
        before = home.ports
        with contextlib.ExitStack() as somebody:
            for name in ("etcd", "etcd-peer", "kube-controller-manager", "kube-scheduler"):
                somebody.enter_context(socket.create_server(("127.0.0.1", before[name])))
            claim_ports(home)
            begin(plane)

        assert client(home).get("v1", "Namespace", "moved") is not None
        assert [name for name in before if home.ports[name] == before[name]] == ["kube-apiserver"]

    def test_a_component_that_cannot_start_is_named(self, home: Home, tmp_path: Path) -> None:
        other = Home(tmp_path)
        facts = home.facts
        (tmp_path / "false").symlink_to("/bin/false")
        other.write_facts({**facts, "tools": {**facts["tools"], "etcd": str(tmp_path / "false")}})
        with pytest.raises(ProcessError, match="etcd ended with exit status 1"):
            begin(ControlPlane(other))
