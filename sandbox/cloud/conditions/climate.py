"""The conditions that hold now, around everything that answers requests."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import Any

from botocore.exceptions import UnknownServiceError
from werkzeug.wrappers import Response

from sandbox.cloud.conditions.faults import Fault, Faults
from sandbox.cloud.conditions.pace import Pace
from sandbox.cloud.operations import Asked, AwsError, Signature
from sandbox.conditions import Conditions
from sandbox.quotas import QUOTAS

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

_LIMITED = frozenset((quota.service, operation) for quota in QUOTAS for operation in quota.operations)
_LIMITED_SERVICES = frozenset(service for service, _ in _LIMITED)


class Climate:
    """Keeps the conditions, and lets requests feel them. The sandbox's own pages feel nothing."""

    def __init__(self, conditions: Conditions | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` gives seconds, for what takes its time."""
        self.conditions = conditions or Conditions()
        self._faults = Faults(lambda: self.conditions)
        self._pace = Pace(lambda: self.conditions, clock)
        self._turn = threading.RLock()

    def change(self, record: Mapping[str, Any] | None) -> dict[str, Any]:
        """Take other conditions, where some are given. Returns those that hold."""
        if record is not None:
            self.conditions = Conditions.from_record(record)
            self._faults.restart()
        return self.conditions.record()

    def around(self, application: Application) -> Application:
        """``application`` under the conditions."""

        def conditioned(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            signature = None if str(environ.get("PATH_INFO", "")).startswith("/_sandbox/") else Signature.of(environ)
            if signature is None or not self._is_felt(signature):
                return application(environ, start_response)
            return self._answer(application, environ, signature)(environ, start_response)

        return conditioned

    def _is_felt(self, signature: Signature) -> bool:
        now = self.conditions
        limited = now.enforce_quotas and signature.service in _LIMITED_SERVICES
        return bool(now.fault_rate or now.time_scale) or limited

    def _answer(self, application: Application, environ: dict[str, Any], signature: Signature) -> Response:
        body = _read_body(environ)
        asked = _asked(environ, signature, body)
        fault = self._faults.of(signature.service, asked.name if asked else "")
        if fault is not None:
            return _failed(asked, environ, fault)
        problem = self._pace.refusal(asked, signature.region) if asked else None
        if asked and problem:
            return asked.serialized(problem)
        # What a quota limits goes one by one: or two would find room for one.
        limited = asked is not None and (signature.service, asked.name) in _LIMITED
        with self._turn if limited else nullcontext():
            answer = Response.from_app(application, {**environ, "wsgi.input": io.BytesIO(body)})
            answer.make_sequence()
        return self._pace.shown(asked, signature.region, answer) if asked else answer


def _read_body(environ: Mapping[str, Any]) -> bytes:
    stream = environ["wsgi.input"]
    return (
        stream.read() if environ.get("wsgi.input_terminated") else stream.read(int(environ.get("CONTENT_LENGTH") or 0))
    )


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
