"""Both stacks, each run once for all the tests that look at them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from recorder import Recording
from tests.stacks.stack_files import bring_up


@pytest.fixture(scope="session")
def recordings() -> Mapping[str, Recording]:
    return {stack: bring_up(stack) for stack in ("dev", "prod")}


@pytest.fixture(scope="session", params=["dev", "prod"])
def recorded(request: pytest.FixtureRequest, recordings: Mapping[str, Recording]) -> Recording:
    """Each of the stacks in turn."""
    return recordings[request.param]
