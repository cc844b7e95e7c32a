"""What a provider of the sandbox can rely on when the engine calls it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.home import Home
from sandbox.plugins.daemon import start_server
from sandbox.plugins.protocol import (
    UNKNOWN,
    Call,
    Change,
    Diff,
    Failure,
    InitFailed,
    Properties,
    Provider,
    ProviderError,
    Secret,
)
from sandbox.plugins.values import contains_unknown, from_struct, secret_keys, to_struct

URN = "urn:pulumi:dev::platform::platform:network:Network$aws:ec2/vpc:Vpc::main"


class Recording(Provider):
    """Remembers its calls and behaves as the inputs ask."""

    text_arguments = frozenset({"kubeconfig"})

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self.arguments: Properties = {}
        self.calls: list[Call] = []

    def configure(self, arguments: Properties) -> None:
        self.arguments = arguments

    def check(self, call: Call, olds: Properties, news: Properties) -> tuple[Properties, list[Failure]]:
        self.calls.append(call)
        failures = [Failure("cidrBlock", "must be a CIDR")] if news.get("cidrBlock") == "wrong" else []
        return {**news, "name": call.name}, failures

    def diff(
        self,
        call: Call,
        id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        ignore_changes: Sequence[str],
    ) -> Diff:
        changed = sorted(key for key in news if news[key] != old_inputs.get(key))
        return Diff(bool(changed), replaces=changed, details=dict.fromkeys(changed, Change.UPDATE_REPLACE))

    def create(self, call: Call, inputs: Properties) -> tuple[str, Properties]:
        match inputs.get("ending"):
            case "refused":
                raise ProviderError("InvalidParameterValue: no")
            case "not ready":
                raise InitFailed("vpc-1", {"state": "pending"}, inputs, ["0 of 3 replicas are available"])
            case "defect":
                raise RuntimeError("surprise")
            case _:
                outputs = {**inputs, "arn": UNKNOWN if call.preview else "arn", "token": Secret("canary")}
                return ("" if call.preview else "vpc-1"), outputs

    def read(
        self, call: Call, id: str, inputs: Properties | None, outputs: Properties
    ) -> tuple[str, Properties, Properties] | None:
        return None if id == "gone" else (id, {"imported": inputs is None or not inputs}, outputs)


@pytest.fixture
def provider(tmp_path: Path) -> Recording:
    return Recording(Home(tmp_path / "dev"))


@pytest.fixture
def stub(provider: Recording) -> Iterator[Any]:
    server, port = start_server(provider)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
    server.stop(grace=None)


def test_values_survive_the_wire_both_ways() -> None:
    values = {
        "none": None,
        "bool": True,
        "int": 3,
        "float": 0.5,
        "text": "x",
        "list": [1, {"a": "b"}],
        "later": UNKNOWN,
    }

    assert from_struct(to_struct(values)) == values


def test_whole_numbers_arrive_as_integers() -> None:
    assert repr(from_struct(to_struct({"replicas": 3.0}))) == "{'replicas': 3}"


def test_secrets_are_unwrapped_on_the_way_in_and_their_names_can_be_asked_for() -> None:
    wire = to_struct({"plain": "a", "password": Secret("canary"), "nested": {"deep": [Secret("b")]}})

    assert from_struct(wire) == {"plain": "a", "password": "canary", "nested": {"deep": ["b"]}}
    assert secret_keys(wire) == {"password", "nested"}


def test_a_secret_never_shows_its_value_in_a_message() -> None:
    assert "canary" not in f"{Secret('canary')!r} {Secret('canary')}"


@pytest.mark.parametrize("value", [UNKNOWN, [UNKNOWN], {"a": {"b": [1, UNKNOWN]}}, Secret({"a": UNKNOWN})])
def test_an_unknown_is_found_at_any_depth(value: object) -> None:
    assert contains_unknown(value)
    assert not contains_unknown({"a": [1, "x", None]})


def test_a_value_that_json_can_not_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="set can't be a property value"):
        to_struct({"zones": {"a", "b"}})


def test_a_providers_arguments_are_decoded_but_text_stays_text(stub: Any, provider: Recording) -> None:
    arguments = {
        "defaultTags": '{"tags": {"a": "b"}}',
        "skip": "true",
        "account": "123",
        "kubeconfig": '{"kind": "Config"}',
    }

    stub.Configure(provider_pb2.ConfigureRequest(args=to_struct(arguments)))

    assert provider.arguments == {
        "defaultTags": {"tags": {"a": "b"}},
        "skip": True,
        "account": "123",
        "kubeconfig": '{"kind": "Config"}',
    }


def test_secret_arguments_of_a_provider_stay_secret_in_the_state(stub: Any) -> None:
    news = to_struct({"kubeconfig": Secret("token: canary"), "context": "main"})

    answer = stub.CheckConfig(provider_pb2.CheckRequest(urn=URN, news=news))

    assert secret_keys(answer.inputs) == {"kubeconfig"}


def test_a_call_knows_its_type_and_name(stub: Any, provider: Recording) -> None:
    stub.Check(provider_pb2.CheckRequest(urn=URN, news=to_struct({})))

    assert [(call.type, call.name) for call in provider.calls] == [("aws:ec2/vpc:Vpc", "main")]


def test_a_failed_check_names_the_property(stub: Any) -> None:
    answer = stub.Check(provider_pb2.CheckRequest(urn=URN, news=to_struct({"cidrBlock": "wrong"})))

    assert [(item.property, item.reason) for item in answer.failures] == [("cidrBlock", "must be a CIDR")]


def test_a_diff_tells_update_from_replace(stub: Any) -> None:
    request = provider_pb2.DiffRequest(
        id="vpc-1",
        urn=URN,
        old_inputs=to_struct({"cidrBlock": "10.0.0.0/16"}),
        news=to_struct({"cidrBlock": "10.1.0.0/16"}),
    )

    answer = stub.Diff(request)

    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(answer.replaces) == ["cidrBlock"]
    assert answer.detailedDiff["cidrBlock"].kind == provider_pb2.PropertyDiff.UPDATE_REPLACE


def test_equal_inputs_are_no_change(stub: Any) -> None:
    same = to_struct({"cidrBlock": "10.0.0.0/16"})

    answer = stub.Diff(provider_pb2.DiffRequest(id="vpc-1", urn=URN, old_inputs=same, news=same))

    assert answer.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_preview_creates_with_unknowns(stub: Any) -> None:
    answer = stub.Create(provider_pb2.CreateRequest(urn=URN, properties=struct_pb2.Struct(), preview=True))

    assert answer.id == ""
    assert from_struct(answer.properties)["arn"] is UNKNOWN


def test_outputs_that_the_provider_marks_are_secret(stub: Any) -> None:
    answer = stub.Create(provider_pb2.CreateRequest(urn=URN, properties=struct_pb2.Struct()))

    assert secret_keys(answer.properties) == {"token"}


def test_a_refusal_reaches_the_user_in_its_own_words(stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as error:
        stub.Create(provider_pb2.CreateRequest(urn=URN, properties=to_struct({"ending": "refused"})))

    assert error.value.details() == "InvalidParameterValue: no"  # type: ignore[attr-defined]


def test_an_object_that_is_not_ready_is_kept_in_the_state_with_the_reasons(stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as error:
        stub.Create(provider_pb2.CreateRequest(urn=URN, properties=to_struct({"ending": "not ready"})))

    metadata = dict(error.value.trailing_metadata())  # type: ignore[attr-defined]
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    detail = provider_pb2.ErrorResourceInitFailed()
    status.details[0].Unpack(detail)
    assert (detail.id, list(detail.reasons)) == ("vpc-1", ["0 of 3 replicas are available"])


def test_a_defect_shows_its_traceback(stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as error:
        stub.Create(provider_pb2.CreateRequest(urn=URN, properties=to_struct({"ending": "defect"})))

    assert "RuntimeError: surprise" in str(error.value.details())  # type: ignore[attr-defined]


def test_a_resource_that_is_gone_reads_as_nothing(stub: Any) -> None:
    assert stub.Read(provider_pb2.ReadRequest(id="gone", urn=URN)).id == ""
    assert stub.Read(provider_pb2.ReadRequest(id="vpc-1", urn=URN)).id == "vpc-1"


def test_an_unsupported_type_says_where_to_look(stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as error:
        stub.Update(provider_pb2.UpdateRequest(id="x", urn=URN))

    assert "does not support aws:ec2/vpc:Vpc" in str(error.value.details())  # type: ignore[attr-defined]
