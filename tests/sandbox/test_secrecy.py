"""Secrets on their way through a provider's server: nowhere in what it says, marked in what it returns."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.home import Home
from sandbox.plugins.daemon import start_server
from sandbox.plugins.protocol import Call, Failure, InitFailed, Properties, Provider, ProviderError, Secret
from sandbox.plugins.secrecy import Words, mark_alike
from sandbox.plugins.values import secret_keys, to_struct

URN = "urn:pulumi:dev::platform::kubernetes:core/v1:ConfigMap::main"
CANARY = "Canary-One"


class Telling(Provider):
    """Says what it is given wherever it can."""

    def check_config(self, olds: Properties, news: Properties) -> tuple[Properties, list[Failure]]:
        del olds
        return news, [Failure("a", f"{news['a']} is wrong")]

    def check(self, call: Call, olds: Properties, news: Properties) -> tuple[Properties, list[Failure]]:
        del call, olds
        return news, [Failure("a", f"{news['a']} is wrong")]

    def create(self, call: Call, inputs: Properties) -> tuple[str, Properties]:
        call.log(f"creating with {inputs['a']}", severity="warning")
        match inputs["how"]:
            case "refused":
                raise ProviderError(f"Invalid value: {inputs['a']!r}")
            case "not ready":
                raise InitFailed("id", inputs, inputs, [f"the pod said {inputs['a']}"])
            case _:
                return "id", {**inputs, "made": "of it"}

    def update(
        self, call: Call, id: str, old_inputs: Properties, old_outputs: Properties, news: Properties
    ) -> Properties:
        del call, id, old_inputs, old_outputs
        return news

    def read(
        self, call: Call, id: str, inputs: Properties | None, outputs: Properties
    ) -> tuple[str, Properties, Properties] | None:
        del call
        return id, inputs or {}, outputs


class Engine(engine_pb2_grpc.EngineServicer):
    """Hears what a provider logs."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def Log(self, request: Any, context: Any) -> Any:
        del context
        self.heard.append(request.message)
        return empty_pb2.Empty()


@pytest.fixture
def engine() -> Iterator[tuple[Engine, str]]:
    server = grpc.server(ThreadPoolExecutor(2))
    engine = Engine()
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield engine, f"127.0.0.1:{port}"
    server.stop(grace=None)


@pytest.fixture
def stub(tmp_path: Path, engine: tuple[Engine, str]) -> Iterator[Any]:
    server, port = start_server(Telling(Home(tmp_path / "dev")))
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        assert stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address=engine[1])).accept_secrets
        assert stub.Configure(provider_pb2.ConfigureRequest()).acceptSecrets
        yield stub
    server.stop(grace=None)


def secretly(how: str = "") -> Any:
    return to_struct({"a": Secret(CANARY), "how": how, "list": ["b", Secret("c")], "deep": {"x": Secret("y"), "z": 1}})


def test_an_error_has_no_secrets(stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        stub.Create(provider_pb2.CreateRequest(urn=URN, properties=secretly("refused")))
    assert raised.value.details() == "Invalid value: '[secret]'"


def test_what_exists_but_is_not_ready_is_kept_with_its_marks(stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        stub.Create(provider_pb2.CreateRequest(urn=URN, properties=secretly("not ready")))
    metadata = dict(raised.value.trailing_metadata())
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    found = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(found)
    assert CANARY not in status.message
    assert list(found.reasons) == ["the pod said [secret]"]
    assert secret_keys(found.properties) == secret_keys(found.inputs) == {"a", "list", "deep"}


def test_a_log_and_a_failed_check_have_no_secrets(stub: Any, engine: tuple[Engine, str]) -> None:
    stub.Create(provider_pb2.CreateRequest(urn=URN, properties=secretly()))
    assert engine[0].heard == ["creating with [secret]"]
    answer = stub.Check(provider_pb2.CheckRequest(urn=URN, news=secretly()))
    assert answer.failures[0].reason == "[secret] is wrong"


def test_a_failed_check_of_the_providers_own_arguments_has_no_secrets(stub: Any) -> None:
    answer = stub.CheckConfig(provider_pb2.CheckRequest(urn=URN, news=secretly()))
    assert answer.failures[0].reason == "[secret] is wrong"


def test_what_was_secret_on_the_way_in_is_so_on_the_way_out(stub: Any) -> None:
    wanted = {"a", "list", "deep"}
    assert secret_keys(stub.Check(provider_pb2.CheckRequest(urn=URN, news=secretly())).inputs) == wanted
    assert secret_keys(stub.Create(provider_pb2.CreateRequest(urn=URN, properties=secretly())).properties) == wanted
    assert secret_keys(stub.Update(provider_pb2.UpdateRequest(urn=URN, news=secretly())).properties) == wanted
    read = stub.Read(provider_pb2.ReadRequest(urn=URN, id="id", properties=secretly(), inputs=secretly()))
    assert secret_keys(read.properties) == secret_keys(read.inputs) == wanted


def test_only_what_is_secret_is_marked() -> None:
    bag = to_struct({"deep": {"x": "y", "z": 1}, "own": Secret("s"), "list": ["b", "c", "d"], "other": 1})
    mark_alike(bag, to_struct({"deep": {"x": Secret("y"), "z": 1}, "own": Secret("s"), "list": [Secret("c")]}))
    assert secret_keys(bag.fields["deep"].struct_value) == {"x"}
    assert secret_keys(bag) == {"deep", "own", "list"}
    assert bag.fields["list"].WhichOneof("kind") == "struct_value"
    assert secret_keys(bag.fields["own"].struct_value) == frozenset()


def test_a_secret_is_known_in_its_other_forms() -> None:
    words = Words()
    words.learn(iter([CANARY, 'two\n"lines"', base64.b64encode(b"encoded word").decode(), "abc"]))
    assert words.blot(base64.b64encode(CANARY.encode()).decode()) == "[secret]"
    assert words.blot(r'it said "two\n\"lines\""') == 'it said "[secret]"'
    assert words.blot("an encoded word") == "an [secret]"
    assert words.blot("abc") == "abc"  # three letters are no secret
