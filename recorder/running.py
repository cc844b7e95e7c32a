"""Runs a program in place of the engine and the cloud."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, cast

import pulumi
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime import mocks, settings
from pulumi.runtime.proto import engine_pb2, provider_pb2, resource_pb2
from pulumi.runtime.stack import run_in_stack

from recorder import cloud
from recorder.recording import Recorded, Recording
from recorder.wire import plain, with_secrets

_STACK_TYPE = "pulumi:pulumi:Stack"


class _Monitor(mocks.MockMonitor):
    def __init__(
        self,
        recording: Recording,
        project: str,
        stack: str,
        overrides: Mapping[str, Mapping[str, Any]],
        answers: Mapping[str, Mapping[str, Any] | str],
    ) -> None:
        super().__init__(cast(Any, None))
        self.recording = recording
        self.project = project
        self.stack = stack
        self.overrides = overrides
        self.answers = answers
        self.urns = set[str]()

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As the engine does it: with the chain of all parents' types, except the stack's."""
        parent_type = parent.split("::")[2] if parent else ""
        if parent_type and parent_type != _STACK_TYPE:
            type_ = f"{parent_type}${type_}"
        return f"urn:pulumi:{self.stack}::{self.project}::{type_}::{name}"

    def RegisterResource(self, request: Any) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == _STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        if urn in self.urns:
            raise AssertionError(f"two resources have the URN {urn}")
        self.urns.add(urn)
        inputs, secrets = plain(request.object)
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
        state = {**inputs, **cloud.computed(request.type, request.name, inputs), **self.overrides.get(request.name, {})}
        answer = struct_pb2.Struct()
        answer.update(with_secrets(state, secrets))
        return resource_pb2.RegisterResourceResponse(urn=urn, id=f"{request.name}-id", object=answer)

    def RegisterResourceOutputs(self, request: Any) -> Any:
        outputs, secrets = plain(request.outputs)
        top = frozenset(path.split(".")[0] for path in secrets)
        if request.urn.split("::")[2] == _STACK_TYPE:
            self.recording.exports, self.recording.secret_exports = outputs, top
        else:
            self.recording.outputs[request.urn] = outputs
            self.recording.secret_outputs[request.urn] = top
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> Any:
        args, _ = plain(request.args)
        self.recording.invokes.append((request.tok, args, request.provider))
        given = self.answers.get(request.tok) or cloud.invoked(request.tok, args)
        if isinstance(given, str):
            return provider_pb2.InvokeResponse(failures=[provider_pb2.CheckFailure(reason=given)])
        answer = struct_pb2.Struct()
        answer.update(given)
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
    project: str = "platform",
    stack: str = "test",
    preview: bool = False,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    answers: Mapping[str, Mapping[str, Any] | str] | None = None,
    secret: Collection[str] = (),
    into: Recording | None = None,
) -> Recording:
    """Run ``program`` and return what it registered. Its exceptions come out as they are.

    ``config`` holds stack configuration by full key, such as ``platform:network``; ``preview`` makes it a dry run.
    ``overrides`` adds to what the cloud would answer: logical name to properties; ``answers`` are those of functions,
    by token, or the reason why there is none. ``secret`` are the keys of the configuration that are kept encrypted.
    ``into`` has what was registered even when the program fails. Raises AssertionError when two resources have one URN.
    """
    recording = Recording() if into is None else into
    monitor = _Monitor(recording, project, stack, overrides or {}, answers or {})
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in (config or {}).items()}
    pulumi.runtime.set_all_config(texts, list(secret))
    settings.ROOT.set(None)
    settings.configure(
        mocks.MockSettings(
            monitor=monitor,
            engine=_Engine(recording),
            project=project,
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
