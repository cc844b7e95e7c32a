"""The conditions that hold now, around everything that answers requests."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from botocore.exceptions import UnknownServiceError
from werkzeug.wrappers import Response

from sandbox.cloud.application import read_body
from sandbox.cloud.conditions.faults import Fault, Faults
from sandbox.cloud.conditions.pace import Pace
from sandbox.cloud.journal import Journal
from sandbox.cloud.operations import Asked, AwsError, Signature
from sandbox.conditions import Conditions


class Application(Protocol):
    """What answers requests."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]: ...

    def has_answered(self, environ: Mapping[str, Any]) -> bool:
        """Whether it will only give an answer again."""
        ...


class Climate:
    """Keeps the conditions, and lets requests feel them. The sandbox's own pages feel nothing."""

    def __init__(
        self,
        journal: Journal,
        conditions: Conditions | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``journal`` keeps which conditions held when: quotas decide what came out. ``clock`` gives seconds, for what
        takes its time."""
        self._journal = journal
        self.conditions = conditions or Conditions()
        self._faults = Faults(lambda: self.conditions)
        self._pace = Pace(lambda: self.conditions, clock)
        journal.register("conditions", self._take)

    def change(self, record: Mapping[str, Any] | None) -> dict[str, Any]:
        """Take other conditions, where some are given. Returns those that hold."""
        if record is not None:
            self._faults.restart()
            if record != self.conditions.record():
                self._journal.perform("conditions", dict(record))
        return self.conditions.record()

    def _take(self, record: Mapping[str, Any]) -> None:
        self.conditions = Conditions.from_record(record)

    def around(self, application: Application) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
        """``application`` under the conditions."""

        def conditioned(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            signature = None if str(environ.get("PATH_INFO", "")).startswith("/_sandbox/") else Signature.of(environ)
            if signature is None or not (self.conditions.fault_rate or self.conditions.time_scale):
                return application(environ, start_response)
            return self._answer(application, environ, signature)(environ, start_response)

        return conditioned

    def _answer(self, application: Application, environ: dict[str, Any], signature: Signature) -> Response:
        body = read_body(environ)
        asked = _asked(environ, signature, body)
        fault = self._faults.of(signature.service, asked.name if asked else "")
        if fault is not None:
            return _failed(asked, environ, fault)
        again = application.has_answered(environ)
        problem = self._pace.refusal(asked, signature.region) if asked and not again else None
        if asked and problem:
            return asked.serialized(problem)
        answer = Response.from_app(application, {**environ, "wsgi.input": io.BytesIO(body)})
        answer.make_sequence()
        # What began already does not begin once more.
        return self._pace.shown(asked, signature.region, answer) if asked and not again else answer


def _asked(environ: Mapping[str, Any], signature: Signature, body: bytes) -> Asked | None:
    try:
        # Its own copy: what reads the body reads it to its end.
        return Asked.of({**environ, "wsgi.input": io.BytesIO(body)}, signature.service)
    except UnknownServiceError:  # signed by a name that is not botocore's
        return None


def _failed(asked: Asked | None, environ: Mapping[str, Any], fault: Fault) -> Response:
    if asked:
        answer = asked.serialized(AwsError(fault.code, fault.message))
    elif str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded"):
        error = f"<Error><Code>{fault.code}</Code><Message>{fault.message}</Message></Error>"
        answer = Response(f"<ErrorResponse>{error}</ErrorResponse>", mimetype="text/xml")
    else:
        answer = Response(json.dumps({"__type": fault.code, "message": fault.message}), mimetype="application/json")
    answer.status_code = fault.status
    return answer
