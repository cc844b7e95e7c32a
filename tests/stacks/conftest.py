"""Both stacks, each run once for all the tests that look at them."""

from __future__ import annotations

import pytest

from recorder import Recording
from tests.stacks.stack_files import bring_up


@pytest.fixture(scope="session")
def recorded_dev() -> Recording:
    return bring_up("dev")


@pytest.fixture(scope="session")
def recorded_prod() -> Recording:
    return bring_up("prod")


@pytest.fixture(scope="session", params=["dev", "prod"])
def recorded(request: pytest.FixtureRequest) -> Recording:
    """Each of the stacks in turn."""
    return request.getfixturevalue(f"recorded_{request.param}")
