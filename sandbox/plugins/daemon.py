"""The long-running process behind the provider plugins.

The engine starts a provider by running ``pulumi-resource-<name>`` and reading a port. Loading botocore and gRPC takes
seconds, so the executables in ``sandbox/bin`` only ask this process for a port: each gets a server, and so a provider,
of its own, that ends with its connection.
"""

from __future__ import annotations

import importlib
import os
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.home import Home
from sandbox.plugins.program import Watch
from sandbox.plugins.protocol import Provider
from sandbox.plugins.secrecy import Secrecy
from sandbox.plugins.servicer import MESSAGE_LIMIT, Servicer

Factory = Callable[[Home], Provider]

_PROVIDERS: Mapping[str, tuple[str, str]] = {
    "aws": ("sandbox.plugins.aws.provider", "AwsProvider"),
    "kubernetes": ("sandbox.plugins.kubernetes.provider", "KubernetesProvider"),
}

# Every operation that waits for AWS or Kubernetes holds a thread; threads are made on demand.
_THREADS = 256


def provider_factories() -> dict[str, Factory]:
    """The providers by package name, imported once for all instances."""
    return {name: getattr(importlib.import_module(module), cls) for name, (module, cls) in _PROVIDERS.items()}


def _version(package: str) -> str:
    """The provider's version is that of the SDK whose requests it answers: the engine warns when it is older."""
    return metadata.version(f"pulumi-{package}")


def start_server(provider: Provider, version: str = "0.0.0") -> tuple[Any, int]:
    """Serve ``provider`` on a free loopback port: the gRPC server and its port."""
    options = [("grpc.max_receive_message_length", MESSAGE_LIMIT), ("grpc.max_send_message_length", MESSAGE_LIMIT)]
    secrecy = Secrecy()
    interceptors: list[grpc.ServerInterceptor] = [secrecy, Watch(provider.attached)]
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=options, interceptors=interceptors)
    servicer = Servicer(provider, version)
    servicer.blot = secrecy.words.blot
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def _serve_connection(connection: socket.socket, home: Home, factories: Mapping[str, Factory]) -> None:
    with connection, connection.makefile("rw") as stream:
        name = stream.readline().strip()
        if name not in factories:
            stream.write(f"error: no provider is called {name!r}; there are {', '.join(sorted(factories))}\n")
            return
        provider = factories[name](home)
        server, port = start_server(provider, _version(name))
        try:
            stream.write(f"{port}\n")
            stream.flush()
            # The engine's plugin holds the connection for as long as it lives, however it ends.
            stream.read()
        except ConnectionError:
            pass
        finally:
            provider.cancel()
            server.stop(grace=None)


def serve(home: Home, factories: Mapping[str, Factory], stopping: threading.Event) -> None:
    """Answer the plugin executables until ``stopping`` is set."""
    with socket.create_server(("127.0.0.1", home.port_for("plugins")), backlog=64) as listener:
        listener.settimeout(0.5)
        home.announce("plugins", os.getpid(), listener.getsockname()[1])
        while not stopping.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            connection.settimeout(None)
            threading.Thread(target=_serve_connection, args=(connection, home, factories), daemon=True).start()
    home.withdraw("plugins")
