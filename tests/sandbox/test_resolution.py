"""What becomes of a killed engine's state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.creations import Creation, Made
from sandbox.plugins.protocol import Secret
from sandbox.plugins.values import to_struct
from sandbox.resolution import resolve

SIGNATURE, SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
PROVIDER = "urn:pulumi:dev::p::pulumi:providers:aws::aws"


def urn(name: str) -> str:
    return f"urn:pulumi:dev::p::aws:ec2/vpc:Vpc::{name}"


def resource(name: str, id: str | None = None, **more: Any) -> dict[str, Any]:
    ids = {"id": id} if id else {}
    return {"urn": urn(name), "custom": True, "type": "aws:ec2/vpc:Vpc", "provider": f"{PROVIDER}::0a", **ids, **more}


def state(*resources: dict[str, Any], **operations: list[dict[str, Any]]) -> dict[str, Any]:
    first = {"urn": PROVIDER, "custom": True, "type": "pulumi:providers:aws", "id": "0a"}
    pending = [{"type": kind, "resource": item} for kind, items in operations.items() for item in items]
    return {"manifest": {}, "resources": [first, *resources], "pending_operations": pending}


def creation(
    name: str, id: str | None, outputs: Any = None, *, number: int = 1, reasons: tuple[str, ...] = ()
) -> Creation:
    response = provider_pb2.CreateResponse(id=id, properties=to_struct(outputs or {}))
    made = Made(response.SerializeToString(), reasons) if id else None
    return Creation(Path(f"{number:06}"), urn(name), "token", b"", made, None if id else "no")


def ids(resources: list[dict[str, Any]]) -> list[str | None]:
    return [item.get("id") for item in resources[1:]]


def test_what_was_made_is_taken_over_as_if_the_engine_had_heard_it() -> None:
    pending = resource("a", inputs={"cidr": "10.0.0.0/16"}, dependencies=[urn("x")], protect=True)
    resolved = resolve(state(resource("x", "1"), creating=[pending]), [creation("a", "2", {"arn": "b", "size": 3})], [])

    assert resolved.adopted == [urn("a")]
    assert resolved.deployment["pending_operations"] == []
    taken = resolved.deployment["resources"][-1]
    assert taken.items() >= {**pending, "id": "2", "outputs": {"arn": "b", "size": 3}}.items()
    assert "initErrors" not in taken
    assert taken["created"] == taken["modified"]


def test_what_was_not_made_is_dropped() -> None:
    never, refused = resource("never"), resource("refused")
    resolved = resolve(state(creating=[never, refused]), [creation("refused", None)], [])
    assert resolved.dropped == [urn("never"), urn("refused")]
    assert ids(resolved.deployment["resources"]) == []
    assert resolved.deployment["pending_operations"] == []


def test_what_a_provider_without_notes_was_asked_for_is_said_to_be_unknown() -> None:
    there, noted = resource("there"), resource("noted")
    resolved = resolve(state(creating=[there, noted]), [creation("noted", None)], [], noteless=["aws"])
    assert (resolved.untold, resolved.dropped) == ([urn("there")], [urn("noted")])
    assert resolved.deployment["pending_operations"] == []


def test_what_the_engine_knows_already_is_not_taken_over_again() -> None:
    """The notes may be of an earlier creation, that of the resource that is now to be replaced."""
    resolved = resolve(state(resource("a", "1"), creating=[resource("a")]), [creation("a", "1")], [])
    assert resolved.dropped == [urn("a")]
    assert ids(resolved.deployment["resources"]) == ["1"]


def test_of_several_tries_the_last_one_counts() -> None:
    tries = [creation("a", None), creation("a", "2", number=2)]
    assert resolve(state(creating=[resource("a")]), tries, []).adopted == [urn("a")]
    assert resolve(state(creating=[resource("a")]), tries[::-1], []).dropped == [urn("a")]


def test_what_is_not_ready_is_taken_over_with_the_reasons() -> None:
    resolved = resolve(state(creating=[resource("a")]), [creation("a", "2", reasons=("0 of 3 pods",))], [])
    assert resolved.deployment["resources"][-1]["initErrors"] == ["0 of 3 pods"]


def test_what_it_replaces_is_to_be_deleted() -> None:
    before = state(resource("a", "1"), resource("b", "2", dependencies=[urn("a")]), creating=[resource("a")])
    resolved = resolve(before, [creation("a", "3")], [])
    resources = resolved.deployment["resources"]
    assert sorted((item["id"], item.get("delete", False)) for item in resources[1:]) == [
        ("1", True),
        ("2", False),
        ("3", False),
    ]


def test_what_was_deleted_before_its_replacement_is_gone_and_its_dependents_still_find_it() -> None:
    before = state(
        resource("a", "1", pendingReplacement=True), resource("b", "2", parent=urn("a")), creating=[resource("a")]
    )
    resolved = resolve(before, [creation("a", "3")], [])
    assert ids(resolved.deployment["resources"]) == ["3", "2"]


@pytest.mark.parametrize(
    "needing",
    [{"dependencies": [urn("x")]}, {"propertyDependencies": {"cidr": [urn("x")], "y": None}}, {"parent": urn("x")}],
    ids=["dependency", "property", "parent"],
)
def test_it_stands_behind_what_it_needs(needing: dict[str, Any]) -> None:
    before = state(resource("x", "1"), resource("y", "2"), creating=[resource("a", **needing)])
    assert ids(resolve(before, [creation("a", "3")], []).deployment["resources"]) == ["1", "3", "2"]


def test_secrets_of_inputs_provider_and_program_are_secret() -> None:
    sealed = {SIGNATURE: SECRET, "ciphertext": "c2VhbGVk"}
    inputs = {"password": sealed, "nested": {"inner": sealed, "plain": 1}, "list": [sealed], "plain": "x"}
    outputs = {
        "password": "p",
        "nested": {"inner": "q", "plain": 1},
        "list": ["r"],
        "plain": "x",
        "token": Secret({"deep": 1}),
        "asked": "s",
    }
    pending = resource("a", inputs=inputs, additionalSecretOutputs=["asked", "missing"])
    found = resolve(state(creating=[pending]), [creation("a", "1", outputs)], []).deployment["resources"][-1]

    def secret(value: Any) -> dict[str, str]:
        return {SIGNATURE: SECRET, "plaintext": json.dumps(value)}

    assert found["outputs"] == {
        "password": secret("p"),
        "nested": {"inner": secret("q"), "plain": 1},
        "list": secret(["r"]),
        "plain": "x",
        "token": secret({"deep": 1.0}),
        "asked": secret("s"),
    }
    assert found["inputs"] == inputs


def test_what_no_state_knows_is_an_orphan() -> None:
    """So it is when the plugins were killed: the engine lived, and wrote down that the creation failed."""
    unheard = [creation("a", "1"), creation("b", "2"), creation("c", None), creation("d", "4")]
    resolved = resolve(state(resource("a", "1"), creating=[resource("d")]), unheard, unheard)
    assert resolved.orphans == [unheard[1]]


def test_what_a_living_engine_heard_is_no_orphan() -> None:
    """It may have left the state since, and been retained."""
    heard = [creation("a", "1")]
    assert resolve(state(), heard, []).orphans == []


def test_updates_and_deletions_are_looked_at_again_where_the_state_has_them() -> None:
    resources = [resource("a", "1"), resource("b", "2"), resource("c", "3")]
    before = state(*resources, updating=[resources[0]], deleting=[resources[1]], reading=[resource("r")])
    resolved = resolve(before, [], [], [urn("c"), urn("deleted")])
    assert resolved.unsure == [urn("a"), urn("b"), urn("c")]
    assert not resolved.adopted
    assert not resolved.dropped
