"""Runs a Pulumi program without engine or cloud, and records what it asked the engine for.

Plain ``pulumi.runtime.Mocks`` never see protect, parent, aliases or retainOnDelete, and equal URNs silently overwrite
each other. This recorder sits one layer lower, where the requests to the engine arrive::

    recording = record(lambda: Network("net", NetworkArgs(...)))
    assert recording["net-vpc"].inputs["cidrBlock"] == "10.0.0.0/16"
    assert recording.outputs_of("net")["vpc_id"] == "net-vpc-id"
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pulumi
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime.proto import engine_pb2, provider_pb2, resource_pb2
from pulumi.runtime.stack import run_in_stack

from tests import fakes

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
_PROJECT = "platform"
_STACK_TYPE = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Recorded:
    """One resource as the engine would have received it. Property names are those of the wire: camelCase."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: Mapping[str, Any]
    secrets: frozenset[str]
    """Paths of inputs that arrive as secrets, such as ``stringData.url``."""
    provider: str
    """``URN::id`` of the explicit provider, or empty."""
    protect: bool
    retain_on_delete: bool
    delete_before_replace: bool
    ignore_changes: tuple[str, ...]
    replace_on_changes: tuple[str, ...]
    additional_secret_outputs: tuple[str, ...]
    depends_on: frozenset[str]
    """URNs of what it waits for, by data flow or by ``depends_on``."""
    aliases: tuple[str, ...]
    custom_timeouts: Mapping[str, str]


@dataclass
class Recording:
    """What a program registered, in the order of arrival."""

    resources: list[Recorded] = field(default_factory=lambda: [])
    outputs: dict[str, dict[str, Any]] = field(default_factory=lambda: {})
    secret_outputs: dict[str, frozenset[str]] = field(default_factory=lambda: {})
    invokes: list[tuple[str, Mapping[str, Any], str]] = field(default_factory=lambda: [])
    """Token, arguments and provider of every function called."""
    exports: dict[str, Any] = field(default_factory=lambda: {})
    secret_exports: frozenset[str] = frozenset()
    logs: list[tuple[str, str]] = field(default_factory=lambda: [])
    """Severity and message of what the program said to its user."""

    def __getitem__(self, name: str) -> Recorded:
        found = [resource for resource in self.resources if resource.name == name]
        if len(found) != 1:
            raise KeyError(f"{name}: {len(found)} resources have this name; there are {self.names}")
        return found[0]

    def __contains__(self, name: str) -> bool:
        return name in self.names

    @property
    def names(self) -> list[str]:
        return [resource.name for resource in self.resources]

    def by_urn(self, urn: str) -> Recorded:
        return next(resource for resource in self.resources if resource.urn == urn)

    def of_type(self, type_: str) -> list[Recorded]:
        """All resources of a type token, such as ``aws:ec2/subnet:Subnet``."""
        return [resource for resource in self.resources if resource.type == type_]

    def outputs_of(self, name: str) -> dict[str, Any]:
        """What the component called ``register_outputs`` with."""
        return self.outputs[self[name].urn]

    def secret_outputs_of(self, name: str) -> frozenset[str]:
        return self.secret_outputs[self[name].urn]

    def inside(self, name: str) -> list[Recorded]:
        """Everything below a component, however deep."""
        found, level = list[Recorded](), {self[name].urn}
        while level:
            below = [resource for resource in self.resources if resource.parent in level]
            found.extend(below)
            level = {resource.urn for resource in below}
        return found

    def waits_for(self, name: str, other: str) -> bool:
        """Whether ``name`` is created after ``other`` and all inside it, and so deleted before."""
        goals = {self[other].urn, *(resource.urn for resource in self.inside(other) if resource.custom)}
        if not self[other].custom:
            goals.discard(self[other].urn)
        known = {resource.urn: resource for resource in self.resources}
        seen, ahead = set[str](), [self[name].urn]
        while ahead:
            resource = known.get(ahead.pop())
            if resource is None or resource.urn in seen:
                continue
            seen.add(resource.urn)
            # A child is registered when its parent and its provider are there.
            ahead.extend((*resource.depends_on, resource.parent, resource.provider.rpartition("::")[0]))
        return goals <= seen


class _Monitor(mocks.MockMonitor):
    def __init__(
        self,
        recording: Recording,
        stack: str,
        overrides: Mapping[str, Mapping[str, Any]],
        answers: Mapping[str, Mapping[str, Any]],
    ) -> None:
        super().__init__(cast(Any, None))
        self.recording = recording
        self.stack = stack
        self.overrides = overrides
        self.answers = answers
        self.urns = set[str]()

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As the engine does it: with the chain of all parents' types, except the stack's."""
        parent_type = parent.split("::")[2] if parent else ""
        if parent_type and parent_type != _STACK_TYPE:
            type_ = f"{parent_type}${type_}"
        return f"urn:pulumi:{self.stack}::{_PROJECT}::{type_}::{name}"

    def RegisterResource(self, request: Any) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == _STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        if urn in self.urns:
            raise AssertionError(f"two resources have the URN {urn}")
        self.urns.add(urn)
        inputs, secrets = _plain(request.object)
        self.recording.resources.append(
            Recorded(
                urn=urn,
                type=request.type,
                name=request.name,
                parent=request.parent,
                custom=request.custom,
                inputs=inputs,
                secrets=frozenset(secrets),
                provider=request.provider,
                protect=request.protect,
                retain_on_delete=request.retainOnDelete,
                delete_before_replace=request.deleteBeforeReplace,
                ignore_changes=tuple(request.ignoreChanges),
                replace_on_changes=tuple(request.replaceOnChanges),
                additional_secret_outputs=tuple(request.additionalSecretOutputs),
                depends_on=frozenset(request.dependencies),
                aliases=tuple(alias.urn or alias.spec.name for alias in request.aliases),
                custom_timeouts={
                    "create": request.customTimeouts.create,
                    "update": request.customTimeouts.update,
                    "delete": request.customTimeouts.delete,
                },
            )
        )
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        state = {**inputs, **fakes.computed(request.type, request.name, inputs), **self.overrides.get(request.name, {})}
        answer = struct_pb2.Struct()
        answer.update(_with_secrets(state, secrets))
        return resource_pb2.RegisterResourceResponse(urn=urn, id=f"{request.name}-id", object=answer)

    def RegisterResourceOutputs(self, request: Any) -> Any:
        outputs, secrets = _plain(request.outputs)
        top = frozenset(path.split(".")[0] for path in secrets)
        if request.urn.split("::")[2] == _STACK_TYPE:
            self.recording.exports, self.recording.secret_exports = outputs, top
        else:
            self.recording.outputs[request.urn] = outputs
            self.recording.secret_outputs[request.urn] = top
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> Any:
        args, _ = _plain(request.args)
        self.recording.invokes.append((request.tok, args, request.provider))
        answer = struct_pb2.Struct()
        answer.update(self.answers.get(request.tok) or fakes.invoked(request.tok, args))
        return provider_pb2.InvokeResponse(**cast("dict[str, Any]", {"return": answer}))


class _Engine(mocks.MockEngine):
    def __init__(self, recording: Recording) -> None:
        super().__init__(None)
        self.recording = recording

    def Log(self, request: Any) -> None:
        severity = engine_pb2.LogSeverity.Name(request.severity)
        if severity != "DEBUG":
            self.recording.logs.append((severity, request.message))


def record(
    program: Callable[[], object],
    *,
    config: Mapping[str, Any] | None = None,
    stack: str = "test",
    preview: bool = False,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    answers: Mapping[str, Mapping[str, Any]] | None = None,
    secret: Collection[str] = (),
    into: Recording | None = None,
) -> Recording:
    """Run ``program`` and return what it registered. Its exceptions come out as they are.

    ``config`` holds stack configuration by full key, such as ``platform:network``. ``overrides`` adds to what the cloud
    would answer: logical name to properties; ``answers`` are those of functions, by token. ``secret`` are the keys of
    the configuration that are kept encrypted. ``into`` has what was registered even when the program fails. Raises
    AssertionError when two resources have one URN.
    """
    recording = Recording() if into is None else into
    monitor = _Monitor(recording, stack, overrides or {}, answers or {})
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in (config or {}).items()}
    pulumi.runtime.set_all_config(texts, list(secret))
    settings.ROOT.set(None)
    settings.configure(
        mocks.MockSettings(
            monitor=monitor,
            engine=_Engine(recording),
            project=_PROJECT,
            stack=stack,
            dry_run=preview,
            organization=None,
        )
    )
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        # What a failed run before this one left waiting.
        ambient = cast(Any, settings.SETTINGS)
        ambient.rpc_manager.clear()
        ambient.outputs.clear()

        def run() -> None:
            program()

        loop.run_until_complete(run_in_stack(run))
    finally:
        settings.ROOT.set(None)
        # A program that fails leaves resources on their way.
        waiting = asyncio.all_tasks(loop)
        for task in waiting:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
        loop.close()
        asyncio.set_event_loop(None)
    return recording


def _plain(properties: struct_pb2.Struct) -> tuple[dict[str, Any], set[str]]:
    """The properties without wrappers, and the paths of those that were secret."""
    secrets = set[str]()
    plain = _unwrap(json_format.MessageToDict(properties), "", secrets)
    return cast("dict[str, Any]", plain), secrets


def _unwrap(value: Any, path: str, secrets: set[str]) -> Any:
    if isinstance(value, list):
        return [_unwrap(item, f"{path}[{index}]", secrets) for index, item in enumerate(cast("list[Any]", value))]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, dict):
        return None if value == rpc.UNKNOWN else value
    properties = cast("dict[str, Any]", value)
    match properties.get(_SIGNATURE):
        case str(signature) if signature == _SECRET:
            secrets.add(path)
            return _unwrap(properties.get("value"), path, secrets)
        case str(signature) if signature == _OUTPUT:
            if properties.get("secret"):
                secrets.add(path)
            return _unwrap(properties.get("value"), path, secrets)
        case str(signature) if signature == _RESOURCE:
            return properties.get("urn")
        case _:
            return {key: _unwrap(item, f"{path}.{key}" if path else key, secrets) for key, item in properties.items()}


def _with_secrets(state: Mapping[str, Any], secrets: set[str]) -> dict[str, Any]:
    """The engine answers secret inputs as secret outputs."""
    top = {path.split(".")[0].split("[")[0] for path in secrets}
    return {
        key: {_SIGNATURE: _SECRET, "value": value} if key in top else value
        for key, value in state.items()
        if value is not None
    }
