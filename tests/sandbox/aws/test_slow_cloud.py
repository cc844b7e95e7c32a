"""A cloud that takes as long as AWS, by a clock that these tests turn on, and the provider that waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest

from sandbox.cloud.conditions.kinds import KINDS
from sandbox.conditions import Conditions
from sandbox.plugins.aws.provider import AwsProvider
from sandbox.plugins.protocol import Call, InitFailed
from tests.sandbox.aws.emulated_cloud import emulated_cloud
from tests.sandbox.aws.estate import SAMPLES, Estate, plain
from tests.sandbox.cloud_server import reset

MakeProvider = Callable[..., AwsProvider]

DATABASE = "aws:rds/instance:Instance"


@dataclass
class Clock:
    """Goes on by an hour whenever the user is told that something is waited for."""

    now: float = 0.0
    said: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """(type, what the user was told)."""

    def hear(self, urn: str, severity: str, message: str, ephemeral: bool) -> None:
        del severity, ephemeral
        self.said.add((urn.split("::")[2], message.partition(" (")[0]))
        self.now += 3600


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def cloud(clock: Clock) -> Iterator[str]:
    reset()
    conditions = Conditions(time_scale=1, enforce_quotas=False)
    with emulated_cloud(conditions=conditions, clock=lambda: clock.now) as address:
        yield address
    reset()


def test_all_that_takes_its_time_is_waited_for(make_provider: MakeProvider, clock: Clock) -> None:
    estate = Estate(make_provider(), log_to=clock.hear)
    wanted: set[tuple[str, str]] = set()
    for kind in KINDS:
        made, (creating, changing, deleting) = estate[kind.token], kind.words
        wanted |= {(kind.token, f"creating: {creating}"), (kind.token, f"deleting: {deleting}")}
        update = SAMPLES[kind.token].update
        assert bool(update) is bool(kind.change)
        if update:
            inputs, _ = estate.diff(made, update(estate))
            outputs = estate.provider.update(made.call, made.id, made.inputs, dict(made.outputs), inputs)
            made.inputs, made.outputs = inputs, plain(outputs)
            wanted.add((kind.token, f"updating: {changing}"))
        found = estate.provider.read(made.call, made.id, made.inputs, made.outputs)
        assert found is not None
        assert (found[1], plain(found[2])) == (made.inputs, made.outputs)
    for made in reversed(list(estate.made.values())):
        estate.provider.delete(made.call, made.id, made.inputs, made.outputs)
        if made.call.type in {kind.token for kind in KINDS}:
            assert estate.provider.read(made.call, made.id, made.inputs, made.outputs) is None
    assert clock.said == wanted


def test_a_refresh_while_something_is_created_forgets_nothing(make_provider: MakeProvider, clock: Clock) -> None:
    estate = Estate(make_provider())
    program = {name: value for name, value in SAMPLES[DATABASE].create(estate).items() if name != "kmsKeyId"}
    call = Call(urn="urn", type=DATABASE, name="db", timeout=0.2)
    inputs, _ = estate.provider.check(call, {}, program)
    with pytest.raises(InitFailed) as interrupted:
        estate.provider.create(call, inputs)
    assert not plain(interrupted.value.outputs)["address"]

    with pytest.raises(InitFailed, match="its creation was cut off; it is creating") as refreshed:
        estate.provider.read(call, interrupted.value.id, inputs, plain(interrupted.value.outputs))
    assert refreshed.value.id == interrupted.value.id
    assert refreshed.value.inputs == inputs

    clock.now += 3600
    outputs = plain(refreshed.value.outputs)
    finished = plain(estate.provider.update(replace(call, timeout=0), refreshed.value.id, inputs, outputs, inputs))
    assert finished["address"].startswith(f"{inputs['identifier']}.")
    assert not [name for name in finished if name.startswith("__")]
