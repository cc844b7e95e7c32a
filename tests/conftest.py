"""What all tests share."""

from __future__ import annotations

import functools
import gc
import hashlib
from collections.abc import Iterator
from typing import Any, cast

import pulumi
import pytest
from pulumi.runtime.proto import source_pb2


@pytest.fixture(scope="session", autouse=True)
def _collector_off() -> Iterator[None]:
    """Registering resources makes garbage in numbers that the collector takes a third of the time to look through."""
    gc.disable()
    yield
    # pytest collects at its end, and would look through all of it five times.
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _no_work_for_nobody() -> Iterator[None]:
    """A program under the recorder takes half the time without what no test looks at, or knows already.

    The SDK tells the engine from which line each resource came, through all frames of pytest and hypothesis; and
    scrypt, which is slow by intent, works out the same mark of the same secrets each time.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cast(Any, pulumi.runtime.resource), "_get_stack_trace", source_pb2.StackTrace)
        patch.setattr(hashlib, "scrypt", functools.cache(hashlib.scrypt))
        yield
