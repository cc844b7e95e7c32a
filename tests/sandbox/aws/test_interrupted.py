"""Creations that were interrupted, and what the provider makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sandbox.plugins.aws.lifecycle import Lifecycle
from sandbox.plugins.aws.provider import AwsProvider
from sandbox.plugins.protocol import Call, InitFailed, Properties, ProviderError
from tests.sandbox.aws.estate import SAMPLES, VPC, Estate, plain

MakeProvider = Callable[..., AwsProvider]


@pytest.fixture(scope="module")
def estate(make_provider: MakeProvider) -> Estate:
    return Estate(make_provider())


@pytest.mark.parametrize("token", sorted(SAMPLES))
def test_a_creation_that_is_begun_again_makes_the_same_thing(estate: Estate, token: str) -> None:
    """Its provider was killed before it could note what it had made."""
    made = estate[token]
    id, outputs = estate.provider.create(replace(made.call, again=True), made.inputs)
    assert (id, plain(outputs)) == (made.id, made.outputs)


@pytest.mark.parametrize("changes", [{}, {"enableDnsSupport": False, "enableDnsHostnames": False}])
def test_an_update_does_what_an_interrupted_creation_left_undone(
    make_provider: MakeProvider, monkeypatch: pytest.MonkeyPatch, changes: Properties
) -> None:
    estate = Estate(make_provider())
    call = Call(urn="urn", type=VPC, name="vpc")
    inputs, _ = estate.provider.check(call, {}, {"cidrBlock": "10.9.0.0/16", "enableDnsHostnames": True})

    def interrupted(*_: object) -> None:
        raise ProviderError("cancelled while creating")

    with monkeypatch.context() as patch:
        patch.setattr(Lifecycle, "_wait", interrupted)
        with pytest.raises(InitFailed) as raised:
            estate.provider.create(call, inputs)
    kept = raised.value
    before = plain(kept.outputs)
    assert not live(estate.provider, call, kept.id)["enableDnsHostnames"]

    wanted = {"cidrBlock": "10.9.0.0/16", "enableDnsHostnames": True, "tags": {"a": "b"}, **changes}
    news, _ = estate.provider.check(call, inputs, wanted)
    after = plain(estate.provider.update(call, kept.id, inputs, before, news))
    found = live(estate.provider, call, kept.id)
    for name, value in wanted.items():
        assert found[name] == value
        assert after[name] == value
    assert not [name for name in after if name.startswith("__")]


def test_what_is_still_being_created_is_deleted_once_it_is_there(
    make_provider: MakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    estate = Estate(make_provider())
    waited: list[str] = []
    made = estate[VPC]
    monkeypatch.setattr(Lifecycle, "_wait", lambda _, doing: waited.append(doing))
    estate.provider.delete(made.call, made.id, made.inputs, {**made.outputs, "__unfinished": True})
    assert waited == ["creating"]
    assert estate.provider.read(made.call, made.id, made.inputs, made.outputs) is None


def live(provider: Any, call: Call, id: str) -> Properties:
    found = provider.read(call, id, None, {})
    assert found is not None
    return plain(found[2])
