"""Throttling and server errors at a rate: before anything is done, so that the same request may be sent again."""

from __future__ import annotations

import hashlib
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.conditions import Conditions


@dataclass(frozen=True)
class Fault:
    """An answer in place of the one that was asked for."""

    status: int
    code: str
    message: str


_THROTTLED = Fault(400, "ThrottlingException", "Rate exceeded")
_THROTTLED_QUERY = Fault(400, "Throttling", "Rate exceeded")
_THROTTLES = {
    "autoscaling": _THROTTLED_QUERY,
    "ec2": Fault(503, "RequestLimitExceeded", "Request limit exceeded."),
    "eks": Fault(429, "ThrottlingException", "Rate exceeded"),
    "elasticache": _THROTTLED_QUERY,
    "elasticloadbalancing": _THROTTLED_QUERY,
    "iam": _THROTTLED_QUERY,
    "rds": _THROTTLED_QUERY,
    "s3": Fault(503, "SlowDown", "Please reduce your request rate."),
    "sts": _THROTTLED_QUERY,
}
"""By the name under which requests are signed; the other services throttle as JSON services do."""
_FAILURES = {
    "ec2": Fault(500, "InternalError", "An internal error has occurred"),
    "ecr": Fault(500, "ServerException", "These errors are usually caused by a server-side issue."),
    "eks": Fault(500, "ServerException", "These errors are usually caused by a server-side issue."),
    "kms": Fault(500, "KMSInternalException", "The request was rejected because an internal exception occurred."),
    "secretsmanager": Fault(500, "InternalServiceError", "An error occurred on the server side."),
}
_FAILURE = Fault(500, "InternalFailure", "The request processing has failed because of an unknown error.")
_UNAVAILABLE = Fault(503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server.")


class Faults:
    """Decides which requests fail, and how.

    The n-th request for an operation fails or does not, whatever comes between: so a seed decides it, also where
    requests of different operations race.
    """

    def __init__(self, conditions: Callable[[], Conditions]) -> None:
        self._conditions = conditions
        self._lock = threading.Lock()
        self._asked: Counter[tuple[str, str]] = Counter()

    def restart(self) -> None:
        """Count from the beginning: what follows repeats what was before under the same seed."""
        with self._lock:
            self._asked.clear()

    def of(self, service: str, operation: str) -> Fault | None:
        """What the next request for ``operation`` gets; None for its answer."""
        conditions = self._conditions()
        if not conditions.fault_rate:
            return None
        with self._lock:
            self._asked[service, operation] += 1
            number = self._asked[service, operation]
        drawn = _draw(f"{conditions.fault_seed}/{service}/{operation}/{number}")
        if drawn >= conditions.fault_rate:
            return None
        fault = _fault(service, drawn / conditions.fault_rate)
        # Into the cloud's log: whoever wonders about an error there sees which were asked for.
        print(f"as SANDBOX_FAULT_RATE asks: {service} {operation}: {fault.code}", file=sys.stderr, flush=True)
        return fault


def _fault(service: str, share: float) -> Fault:
    """Half of what fails is throttled, a quarter is a server error, a quarter is unavailable. ``share`` is 0 to 1."""
    if share < 0.5:
        return _THROTTLES.get(service, _THROTTLED)
    return _FAILURES.get(service, _FAILURE) if share < 0.75 else _UNAVAILABLE


def _draw(text: str) -> float:
    """A number from 0 to 1 that ``text`` decides."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64
