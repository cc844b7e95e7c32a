"""What all tests share."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _collector_off() -> Iterator[None]:
    """Registering resources makes garbage in numbers that the collector takes a third of the time to look through."""
    gc.disable()
    yield
    # pytest collects at its end, and would look through all of it five times.
    gc.freeze()
    gc.enable()
