"""Kubernetes objects as Pulumi's properties: types, names, annotations, secrets. No requests are made here."""

from __future__ import annotations

import base64
import binascii
import copy
import secrets
from collections.abc import Mapping
from typing import Any, cast

from sandbox.plugins.protocol import UNKNOWN, ProviderError, Secret, Unknown, contains_unknown

Object = dict[str, Any]

PREFIX = "pulumi.com/"
AUTONAMED = f"{PREFIX}autonamed"
SKIP_AWAIT = f"{PREFIX}skipAwait"
WAIT_FOR = f"{PREFIX}waitFor"
TIMEOUT_SECONDS = f"{PREFIX}timeoutSeconds"
REPLACE_UNREADY = f"{PREFIX}replaceUnready"
PATCH_FORCE = f"{PREFIX}patchForce"
PATCH_FIELD_MANAGER = f"{PREFIX}patchFieldManager"
DELETION_PROPAGATION = f"{PREFIX}deletionPropagationPolicy"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

FIELD_MANAGER = "__fieldManager"
"""The output that remembers under which name server-side apply owns the object's fields."""

# Fields that the server writes: they are no inputs, whoever copied them there.
_SERVER_METADATA = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)
# Pulumi's languages can't name properties with dashes.
_DASHED = {
    name.replace("-", "_"): name
    for name in (
        "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-list-type",
        "x-kubernetes-map-type",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-validations",
    )
}
_UNDERSCORED = {dashed: underscored for underscored, dashed in _DASHED.items()}


def parse_type(token: str) -> tuple[str, str]:
    """(apiVersion, kind) of a resource type such as ``kubernetes:apps/v1:Deployment``."""
    parts = token.split(":")
    if len(parts) != 3 or parts[0] != "kubernetes" or "/" not in parts[1]:
        raise ProviderError(
            f"{token!r} is no resource type of a Kubernetes object: kubernetes:<group>/<version>:<Kind>"
        )
    group_version = parts[1].removeprefix("core/") if parts[1].startswith("core/") else parts[1]
    return group_version, parts[2]


def metadata(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """Its metadata, empty where it is missing or unknown."""
    found = obj.get("metadata")
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def annotations_of(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    found = metadata(obj).get("annotations")
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def annotation(obj: Mapping[str, Any], key: str) -> str:
    """An annotation's text, "" where there is none."""
    value = annotations_of(obj).get(key)
    return "" if value is None or isinstance(value, Unknown) else str(value)


def is_autonamed(obj: Mapping[str, Any]) -> bool:
    return annotation(obj, AUTONAMED) == "true"


def is_named(obj: Mapping[str, Any]) -> bool:
    """Whether it has a name, be it one that is not known yet."""
    return bool(metadata(obj).get("name"))


def object_id(obj: Mapping[str, Any]) -> str:
    """``namespace/name``, or ``name`` where there is no namespace."""
    namespace, name = metadata(obj).get("namespace"), metadata(obj)["name"]
    return f"{namespace}/{name}" if namespace else str(name)


def parse_id(id: str) -> tuple[str | None, str]:
    """(namespace, name) of an id."""
    namespace, _, name = id.rpartition("/")
    return namespace or None, name


def describe(obj: Mapping[str, Any]) -> str:
    """How messages call it: ``Deployment shop/web``."""
    return f"{obj.get('kind')} {object_id(obj)}"


def identity(obj: Mapping[str, Any]) -> tuple[str, str, str | None, str]:
    """What makes it the object that it is, whatever version its kind is written in: group, kind, namespace, name."""
    meta = metadata(obj)
    return str(obj["apiVersion"]).rpartition("/")[0], obj["kind"], meta.get("namespace"), meta["name"]


def unique_name(prefix: str) -> str:
    """``prefix`` with the eight hexadecimal digits that Pulumi's own names end with."""
    return f"{prefix}-{secrets.token_hex(4)}"


def autoname(obj: Object, logical_name: str, old: Mapping[str, Any]) -> None:
    """Name an object that has no name: as before when it was autonamed before, else after its logical name."""
    if is_named(obj):
        return
    meta = obj.setdefault("metadata", {})
    if isinstance(meta, Unknown):
        return
    adopted = metadata(old).get("name") if is_autonamed(old) else None
    if adopted is None and meta.get("generateName"):
        raise ProviderError("metadata.generateName is not supported with server-side apply: set name, or neither")
    meta["name"] = adopted or unique_name(logical_name)
    found = meta.setdefault("annotations", {})
    if not isinstance(found, Unknown):
        found[AUTONAMED] = "true"


def from_properties(properties: Mapping[str, Any]) -> Object:
    """The object that a property bag describes; what Pulumi keeps beside it is left out."""
    return cast(
        "Object", _renamed({key: value for key, value in properties.items() if not key.startswith("__")}, _DASHED)
    )


def to_properties(obj: Mapping[str, Any]) -> Object:
    """An object as a property bag, its secrets marked."""
    return mark_secrets(cast("Object", _renamed(obj, _UNDERSCORED)))


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {names.get(key, key): _renamed(item, names) for key, item in items}
    if isinstance(value, list):
        return [_renamed(item, names) for item in cast("list[Any]", value)]
    return value


def mark_secrets(obj: Object) -> Object:
    """The data of a Secret is secret, whether or not the program said so."""
    if obj.get("kind") == "Secret" and obj.get("apiVersion") == "v1":
        for key in ("data", "stringData"):
            if obj.get(key) is not None and not isinstance(obj[key], Secret):
                obj[key] = Secret(obj[key])
        found = annotations_of(obj)
        if LAST_APPLIED in found and not isinstance(found[LAST_APPLIED], Secret):
            # It repeats the whole object; somebody's manifest may have it.
            annotations = {**found, LAST_APPLIED: Secret(found[LAST_APPLIED])}
            obj["metadata"] = {**metadata(obj), "annotations": annotations}
    return obj


def normalise(obj: Mapping[str, Any]) -> Object:
    """The same object in the form in which two that mean the same are equal."""
    result = cast("Object", _without_nulls(obj))
    meta = result.get("metadata")
    if isinstance(meta, dict):
        for key in _SERVER_METADATA:
            cast("Object", meta).pop(key, None)
    if result.get("kind") == "Secret" and result.get("apiVersion") == "v1" and not contains_unknown(result):
        _normalise_secret(result)
    if result.get("kind") == "CustomResourceDefinition":
        result.pop("status", None)
        spec = result.get("spec")
        if isinstance(spec, dict) and cast("Object", spec).get("preserveUnknownFields") is False:
            cast("Object", spec).pop("preserveUnknownFields")
    return result


def _normalise_secret(obj: Object) -> None:
    """stringData is a way to write data: the server only knows data."""
    data: Object = dict(obj.get("data") or {})
    for key, value in list(data.items()):
        try:
            decoded = base64.b64decode("".join(str(value).split()), validate=True)
        except (binascii.Error, ValueError):
            continue  # the API server says what is wrong with it
        data[key] = base64.b64encode(decoded).decode()
    text: Mapping[str, Any] = obj.pop("stringData", None) or {}
    for key, value in text.items():
        data[key] = base64.b64encode(str(value).encode()).decode()
    if data:
        obj["data"] = data


def _without_nulls(value: Any) -> Any:
    """Kubernetes takes a null for a field that is not there."""
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {key: _without_nulls(item) for key, item in items if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in cast("list[Any]", value)]
    return value


def live_outputs(live: Mapping[str, Any], field_manager: str) -> Object:
    """What the state keeps of a live object."""
    obj = copy.deepcopy(dict(live))
    meta: Object = obj.get("metadata") or {}
    meta.pop("managedFields", None)
    # It repeats the whole object, secrets included, in plain text.
    if LAST_APPLIED in annotations_of(obj):
        meta["annotations"].pop(LAST_APPLIED)
    return {**to_properties(obj), FIELD_MANAGER: field_manager}


def preview_outputs(dry_run: Mapping[str, Any], field_manager: str) -> Object:
    """What a preview can tell of a new object from its dry run: what the server chose there it will choose anew."""
    return _with_unknowns(live_outputs(dry_run, field_manager))


def echoed_outputs(inputs: Mapping[str, Any]) -> Object:
    """What a preview can tell of a new object that the server can't look at yet."""
    return _with_unknowns(to_properties(copy.deepcopy(dict(inputs))))


def _with_unknowns(outputs: Object) -> Object:
    outputs["status"] = UNKNOWN
    meta = outputs.get("metadata")
    if isinstance(meta, dict):
        cast("Object", meta).update(dict.fromkeys(("uid", "resourceVersion", "creationTimestamp"), UNKNOWN))
    spec = outputs.get("spec")
    if outputs.get("kind") == "Service" and isinstance(spec, dict):
        given = cast("Object", spec)
        if given.get("clusterIP") != "None":
            given.update(dict.fromkeys(("clusterIP", "clusterIPs"), UNKNOWN))
        ports = given.get("ports")
        for port in cast("list[Any]", ports) if isinstance(ports, list) else ():
            if isinstance(port, dict) and "nodePort" in port:
                port["nodePort"] = UNKNOWN
    return outputs


def timeout_seconds(requested: float, inputs: Mapping[str, Any], default: float) -> float:
    """How long to wait: the resource's customTimeouts, its annotation, or the default."""
    if requested:
        return requested
    text = annotation(inputs, TIMEOUT_SECONDS)
    # Something else than a number is ignored, as the genuine provider does; a check says so.
    return float(text) if text.isdigit() else default


def propagation(inputs: Mapping[str, Any]) -> str:
    """How deletion reaches what the object owns."""
    asked = annotation(inputs, DELETION_PROPAGATION).lower()
    return {"orphan": "Orphan", "background": "Background"}.get(asked, "Foreground")
