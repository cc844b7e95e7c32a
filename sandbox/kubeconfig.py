"""How a client reaches an API server: a kubeconfig's address, authority and credentials."""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, cast
from urllib.parse import urlsplit

import yaml

_EXEC_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_EXEC_TIMEOUT = 60.0
_EXPIRY_MARGIN = 60.0
"""Seconds before its expiry at which a token is no longer used."""


class KubeconfigError(ValueError):
    """A kubeconfig that leads to no API server, or whose credential plugin gave nothing."""


@dataclass(frozen=True)
class ExecPlugin:
    """The ``exec`` section of a kubeconfig's user."""

    api_version: str
    command: str
    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]


@dataclass
class _Token:
    value: str = ""
    expires: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


_tokens: dict[tuple[ExecPlugin, frozenset[tuple[str, str]]], _Token] = {}
_tokens_lock = threading.Lock()


def exec_token(plugin: ExecPlugin, environ: Mapping[str, str], *, rejected: str | None = None) -> str:
    """The bearer token of a credential plugin, which runs once per expiry however many threads and clients ask.

    ``rejected`` is a token that the server refused: a cached one equal to it is not given again.
    """
    with _tokens_lock:
        entry = _tokens.setdefault((plugin, frozenset(environ.items())), _Token())
    with entry.lock:
        if entry.value and entry.value != rejected and time.time() < entry.expires - _EXPIRY_MARGIN:
            return entry.value
        entry.value, entry.expires = _run_plugin(plugin, environ)
        return entry.value


def _run_plugin(plugin: ExecPlugin, environ: Mapping[str, str]) -> tuple[str, float]:
    request = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": {"interactive": False}}
    variables = {**environ, **dict(plugin.environment), "KUBERNETES_EXEC_INFO": json.dumps(request)}
    try:
        result = subprocess.run(
            [plugin.command, *plugin.arguments],
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_EXEC_TIMEOUT,
            check=False,
        )
    except FileNotFoundError:
        raise KubeconfigError(f"the kubeconfig's credential command {plugin.command!r} is not on PATH") from None
    except subprocess.TimeoutExpired:
        raise KubeconfigError(
            f"the kubeconfig's credential command {plugin.command!r} gave no token within {_EXEC_TIMEOUT:.0f} s"
        ) from None
    if result.returncode != 0:
        raise KubeconfigError(
            f"the kubeconfig's credential command {plugin.command!r} ended with {result.returncode}: "
            f"{result.stderr.strip()}"
        )
    try:
        status = json.loads(result.stdout)["status"]
        token = str(status["token"])
    except (ValueError, KeyError, TypeError):
        # What was printed may hold a part of a credential: it is not repeated.
        raise KubeconfigError(
            f"the kubeconfig's credential command {plugin.command!r} printed no ExecCredential with a token"
        ) from None
    stamp = status.get("expirationTimestamp")
    if not stamp:
        return token, float("inf")
    expires = datetime.fromisoformat(str(stamp).replace("Z", "+00:00"))
    return token, (expires if expires.tzinfo else expires.replace(tzinfo=UTC)).timestamp()


class Access:
    """Where the API server is, whom to trust and how to say who we are."""

    def __init__(self, cluster: Mapping[str, Any], user: Mapping[str, Any], namespace: str, environ: Mapping[str, str]):
        self.server = str(cluster.get("server") or "").rstrip("/")
        self.namespace = namespace
        self._environ = dict(environ)
        self._user = user
        self._exec = _plugin(user.get("exec"))
        host = urlsplit(self.server).hostname
        if host not in ("127.0.0.1", "localhost", "::1"):
            raise KubeconfigError(
                f"the kubeconfig's server is {self.server or 'not given'}: the sandbox "
                "talks to API servers on 127.0.0.1 only"
            )
        self.tls = _tls(cluster, user)

    def token(self, rejected: str | None = None) -> str | None:
        """The bearer token to send, None with client certificates. ``rejected``: one that the server refused."""
        if self._exec is not None:
            return exec_token(self._exec, self._environ, rejected=rejected)
        if path := self._user.get("tokenFile"):
            return Path(path).read_text().strip()
        return self._user.get("token")

    @property
    def renewable(self) -> bool:
        return self._exec is not None


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> ssl.SSLContext:
    """Whom to trust, and the client's certificate."""
    authority = _pem(cluster, "certificate-authority")
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate, key = _pem(user, "client-certificate"), _pem(user, "client-key")
    if certificate and key:
        # ssl takes files only: they are gone before the first request.
        with NamedTemporaryFile(prefix="kube-") as file:
            file.write(certificate + b"\n" + key)
            file.flush()
            context.load_cert_chain(file.name)
    return context


def _pem(section: Mapping[str, Any], key: str) -> bytes | None:
    if data := section.get(f"{key}-data"):
        return base64.b64decode(data)
    return Path(section[key]).read_bytes() if section.get(key) else None


def _plugin(section: Mapping[str, Any] | None) -> ExecPlugin | None:
    if not section:
        return None
    version = str(section.get("apiVersion"))
    if version not in _EXEC_VERSIONS:
        raise KubeconfigError(
            f"the kubeconfig's exec apiVersion is {version!r}: it must be one of {', '.join(_EXEC_VERSIONS)}"
        )
    variables = cast("list[dict[str, str]]", section.get("env") or [])
    return ExecPlugin(
        version,
        str(section["command"]),
        tuple(str(argument) for argument in section.get("args") or ()),
        tuple((entry["name"], entry["value"]) for entry in variables),
    )


def read_kubeconfig(text: str, *, environ: Mapping[str, str] | None = None, context: str | None = None) -> Access:
    """The access that a kubeconfig (YAML or JSON text) gives. Raises KubeconfigError when it gives none."""
    try:
        document: Any = yaml.safe_load(text)
    except yaml.YAMLError:
        raise KubeconfigError("the kubeconfig is neither YAML nor JSON") from None
    if not isinstance(document, dict):
        raise KubeconfigError("the kubeconfig is not a mapping with clusters, users and contexts")
    config = cast("dict[str, Any]", document)
    chosen = context or config.get("current-context")
    if not chosen:
        raise KubeconfigError("the kubeconfig has no current-context, and no context was asked for")
    link = _named(config, "contexts", "context", str(chosen))
    cluster = _named(config, "clusters", "cluster", str(link.get("cluster")))
    user = _named(config, "users", "user", str(link["user"])) if link.get("user") else {}
    return Access(
        cluster, user, str(link.get("namespace") or "default"), dict(os.environ) if environ is None else environ
    )


def _named(config: Mapping[str, Any], section: str, key: str, name: str) -> dict[str, Any]:
    entries = cast("list[dict[str, Any]]", config.get(section) or [])
    for entry in entries:
        if entry.get("name") == name:
            return entry.get(key) or {}
    known = ", ".join(str(entry.get("name")) for entry in entries) or "none"
    raise KubeconfigError(f"the kubeconfig has no {key} named {name!r}; it has: {known}")
