"""Creations that survive the death of those who asked for them: noted before they begin, ended once and only once."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pulumi.runtime.proto import provider_pb2

from sandbox.creations import Creation, Made, Notes
from sandbox.plugins.protocol import Call, InitFailed, Provider, ProviderError, Unanswered
from sandbox.plugins.secrecy import Words, secret_texts
from sandbox.plugins.values import from_struct, to_struct

MakeProvider = Callable[[str, bytes], Provider]
"""A configured provider of a package, from its ConfigureRequest."""

_AT_ONCE = 16


class Changes:
    """The changes that one connection has asked for and that are being made."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running: list[str] = []
        self._closed = False

    @contextmanager
    def one(self, urn: str) -> Generator[None]:
        """Make one change. Raises ProviderError when no more may begin."""
        with self._changed:
            if self._closed:
                raise ProviderError("the engine that asked for this is gone")
            self._running.append(urn)
        try:
            yield
        finally:
            with self._changed:
                self._running.remove(urn)
                self._changed.notify_all()

    @property
    def running(self) -> list[str]:
        with self._changed:
            return list(self._running)

    @property
    def open(self) -> bool:
        """Whether changes may begin, or are being made."""
        with self._changed:
            return not self._closed or bool(self._running)

    def close(self) -> None:
        """Let no further change begin."""
        with self._changed:
            self._closed = True

    def wait(self, timeout: float) -> list[str]:
        """Wait for those that run. Returns the URNs of those that still do after ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running, timeout)
            return list(self._running)


def call_of(request: Any, **circumstances: Any) -> Call:
    """What ``request`` is about."""
    # Older engines leave type and name empty: both are in the URN, stack::project::parent$type::name.
    type = request.type or request.urn.split("::")[2].rpartition("$")[2]
    name = request.name or request.urn.split("::", 3)[3]
    timeout = getattr(request, "timeout", 0.0)
    return Call(request.urn, type, name, timeout, bool(getattr(request, "preview", False)), **circumstances)


def create(provider: Provider, request: Any, call: Call) -> Any:
    """The answer to a CreateRequest."""
    id, outputs = provider.create(call, from_struct(request.properties))
    return provider_pb2.CreateResponse(id=id, properties=to_struct(outputs))


def create_noted(provider: Provider, notes: Notes, request: Any, call: Call) -> Any:
    """The same, noted."""
    creation = notes.begin(request.urn, request.SerializeToString())
    return _carry_out(provider, notes, creation, request, replace(call, token=creation.token))


def _carry_out(provider: Provider, notes: Notes, creation: Creation, request: Any, call: Call) -> Any:
    try:
        response = create(provider, request, call)
    except InitFailed as error:
        exists = provider_pb2.CreateResponse(id=error.id, properties=to_struct(error.outputs))
        reasons = tuple(map(_words(notes, creation).blot, error.reasons))
        notes.end(creation, made=Made(exists.SerializeToString(), reasons))
        raise
    except Unanswered:
        raise  # nobody knows whether it was made: the note stays open
    except ProviderError as error:
        notes.end(creation, refused=_words(notes, creation).blot(str(error)))
        raise
    except Exception as error:
        # As little is known; but when it was no better the second time, a third one would tell nothing new.
        ended = _words(notes, creation).blot(repr(error)) if creation.failed else None
        notes.write(replace(creation, failed=True, refused=ended))
        raise
    notes.end(creation, made=Made(response.SerializeToString()))
    return response


def _words(notes: Notes, creation: Creation) -> Words:
    """The secrets that an error may repeat: what is noted of it goes into the state, and to the user's screen."""
    request = provider_pb2.CreateRequest.FromString(creation.request)
    configured = provider_pb2.ConfigureRequest.FromString(notes.provider[1])
    return Words([*secret_texts(request.properties), *secret_texts(configured.args)])


def finish(notes: Notes, make: MakeProvider) -> dict[str, str]:
    """End the creations that were begun and are open. Returns the URNs of those that could not be, and why."""
    begun = [creation for creation in notes.all() if not creation.ended]
    if not begun:
        return {}
    provider = make(*notes.provider)
    # It is enough that they exist: the engine waits for what is not ready.
    provider.cancel()

    def end(creation: Creation) -> str:
        request = provider_pb2.CreateRequest.FromString(creation.request)
        call = call_of(request, token=creation.token, again=True)
        try:
            _carry_out(provider, notes, creation, request, call)
        except Unanswered as error:
            return _words(notes, creation).blot(str(error))
        except (InitFailed, ProviderError):
            pass  # noted
        except Exception:
            problem = _words(notes, creation).blot(f"a defect of the sandbox:\n{traceback.format_exc()}")
            if not creation.failed:
                return problem
            print(f"{creation.urn} is given up: {problem}", file=sys.stderr, flush=True)
        return ""

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        problems = dict(zip((creation.urn for creation in begun), pool.map(end, begun), strict=True))
    return {urn: problem for urn, problem in problems.items() if problem}


def remove(notes: Notes, creation: Creation, make: MakeProvider) -> None:
    """Delete what ``creation`` made. Raises ProviderError."""
    if creation.made is None:
        return
    request = provider_pb2.CreateRequest.FromString(creation.request)
    response = provider_pb2.CreateResponse.FromString(creation.made.response)
    inputs, outputs = from_struct(request.properties), from_struct(response.properties)
    try:
        make(*notes.provider).delete(call_of(request), response.id, inputs, outputs)
    except ProviderError as error:
        raise ProviderError(_words(notes, creation).blot(str(error))) from None
