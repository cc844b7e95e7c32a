"""What the providers of one engine's run know of its program: the resources among which a kind may come.

A custom resource can be previewed before anything serves its kind when the program brings that: by a CRD of its own,
by a chart, or by an add-on, which another provider looks after. All of them live in one process, so they can tell.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

from sandbox.plugins.interception import Handle, Interceptor
from sandbox.plugins.values import from_struct

CRD = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
RELEASE = "kubernetes:helm.sh/v3:Release"
ADD_ON = "aws:eks/addon:Addon"
_NOTED = frozenset({CRD, RELEASE, ADD_ON})

Inputs = dict[str, Any]


class Program:
    """The resources that have been checked so far. Safe to share between threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._resources: dict[str, tuple[str, Inputs]] = {}

    def note(self, urn: str, type: str, inputs: Inputs) -> None:
        with self._changed:
            self._resources[urn] = (type, inputs)
            self._changed.notify_all()

    def resources(self) -> list[tuple[str, Inputs]]:
        """(type, checked inputs) of each."""
        with self._changed:
            return list(self._resources.values())

    def has(self, wanted: Callable[[str, Inputs], bool], *, patience: float) -> bool:
        """Whether a resource is ``wanted``, or is registered within ``patience`` seconds: programs have no order."""
        end = time.monotonic() + patience
        with self._changed:
            while not any(wanted(type, inputs) for type, inputs in self._resources.values()):
                left = end - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
        return True


_programs: weakref.WeakValueDictionary[str, Program] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def program_of(engine: str) -> Program:
    """The program that the engine at an address runs."""
    with _lock:
        found = _programs.get(engine)
        if found is None:
            found = _programs[engine] = Program()
        return found


class Watch(Interceptor):
    """Tells a provider's program of its resources."""

    def __init__(self, attached: Callable[[Program], None]) -> None:
        self._attached = attached
        self._program = Program()

    def around(self, method: str, request: Any, context: Any, handle: Handle) -> Any:
        if method in ("Handshake", "Attach"):
            self._program = program_of(request.engine_address if method == "Handshake" else request.address)
            self._attached(self._program)
        answer = handle(request, context)
        if method == "Check" and not answer.failures:
            type = request.type or request.urn.split("::")[2].rpartition("$")[2]
            if type in _NOTED:
                self._program.note(request.urn, type, from_struct(answer.inputs))
        return answer
