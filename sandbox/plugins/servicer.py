"""Pulumi's ResourceProvider protocol over gRPC, turned into calls of a :class:`sandbox.plugins.protocol.Provider`."""

from __future__ import annotations

import contextlib
import json
import threading
import traceback
from collections.abc import Callable, Generator
from typing import Any, NoReturn, cast

import grpc
from google.protobuf import any_pb2, empty_pb2, struct_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from sandbox import causes
from sandbox.creations import Notes
from sandbox.plugins.creating import Changes, call_of, create, create_noted
from sandbox.plugins.protocol import (
    Call,
    Diff,
    Failure,
    InitFailed,
    Properties,
    Provider,
    ProviderError,
    Secret,
    Severity,
    Unanswered,
    Unknown,
)
from sandbox.plugins.values import from_struct, secret_keys, to_struct

MESSAGE_LIMIT = 400 * 1024 * 1024
"""Bytes; the engine's own limit for a message."""

_SEVERITIES: dict[Severity, Any] = {
    "debug": engine_pb2.DEBUG,
    "info": engine_pb2.INFO,
    "warning": engine_pb2.WARNING,
    "error": engine_pb2.ERROR,
}


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Serves one provider instance."""

    def __init__(self, provider: Provider, version: str, notes: Notes, changes: Changes) -> None:
        self._provider = provider
        self._version = version
        self._notes = notes
        self._changes = changes
        self._engine: Any = None
        self._engine_lock = threading.Lock()
        self.blot: Callable[[str], str] = str
        """Takes secrets out of what is logged."""

    # -- the plugin ---------------------------------------------------------------------------------------------

    def Handshake(self, request: Any, context: Any) -> Any:
        self._attach(request.engine_address)
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=False, accept_resources=False, accept_outputs=False
        )

    def Attach(self, request: Any, context: Any) -> Any:
        self._attach(request.address)
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self._version)

    def GetSchema(self, request: Any, context: Any) -> Any:
        return provider_pb2.GetSchemaResponse(schema="{}")

    def GetMapping(self, request: Any, context: Any) -> Any:
        return provider_pb2.GetMappingResponse()

    def Cancel(self, request: Any, context: Any) -> Any:
        self._provider.cancel()
        return empty_pb2.Empty()

    # -- configuration ------------------------------------------------------------------------------------------

    def CheckConfig(self, request: Any, context: Any) -> Any:
        def run() -> Any:
            olds, news = _arguments(self._provider, request.olds), _arguments(self._provider, request.news)
            inputs, failures = self._provider.check_config(olds, news)
            encoded: Any = _encoded(inputs, secret_keys(request.news))
            return provider_pb2.CheckResponse(inputs=encoded, failures=[_failure(item) for item in failures])

        return self._answer(context, run)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        def run() -> Any:
            olds = _arguments(self._provider, request.old_inputs)
            news = _arguments(self._provider, request.news)
            return _diff(self._provider.diff_config(olds, news))

        return self._answer(context, run)

    def Configure(self, request: Any, context: Any) -> Any:
        def run() -> Any:
            configure(self._provider, request)
            self._notes.configured(request.SerializeToString())
            return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

        return self._answer(context, run)

    # -- resources ----------------------------------------------------------------------------------------------

    def Check(self, request: Any, context: Any) -> Any:
        def run() -> Any:
            call = self._call(request)
            inputs, failures = self._provider.check(call, from_struct(request.olds), from_struct(request.news))
            return provider_pb2.CheckResponse(inputs=to_struct(inputs), failures=[_failure(item) for item in failures])

        return self._answer(context, run)

    def Diff(self, request: Any, context: Any) -> Any:
        def run() -> Any:
            old_inputs, outputs = from_struct(request.old_inputs), from_struct(request.olds)
            news, ignored = from_struct(request.news), list(request.ignoreChanges)
            return _diff(self._provider.diff(self._call(request), request.id, old_inputs, outputs, news, ignored))

        return self._answer(context, run)

    def Create(self, request: Any, context: Any) -> Any:
        if request.preview:
            return self._answer(context, lambda: create(self._provider, request, self._call(request)))

        def run() -> Any:
            with self._changes.one(request.urn):
                return create_noted(self._provider, self._notes, request, self._call(request))

        return self._answer(context, run)

    def Read(self, request: Any, context: Any) -> Any:
        def run() -> Any:
            inputs = from_struct(request.inputs) if request.HasField("inputs") else None
            found = self._provider.read(self._call(request), request.id, inputs, from_struct(request.properties))
            if found is None:
                return provider_pb2.ReadResponse()
            id, live_inputs, outputs = found
            return provider_pb2.ReadResponse(id=id, inputs=to_struct(live_inputs), properties=to_struct(outputs))

        return self._answer(context, run)

    def Update(self, request: Any, context: Any) -> Any:
        def run() -> Any:
            old_inputs, outputs = from_struct(request.old_inputs), from_struct(request.olds)
            news = from_struct(request.news)
            with self._changing(request, counted=not request.preview):
                answer = self._provider.update(self._call(request), request.id, old_inputs, outputs, news)
            return provider_pb2.UpdateResponse(properties=to_struct(answer))

        return self._answer(context, run)

    def Delete(self, request: Any, context: Any) -> Any:
        def run() -> Any:
            old_inputs, outputs = from_struct(request.old_inputs), from_struct(request.properties)
            with self._changing(request):
                self._provider.delete(self._call(request), request.id, old_inputs, outputs)
            return empty_pb2.Empty()

        return self._answer(context, run)

    def Invoke(self, request: Any, context: Any) -> Any:
        def run() -> Any:
            answer = self._provider.invoke(request.tok, from_struct(request.args), request.preview)
            # ``return`` is a keyword of Python, so it can't be written as an argument.
            fields: dict[str, Any] = {"return": to_struct(answer)}
            return provider_pb2.InvokeResponse(**fields)

        return self._answer(context, run)

    # -- plumbing -----------------------------------------------------------------------------------------------

    def _call(self, request: Any) -> Call:
        return call_of(request, log_to=self._log)

    @contextlib.contextmanager
    def _changing(self, request: Any, *, counted: bool = True) -> Generator[None]:
        if not counted:
            yield
            return
        with self._changes.one(request.urn):
            note = self._notes.change(request.urn)
            try:
                yield
            except Unanswered:
                raise  # nobody knows whether it was done: the note stays open
            except (InitFailed, ProviderError):
                self._notes.end_change(note)
                raise
            self._notes.end_change(note)

    def _attach(self, address: str) -> None:
        with self._engine_lock:
            channel = grpc.insecure_channel(address, options=[("grpc.max_send_message_length", MESSAGE_LIMIT)])
            self._engine = engine_pb2_grpc.EngineStub(channel)

    def _log(self, urn: str, severity: Severity, message: str, ephemeral: bool) -> None:
        with self._engine_lock:
            if self._engine is not None:
                request = engine_pb2.LogRequest(
                    severity=_SEVERITIES[severity], message=self.blot(message), urn=urn, ephemeral=ephemeral
                )
                # An engine that is gone must not end what it has asked for.
                with contextlib.suppress(grpc.RpcError):
                    self._engine.Log(request)

    def _answer(self, context: Any, run: Callable[[], Any]) -> Any:
        try:
            return run()
        except InitFailed as error:
            _abort(context, str(error), _init_failed(error))
        except ProviderError as error:
            _abort(context, str(error))
        except Exception as error:
            if isinstance(error, OSError):
                root = self._provider.home.root
                if cause := causes.in_folder(error, root, "put the clone on another disk"):
                    _abort(context, cause)
            # A defect of the sandbox: the whole traceback is what its maintainers need.
            _abort(context, f"a defect of the sandbox:\n{traceback.format_exc()}")


def _init_failed(error: InitFailed) -> Any:
    """What the engine needs to keep a resource that exists but is not ready."""
    return provider_pb2.ErrorResourceInitFailed(
        id=error.id, properties=to_struct(error.outputs), inputs=to_struct(error.inputs), reasons=error.reasons
    )


def _abort(context: Any, message: str, detail: Any = None) -> NoReturn:
    if detail is not None:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message, details=[packed])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, message)
    raise AssertionError("abort raises")


def _failure(item: Failure) -> Any:
    return provider_pb2.CheckFailure(property=item.property, reason=item.reason)


def _diff(diff: Diff) -> Any:
    changes = provider_pb2.DiffResponse.DIFF_SOME if diff.changes else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=changes,
        replaces=list(diff.replaces),
        deleteBeforeReplace=diff.delete_before_replace,
        stables=list(diff.stables),
        diffs=sorted({path.split(".")[0].split("[")[0] for path in diff.details}),
        hasDetailedDiff=bool(diff.details),
        detailedDiff={
            path: provider_pb2.PropertyDiff(kind=cast("Any", change.value), inputDiff=True)
            for path, change in diff.details.items()
        },
    )


def configure(provider: Provider, request: Any) -> None:
    """Give ``provider`` the arguments of a ConfigureRequest."""
    provider.configure(_arguments(provider, request.args))


def _arguments(provider: Provider, struct: struct_pb2.Struct) -> Properties:
    """A provider's arguments. The SDKs send everything but text as JSON inside a string."""
    return {
        key: value if key in provider.text_arguments else _decoded(value) for key, value in from_struct(struct).items()
    }


def _decoded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        decoded: Any = json.loads(value)
    except ValueError:
        return value
    # An account id is all digits and still text.
    return cast("Any", decoded) if isinstance(decoded, (list, dict, bool)) else value


def _encoded(values: Properties, secret: frozenset[str]) -> struct_pb2.Struct:
    encoded = {
        key: value if isinstance(value, str | Unknown) or value is None else json.dumps(value)
        for key, value in values.items()
    }
    # The engine does not restore the marks of a provider's own arguments, as it does those of resources.
    return to_struct({key: Secret(value) if key in secret else value for key, value in encoded.items()})
