"""What can be said of an object before anybody asks the API server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.plugins.kubernetes import objects
from sandbox.plugins.kubernetes.wait_for import WaitForError, wanted_conditions
from sandbox.plugins.protocol import Call, Failure


def annotation_failures(call: Call, obj: Mapping[str, Any]) -> list[Failure]:
    """What is wrong with the annotations that steer the provider. What it ignores, it warns of."""
    timeout = objects.annotation(obj, objects.TIMEOUT_SECONDS)
    if timeout and not timeout.isdigit():
        call.log(
            f"{objects.TIMEOUT_SECONDS} is {timeout!r}, no whole number of seconds, and so it is ignored",
            severity="warning",
        )
    try:
        wanted_conditions(obj)
    except WaitForError as error:
        return [Failure(f'metadata.annotations["{objects.WAIT_FOR}"]', str(error))]
    return []
