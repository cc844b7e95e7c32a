"""The conditions that hold now, around each request for an AWS operation."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import UnknownServiceError
from werkzeug.wrappers import Response

from sandbox.cloud.conditions.faults import Fault, Faults
from sandbox.cloud.conditions.pace import Pace
from sandbox.cloud.operations import Asked, AwsError, Signature
from sandbox.conditions import Conditions


class Climate:
    """Keeps the conditions, and lets requests feel them."""

    def __init__(self, conditions: Conditions | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` gives seconds, for what takes its time."""
        self.conditions = conditions or Conditions()
        self._faults = Faults(lambda: self.conditions)
        self._pace = Pace(lambda: self.conditions, clock)

    def change(self, record: Mapping[str, Any] | None) -> dict[str, Any]:
        """Take other conditions, where some are given. Returns those that hold."""
        if record is not None:
            self.conditions = Conditions.from_record(record)
            self._faults.restart()
        return self.conditions.record()

    def refusal(self, environ: Mapping[str, Any], signature: Signature, body: bytes) -> Response | None:
        """An answer that stands for the one that was asked for; None for that one."""
        if not self.conditions.fault_rate and not self.conditions.time_scale:
            return None
        asked = _asked(environ, signature, body)
        fault = self._faults.of(signature.service, asked.name if asked else "")
        if fault is not None:
            return _failed(asked, environ, fault)
        problem = self._pace.refusal(asked, signature.region) if asked else None
        return asked.serialized(problem) if asked and problem else None

    def shown(self, environ: Mapping[str, Any], signature: Signature, body: bytes, answer: Response) -> Response:
        """``answer`` as it is under the conditions."""
        if not self.conditions.time_scale:
            return answer
        asked = _asked(environ, signature, body)
        return self._pace.shown(asked, signature.region, answer) if asked else answer


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
