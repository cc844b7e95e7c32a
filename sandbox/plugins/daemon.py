"""The long-running process behind the provider plugins.

The engine starts a provider by running ``pulumi-resource-<name>`` and reading a port. Loading botocore and gRPC takes
seconds, so the executables in ``sandbox/bin`` only ask this process for a port: each gets a server, and so a provider,
of its own, that ends with its connection.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any, TextIO

import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.backend import is_pending
from sandbox.creations import Notes, noted
from sandbox.home import Home
from sandbox.plugins.creating import Changes, finish, remove
from sandbox.plugins.doors import FINISH, HEARD, REMOVE
from sandbox.plugins.program import Watch
from sandbox.plugins.protocol import Provider, ProviderError
from sandbox.plugins.secrecy import Secrecy
from sandbox.plugins.servicer import MESSAGE_LIMIT, Servicer, configure

Factory = Callable[[Home], Provider]

_PROVIDERS: Mapping[str, tuple[str, str]] = {
    "aws": ("sandbox.plugins.aws.provider", "AwsProvider"),
    "kubernetes": ("sandbox.plugins.kubernetes.provider", "KubernetesProvider"),
}

# Every operation that waits for AWS or Kubernetes holds a thread; threads are made on demand.
_THREADS = 256

_PATIENCE = 120.0
"""Seconds for what is being changed to come to its end, once nothing is waited for any more."""


def provider_factories() -> dict[str, Factory]:
    """The providers by package name, imported once for all instances."""
    return {name: getattr(importlib.import_module(module), cls) for name, (module, cls) in _PROVIDERS.items()}


def _version(package: str) -> str:
    """The provider's version is that of the SDK whose requests it answers: the engine warns when it is older."""
    return metadata.version(f"pulumi-{package}")


def start_server(
    provider: Provider, version: str = "0.0.0", notes: Notes | None = None, changes: Changes | None = None
) -> tuple[Any, int]:
    """Serve ``provider`` on a free loopback port: the gRPC server and its port."""
    options = [("grpc.max_receive_message_length", MESSAGE_LIMIT), ("grpc.max_send_message_length", MESSAGE_LIMIT)]
    secrecy = Secrecy()
    interceptors: list[grpc.ServerInterceptor] = [secrecy, Watch(provider.attached)]
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=options, interceptors=interceptors)
    servicer = Servicer(provider, version, notes or Notes.new(provider.home, ""), changes or Changes())
    servicer.blot = secrecy.words.blot
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


class Connection:
    """An engine's connection to a provider of its own."""

    def __init__(self, home: Home, package: str, factory: Factory) -> None:
        self.notes, self.changes = Notes.new(home, package), Changes()
        self._provider = factory(home)
        self._server, self.port = start_server(self._provider, _version(package), self.notes, self.changes)

    def close(self) -> None:
        """End it. What is being changed is brought to its end, but no longer waited for."""
        self.changes.close()
        self._provider.cancel()
        self._server.stop(grace=None)


class Daemon:
    """Answers the plugin executables, and the CLI when it clears up after an engine that was killed."""

    def __init__(self, home: Home, factories: Mapping[str, Factory]) -> None:
        self._home, self._factories = home, factories
        self._connections: list[Connection] = []
        self._lock = threading.Lock()

    def answer(self, connection: socket.socket) -> None:
        """Serve one connection to its end."""
        with connection, contextlib.suppress(ConnectionError), connection.makefile("rw") as stream:
            name = stream.readline().strip()
            if name in self._factories:
                self._provide(name, stream)
            elif name == FINISH:
                stream.write(json.dumps(self._finish()) + "\n")
            elif name == REMOVE:
                stream.write(json.dumps(self._remove(json.loads(stream.readline()))) + "\n")
            else:
                known = ", ".join(sorted(self._factories))
                stream.write(f"error: no provider is called {name!r}; there are {known}\n")

    def _provide(self, name: str, stream: TextIO) -> None:
        served = Connection(self._home, name, self._factories[name])
        with self._lock:
            self._connections = [each for each in self._connections if each.changes.open]
            self._connections.append(served)
        try:
            stream.write(f"{served.port}\n")
            stream.flush()
            # The engine's plugin holds the connection for as long as it lives, however it ends.
            if HEARD in stream.read():
                # What has ended is in the state, unless the engine was told to end at once.
                served.notes.hear() if is_pending(self._home) else served.notes.forget_ended()
        finally:
            served.close()

    def _finish(self) -> dict[str, str]:
        """Bring all creations to their end: the CLI has made sure that no engine waits for them.

        Returns the URNs of those of which nobody can tell whether they were made, and why.
        """
        with self._lock:
            changing = [each for each in self._connections if each.notes.folder.exists() or each.changes.running]
        for each in changing:
            each.close()
        deadline = time.monotonic() + _PATIENCE
        problems: dict[str, str] = {}
        busy: set[Path] = set()
        for each in changing:
            if still := each.changes.wait(deadline - time.monotonic()):
                problems |= dict.fromkeys(still, f"it is still being changed after {_PATIENCE:.0f} s")
                busy.add(each.notes.folder)
        for notes in noted(self._home):
            if notes.folder not in busy:
                problems |= finish(notes, self._make)
        return problems

    def _remove(self, paths: Sequence[str]) -> dict[str, str]:
        """Delete what the noted creations ``paths`` made. Returns the problems by URN."""
        wanted, problems = set(paths), dict[str, str]()
        for notes in noted(self._home):
            for creation in notes.all():
                if str(creation.path) in wanted:
                    try:
                        remove(notes, creation, self._make)
                    except ProviderError as error:
                        problems[creation.urn] = str(error)
        return problems

    def _make(self, package: str, arguments: bytes) -> Provider:
        provider = self._factories[package](self._home)
        configure(provider, provider_pb2.ConfigureRequest.FromString(arguments))
        return provider


def serve(home: Home, factories: Mapping[str, Factory], stopping: threading.Event) -> None:
    """Answer the plugin executables until ``stopping`` is set."""
    daemon = Daemon(home, factories)
    with socket.create_server(("127.0.0.1", home.port_for("plugins")), backlog=64) as listener:
        listener.settimeout(0.5)
        home.announce("plugins", os.getpid(), listener.getsockname()[1])
        while not stopping.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            connection.settimeout(None)
            threading.Thread(target=daemon.answer, args=(connection,), daemon=True).start()
    home.withdraw("plugins")
