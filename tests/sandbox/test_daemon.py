"""The executables that the engine finds on PATH, and the process behind them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.home import Home
from sandbox.plugins.daemon import serve
from sandbox.plugins.protocol import Properties, Provider
from sandbox.plugins.values import from_struct, to_struct

EXECUTABLE = Path(__file__).parents[2] / "sandbox" / "bin" / "pulumi-resource-aws"


class Configured(Provider):
    """Answers with the region it was configured with."""

    def configure(self, arguments: Properties) -> None:
        self.region = arguments["region"]

    def invoke(self, token: str, arguments: Properties, preview: bool) -> Properties:
        return {"region": self.region}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "dev")
    stopping = threading.Event()
    thread = threading.Thread(target=serve, args=(home, {"aws": Configured}, stopping))
    thread.start()
    while home.running("plugins") is None:
        time.sleep(0.01)
    yield home
    stopping.set()
    thread.join()


def plugin(home: Home, *, executable: Path = EXECUTABLE) -> subprocess.Popen[str]:
    environ = {**os.environ, "SANDBOX_HOME": str(home.root), "SANDBOX_PYTHON": sys.executable}
    return subprocess.Popen([executable], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def port_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def region_of(port: int) -> object:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        answer = stub.Invoke(provider_pb2.InvokeRequest(tok="aws:index/getRegion:getRegion"), timeout=5)
        return from_struct(getattr(answer, "return"))["region"]


def test_two_providers_of_one_package_do_not_share_their_configuration(home: Home) -> None:
    with plugin(home) as first, plugin(home) as second:
        ports = [port_of(process) for process in (first, second)]
        for port, region in zip(ports, ("eu-central-1", "eu-west-1"), strict=True):
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub = provider_pb2_grpc.ResourceProviderStub(channel)
                stub.Configure(provider_pb2.ConfigureRequest(args=to_struct({"region": region})))

        assert [region_of(port) for port in ports] == ["eu-central-1", "eu-west-1"]
        for process in (first, second):
            process.terminate()
            assert process.wait(5) == 0


def test_a_provider_ends_with_the_plugin_however_it_ends(home: Home) -> None:
    with plugin(home) as process:
        port = port_of(process)
        process.kill()

    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            try:
                provider_pb2_grpc.ResourceProviderStub(channel).GetPluginInfo(empty_pb2.Empty(), timeout=0.5)
            except grpc.RpcError:
                return
        time.sleep(0.05)
    pytest.fail("the provider's server outlived its plugin")


def test_a_plugin_without_its_sandbox_says_how_to_start_it(tmp_path: Path) -> None:
    process = plugin(Home(tmp_path / "dev"))

    _, error = process.communicate(timeout=5)
    assert process.returncode == 1
    assert "the sandbox of stack dev is not running" in error
    assert "make up" in error


def test_a_plugin_outside_of_the_sandboxs_environment_says_so() -> None:
    environ = {key: value for key, value in os.environ.items() if key != "SANDBOX_HOME"}
    answer = subprocess.run([EXECUTABLE], env=environ, capture_output=True, text=True, timeout=5)

    assert answer.returncode == 1
    assert 'eval "$(make -s env)"' in answer.stderr
