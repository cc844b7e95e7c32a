"""Each row of the tables, against the sandbox's cloud: made, described, changed, replaced, imported, deleted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sandbox.plugins.aws.provider import AwsProvider
from sandbox.plugins.aws.schema import schema_of
from sandbox.plugins.aws.tables import RESOURCES, supported
from sandbox.plugins.protocol import UNKNOWN, contains_unknown
from tests.sandbox.aws.estate import SAMPLES, Estate, plain

TOKENS = sorted(SAMPLES)
# Their deletion leaves something behind on AWS as well: the group is the VPC's own, a version is a stage of its secret.
OUTLIVE = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:secretsmanager/secretVersion:SecretVersion",
}


@pytest.fixture(scope="module")
def estate(provider: AwsProvider) -> Estate:
    return Estate(provider)


def test_every_row_has_a_sample_and_an_owner() -> None:
    assert set(SAMPLES) == set(RESOURCES)
    assert dict(supported())["aws:eks/addon:Addon"] == "botocore's model; kept by the sandbox"
    assert dict(supported())["aws:ec2/vpc:Vpc"] == "moto"


@pytest.mark.parametrize("token", TOKENS)
def test_what_was_made_is_read_back_and_shows_no_change(estate: Estate, token: str) -> None:
    made = estate[token]
    assert made.id
    assert not contains_unknown(made.outputs)
    found = estate.provider.read(made.call, made.id, made.inputs, made.outputs)
    assert found is not None
    id, inputs, outputs = found
    assert (id, inputs, plain(outputs)) == (made.id, made.inputs, made.outputs)
    assert not estate.diff(made, {})[1].changes


@pytest.mark.parametrize("token", TOKENS)
def test_a_preview_tells_what_the_inputs_tell_and_no_more(estate: Estate, token: str) -> None:
    made = estate[token]
    id, outputs = estate.provider.create(replace(made.call, preview=True), made.inputs)
    assert id == ""
    previewed = plain(outputs)
    for name, value in made.inputs.items():
        if isinstance(value, str | int):
            assert previewed[name] == value
    computed = schema_of(token).outputs.keys() - schema_of(token).inputs - {"tagsAll", "region"}
    assert all(previewed[name] is UNKNOWN for name in computed)


@pytest.mark.parametrize("token", TOKENS)
def test_its_id_imports_it(estate: Estate, token: str) -> None:
    made = estate[token]
    sample = SAMPLES[token]
    found = estate.provider.read(made.call, sample.import_id(made), None, {})
    assert found is not None
    id, inputs, outputs = found[0], plain(found[1]), found[2]
    assert id == made.id
    program, failures = estate.provider.check(made.call, inputs, made.program)
    assert failures == []
    diff = estate.provider.diff(made.call, id, inputs, plain(outputs), program, [])
    assert {path.split(".")[0] for path in diff.details} <= set(sample.forgets)


@pytest.mark.parametrize("token", [token for token in TOKENS if RESOURCES[token].tags])
def test_tags_change_in_place(estate: Estate, token: str) -> None:
    made = estate[token]
    changes = {"tags": {**made.program.get("tags", {}), "Owner": "platform"}}
    inputs, diff = estate.diff(made, changes)
    assert list(diff.details) == ["tags.Owner"]
    assert not diff.replaces
    outputs = plain(estate.provider.update(made.call, made.id, made.inputs, made.outputs, inputs))
    assert outputs["tagsAll"]["Owner"] == "platform"
    assert outputs["tagsAll"]["Platform"] == "test"
    made.inputs, made.outputs = inputs, outputs
    made.program |= changes
    found = estate.provider.read(made.call, made.id, inputs, outputs)
    assert found is not None
    assert found[1] == inputs


@pytest.mark.parametrize("token", [token for token in TOKENS if SAMPLES[token].update])
def test_a_change_in_place_arrives(estate: Estate, token: str) -> None:
    made = estate[token]
    update = SAMPLES[token].update
    assert update is not None
    changes = update(estate)
    inputs, diff = estate.diff(made, changes)
    assert diff.changes
    assert not diff.replaces
    previewed = estate.provider.update(replace(made.call, preview=True), made.id, made.inputs, made.outputs, inputs)
    outputs = plain(estate.provider.update(made.call, made.id, made.inputs, made.outputs, inputs))
    for name in changes:
        assert plain(previewed).get(name) == outputs.get(name)
    found = estate.provider.read(made.call, made.id, inputs, outputs)
    assert found is not None
    assert found[1] == inputs
    made.inputs, made.outputs = inputs, outputs
    made.program = {key: value for key, value in {**made.program, **changes}.items() if value is not None}
    assert not estate.diff(made, {})[1].changes


@pytest.mark.parametrize("token", TOKENS)
def test_a_change_of_what_is_fixed_replaces(estate: Estate, token: str) -> None:
    made = estate[token]
    changes = SAMPLES[token].replace(estate)
    _, diff = estate.diff(made, changes)
    assert set(diff.replaces) == set(changes)


def test_everything_goes_and_stays_away(estate: Estate) -> None:
    for made in reversed(list(estate.made.values())):
        for _ in range(2):
            estate.provider.delete(made.call, made.id, made.inputs, made.outputs)
        if made.call.type not in OUTLIVE:
            assert estate.provider.read(made.call, made.id, made.inputs, made.outputs) is None, made.call.type
