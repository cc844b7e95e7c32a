"""What an engine that was killed left open in its state, resolved by what the plugins have noted. No I/O."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from google.protobuf import json_format
from pulumi.runtime.proto import provider_pb2

from sandbox.creations import Creation

Object = dict[str, Any]

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"


@dataclass
class Resolution:
    """The state as it would be had the engine heard all answers, and what is to be done beside."""

    deployment: Object
    adopted: list[str] = field(default_factory=list[str])
    """URNs of pending creations that were made."""
    dropped: list[str] = field(default_factory=list[str])
    """URNs of pending creations that made nothing."""
    untold: list[str] = field(default_factory=list[str])
    """URNs of pending creations of which nobody can tell whether they made something."""
    unsure: list[str] = field(default_factory=list[str])
    """URNs in the state whose update or deletion the engine may not have seen the end of."""
    orphans: list[Creation] = field(default_factory=list[Creation])
    """What was made and no state knows."""


def pending(deployment: Mapping[str, Any]) -> list[Object]:
    return deployment.get("pending_operations") or []


def resolve(
    deployment: Object,
    creations: Sequence[Creation],
    unheard: Collection[Creation],
    changed: Collection[str] = (),
    noteless: Collection[str] = (),
) -> Resolution:
    """Resolve each pending operation of ``deployment`` by ``creations``, oldest first.

    ``unheard`` are those of them whose engine or whose provider did not come to its end in good order; ``changed`` are
    the URNs that were updated or deleted with them. The providers of the packages ``noteless`` keep no notes.
    """
    resources: list[Object] = list(deployment.get("resources") or [])
    result = Resolution({**deployment, "pending_operations": []})
    known = {(item["urn"], item.get("id")) for item in resources}
    latest = {creation.urn: creation for creation in creations}
    for operation in pending(deployment):
        resource: Object = operation["resource"]
        urn = str(resource["urn"])
        if operation["type"] != "creating":
            continue
        creation = latest.get(urn)
        id = _id(creation)
        if creation is None and str(resource["type"]).partition(":")[0] in noteless:
            result.untold.append(urn)
            continue
        if creation is None or creation.made is None or (urn, id) in known:
            result.dropped.append(urn)
            continue
        known.add((urn, id))
        resources = _with(resources, _adopted(resource, creation))
        result.adopted.append(urn)
    result.deployment["resources"] = resources
    maybe = {op["resource"]["urn"] for op in pending(deployment) if op["type"] in ("updating", "deleting")} | {*changed}
    result.unsure = sorted(maybe & {item["urn"] for item in resources})
    result.orphans = [each for each in unheard if each.made is not None and (each.urn, _id(each)) not in known]
    return result


def _id(creation: Creation | None) -> str | None:
    if creation is None or creation.made is None:
        return None
    return str(provider_pb2.CreateResponse.FromString(creation.made.response).id)


def _adopted(resource: Mapping[str, Any], creation: Creation) -> Object:
    """The resource of a pending creation as the engine would have written it down."""
    made = creation.made
    assert made is not None
    response = provider_pb2.CreateResponse.FromString(made.response)
    outputs: Object = json_format.MessageToDict(response.properties)
    outputs = {key: _state_value(value) for key, value in outputs.items()}
    _mark_secrets(outputs, resource.get("inputs") or {})
    for key in resource.get("additionalSecretOutputs") or ():
        if key in outputs:
            outputs[key] = _secret(outputs[key])
    now = datetime.now(UTC).isoformat()
    adopted = {**resource, "id": response.id, "outputs": outputs, "created": now, "modified": now}
    return {**adopted, "initErrors": list(made.reasons)} if made.reasons else adopted


def _with(resources: Sequence[Object], new: Object) -> list[Object]:
    """``resources`` with ``new``, behind all that it depends on; what it replaces is marked as the engine does."""
    result: list[Object] = []
    for item in resources:
        if item["urn"] == new["urn"] and not item.get("delete"):
            if item.get("pendingReplacement"):
                continue  # deleted already
            item = {**item, "delete": True}
        result.append(item)
    needed = _needed(new)
    place = max((index + 1 for index, item in enumerate(result) if item["urn"] in needed), default=0)
    return [*result[:place], new, *result[place:]]


def _needed(resource: Mapping[str, Any]) -> set[str]:
    by_property: Mapping[str, list[str] | None] = resource.get("propertyDependencies") or {}
    provider = str(resource.get("provider") or "").rpartition("::")[0]
    return {
        *(resource.get("dependencies") or ()),
        *(urn for urns in by_property.values() for urn in urns or ()),
        *(name for name in (resource.get("parent"), provider, resource.get("deletedWith")) if name),
    }


def _state_value(value: Any) -> Any:
    """A value of the wire as the state has it: secrets in plain text, for the engine to encrypt."""
    if isinstance(value, dict):
        content = cast("Object", value)
        if content.get(_SIGNATURE) == _SECRET:
            return _secret(content["value"])
        return {key: _state_value(item) for key, item in content.items()}
    if isinstance(value, list):
        return [_state_value(item) for item in cast("list[Any]", value)]
    return value


def _mark_secrets(outputs: Object, inputs: Mapping[str, Any]) -> None:
    """What is secret among the inputs is so among the outputs, as in the engine."""
    for key, given in inputs.items():
        if key not in outputs:
            continue
        found = outputs[key]
        if _is_object(given) and _is_object(found):
            _mark_secrets(found, given)
        elif _holds_secret(given):
            outputs[key] = _secret(found)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and _SIGNATURE not in value


def _holds_secret(value: Any) -> bool:
    if isinstance(value, dict):
        content = cast("Object", value)
        return content.get(_SIGNATURE) == _SECRET or any(_holds_secret(item) for item in content.values())
    return isinstance(value, list) and any(_holds_secret(item) for item in cast("list[Any]", value))


def _secret(value: Any) -> Object:
    if isinstance(value, dict) and cast("Object", value).get(_SIGNATURE) == _SECRET:
        return cast("Object", value)
    return {_SIGNATURE: _SECRET, "plaintext": json.dumps(_plain(value))}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        content = cast("Object", value)
        if content.get(_SIGNATURE) == _SECRET:
            return json.loads(content["plaintext"])
        return {key: _plain(item) for key, item in content.items()}
    return [_plain(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value
