"""A genuine Kubernetes control plane on 127.0.0.1: etcd, API server, controllers, scheduler, and kwok for kubelets."""

from __future__ import annotations

import shutil
import ssl
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sandbox.control_plane_files import AUTHENTICATION, authorization, kubeconfig, webhook, write, write_private
from sandbox.home import Home
from sandbox.pki import Authority, KeyPair, signing_key
from sandbox.processes import Child, KilledError, ProcessError, start, stop_stray

_HOST = "127.0.0.1"
_READY_TIMEOUT = 60.0
"""Seconds. A ready plane takes about four; a busy machine with cold disks needs more."""
_STOP_TIMEOUTS = {"etcd": 10.0}
"""Seconds until a component is killed, 2 by default: all but the store keep nothing, and the API server would wait for
every client that watches something."""
_COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
_POD_RANGE = "100.64.0.1/16"
"""Addresses of simulated pods: the shared range that EKS guides use for pods outside of the VPC's own."""
_AUDIENCE = "https://kubernetes.default.svc"
NODE_ANNOTATION = "kwok.x-k8s.io/node=fake"
"""What a node must be annotated with to be simulated."""


@dataclass(frozen=True)
class Webhooks:
    """The cloud's answers to the API server's questions: who is it, and may they?"""

    token_review: str
    """URL of the TokenReview webhook."""
    access_review: str
    """URL of the SubjectAccessReview webhook; it is only asked about what RBAC does not allow."""


class ControlPlane:
    """The control plane of one sandbox. Its data survive ``stop`` and are used again by the next ``start``."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._tools: dict[str, str] = home.facts["tools"]
        self._children: list[Child] = []
        self._lock = threading.RLock()
        self._authority = Authority(home.pki, "ca")
        self.port = home.port_for("kube-apiserver")

    @property
    def endpoint(self) -> str:
        return f"https://{_HOST}:{self.port}"

    @property
    def certificate_authority(self) -> str:
        """The authority's PEM certificate in base64, as EKS gives it."""
        return self._authority.pair.certificate_data

    @property
    def client_files(self) -> tuple[str, tuple[str, str]]:
        """The files of the authority, and of an administrator's certificate and key."""
        admin = self._authority.client("admin", "sandbox-admin", ["system:masters"])
        return str(self._authority.pair.certificate), (str(admin.certificate), str(admin.key))

    @property
    def running(self) -> bool:
        return bool(self._children) and all(child.alive for child in self._children)

    @property
    def ended(self) -> list[str]:
        """The names of the components that ended by themselves, or were killed; all of them when none was started."""
        alive = {child.name for child in self._children if child.alive}
        return [name for name in _COMPONENTS if name not in alive]

    def start(self, *, issuer: str, webhooks: Webhooks, service_range: str = "172.20.0.0/16") -> None:
        """Start everything and return when the API server is ready. Raises ProcessError with the culprit's log.

        ``issuer`` is the OIDC issuer of service accounts' tokens.
        """
        with self._lock:
            if self.running:
                return
            self.stop()
            try:
                self._start_store()
                self._start_api_server(issuer, webhooks, service_range)
                self._start_rest()
            except BaseException as error:
                killed = [child.name for child in self._children if child.killed]
                self.stop()
                if killed and isinstance(error, ProcessError):
                    raise KilledError(f"{', '.join(killed)} was killed meanwhile: {error}") from error
                raise

    def stop(self) -> None:
        """Stop everything: what writes first, what is written to last."""
        with self._lock:
            for names in (("kwok", "kube-scheduler", "kube-controller-manager"), ("kube-apiserver",), ("etcd",)):
                leaving = [child for child in self._children if child.name in names]
                with ThreadPoolExecutor(max(1, len(leaving))) as pool:
                    list(pool.map(_stop, leaving))
                for child in leaving:
                    self._home.withdraw(child.name)
            self._children = []

    def reset(self) -> None:
        """Stop, and forget every object: the next start begins with an empty cluster."""
        with self._lock:
            self.stop()
            shutil.rmtree(self._home.root / "etcd", ignore_errors=True)

    # The components

    def _start_store(self) -> None:
        # An authority of its own: any certificate that the cluster's authority signs would open the store.
        authority = Authority(self._home.pki, "etcd-ca")
        server = authority.server("etcd", [_HOST, "localhost"])
        client = authority.client("etcd-client", "kube-apiserver")
        port, peer_port = self._home.port_for("etcd"), self._home.port_for("etcd-peer")
        url, peer_url = f"https://{_HOST}:{port}", f"http://{_HOST}:{peer_port}"
        arguments = {
            "name": "sandbox",
            "data-dir": str(self._home.etcd),
            "listen-client-urls": url,
            "advertise-client-urls": url,
            "listen-peer-urls": peer_url,
            "initial-advertise-peer-urls": peer_url,
            "initial-cluster": f"sandbox={peer_url}",
            "cert-file": str(server.certificate),
            "key-file": str(server.key),
            "trusted-ca-file": str(authority.pair.certificate),
            "client-cert-auth": "true",
            # Without it each write waits for the disk. A killed process still loses nothing, as the kernel has the
            # pages; only a crash of the whole machine may: docs/sandbox.md says how to go on then.
            "unsafe-no-fsync": "true",
            "snapshot-count": "5000",
            "log-level": "warn",
        }
        etcd = self._start("etcd", arguments)
        etcd.wait_ready(lambda: _answers(f"{url}/readyz", authority.pair, client), timeout=_READY_TIMEOUT)
        self._home.announce("etcd", etcd.pid, port)

    def _start_api_server(self, issuer: str, webhooks: Webhooks, service_range: str) -> None:
        pki, files = self._home.pki, self._home.root / "control-plane"
        files.mkdir(exist_ok=True)
        hosts = [_HOST, "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"]
        server = self._authority.server("kube-apiserver", [*hosts, "kubernetes.default.svc.cluster.local"])
        store = Authority(pki, "etcd-ca")
        store_client = store.client("etcd-client", "kube-apiserver")
        private_key, public_key = signing_key(pki, "service-accounts")
        admin = self._authority.client("admin", "sandbox-admin", ["system:masters"])
        self._write_kubeconfig(self._home.admin_kubeconfig, admin)
        arguments = {
            "advertise-address": _HOST,
            "bind-address": _HOST,
            "secure-port": str(self.port),
            "tls-cert-file": str(server.certificate),
            "tls-private-key-file": str(server.key),
            "client-ca-file": str(self._authority.pair.certificate),
            "etcd-servers": f"https://{_HOST}:{self._home.port_for('etcd')}",
            "etcd-cafile": str(store.pair.certificate),
            "etcd-certfile": str(store_client.certificate),
            "etcd-keyfile": str(store_client.key),
            "service-cluster-ip-range": service_range,
            "service-account-issuer": issuer,
            "service-account-jwks-uri": f"{issuer}/keys",
            "service-account-key-file": str(public_key),
            "service-account-signing-key-file": str(private_key),
            "api-audiences": _AUDIENCE,
            "authentication-config": write(files / "authentication.json", AUTHENTICATION),
            "authentication-token-webhook-config-file": write(
                files / "token-review.json", webhook(webhooks.token_review)
            ),
            "authentication-token-webhook-version": "v1",
            # Access entries change while a test runs: their effect must show at once.
            "authentication-token-webhook-cache-ttl": "1s",
            "authorization-config": write(
                files / "authorization.json",
                authorization(write(files / "access-review.json", webhook(webhooks.access_review))),
            ),
            "enable-admission-plugins": "NodeRestriction",
            # As EKS has it: vpc-cni and kube-proxy need it, and Pod Security decides per namespace.
            "allow-privileged": "true",
            "endpoint-reconciler-type": "none",  # no leases of one server among many
            "event-ttl": "30m0s",
            "profiling": "false",
        }
        (etcd,) = self._children
        api_server = self._start("kube-apiserver", arguments)
        api_server.wait_ready(
            lambda: etcd.needed() and _answers(f"{self.endpoint}/readyz", self._authority.pair, admin),
            timeout=_READY_TIMEOUT,
        )
        self._home.announce("kube-apiserver", api_server.pid, self.port)

    def _start_rest(self) -> None:
        common = {"leader-elect": "false", "profiling": "false", "bind-address": _HOST}
        ca = self._authority.pair
        private_key, _ = signing_key(self._home.pki, "service-accounts")
        manager = {
            **common,
            **self._serving("kube-controller-manager"),
            "kubeconfig": self._component_kubeconfig("kube-controller-manager"),
            "root-ca-file": str(ca.certificate),
            "service-account-private-key-file": str(private_key),
            "cluster-signing-cert-file": str(ca.certificate),
            "cluster-signing-key-file": str(ca.key),
            "allocate-node-cidrs": "false",
            # A platform comes up in seconds here: the default of 20 calls a second would be its slowest part.
            "kube-api-qps": "200",
            "kube-api-burst": "400",
            "concurrent-gc-syncs": "5",
            "node-monitor-grace-period": "50s",
        }
        scheduler = {
            **common,
            **self._serving("kube-scheduler"),
            "config": self._scheduler_config(),
        }
        kwok = {
            "kubeconfig": self._component_kubeconfig("kwok"),
            "manage-nodes-with-annotation-selector": NODE_ANNOTATION,
            "cidr": _POD_RANGE,
            # Renewed leases are what keeps the node lifecycle controller from tainting the nodes.
            "node-lease-duration-seconds": "40",
            "v": "WARN",
        }
        for name, arguments in (("kube-controller-manager", manager), ("kube-scheduler", scheduler)):
            child = self._start(name, arguments)
            self._home.announce(name, child.pid, int(arguments["secure-port"]))
        child = self._start("kwok", kwok)
        self._home.announce("kwok", child.pid, 0)

    # Inside

    def _start(self, name: str, arguments: dict[str, str]) -> Child:
        program = self._tools[name]
        stop_stray(self._home.running(name), program)
        command = [program, *(f"--{key}={value}" for key, value in arguments.items())]
        # No proxies: everything is on this machine. GOGC trades a little time for a third of the memory.
        environ = {"PATH": "/usr/bin:/bin", "HOME": str(self._home.root), "GOGC": "60", "NO_PROXY": "*"}
        child = start(name, command, self._home.logs / f"{name}.log", environ=environ)
        self._children.append(child)
        return child

    def _serving(self, name: str) -> dict[str, str]:
        pair = self._authority.server(f"{name}-serving", [_HOST, "localhost"])
        return {
            "secure-port": str(self._home.port_for(name)),
            "tls-cert-file": str(pair.certificate),
            "tls-private-key-file": str(pair.key),
        }

    def _component_kubeconfig(self, name: str) -> str:
        # The controllers act under one certificate instead of a service account each: their rights are no subject
        # of a sandbox, and forty accounts and tokens less make the start shorter.
        pair = self._authority.client(name, f"system:{name}", ["system:masters"])
        return str(self._write_kubeconfig(self._home.root / "control-plane" / f"{name}.kubeconfig", pair))

    def _scheduler_config(self) -> str:
        config = {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "clientConnection": {
                "kubeconfig": self._component_kubeconfig("kube-scheduler"),
                "qps": 200,
                "burst": 400,
            },
            "leaderElection": {"leaderElect": False},
            "enableProfiling": False,
            # Nodes are there in a second; pods that waited for them should be too.
            "podInitialBackoffSeconds": 1,
            "podMaxBackoffSeconds": 2,
        }
        return write(self._home.root / "control-plane" / "kube-scheduler.json", config)

    def _write_kubeconfig(self, path: Path, user: KeyPair) -> Path:
        cluster = {"server": self.endpoint, "certificate-authority-data": self.certificate_authority}
        credentials = {"client-certificate-data": user.certificate_data, "client-key-data": user.key_data}
        return write_private(path, kubeconfig(cluster, credentials))


def _stop(child: Child) -> None:
    child.stop(timeout=_STOP_TIMEOUTS.get(child.name, 2.0))


def _answers(url: str, authority: KeyPair, client: KeyPair) -> bool:
    """Whether ``url`` answers with success."""
    context = ssl.create_default_context(cafile=str(authority.certificate))
    context.load_cert_chain(client.certificate, client.key)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(url, timeout=2) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False
