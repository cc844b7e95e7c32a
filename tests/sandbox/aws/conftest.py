from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.home import Home
from sandbox.plugins.aws.provider import AwsProvider
from tests.sandbox.aws.emulated_cloud import emulated_cloud

REGION = "eu-central-1"


@pytest.fixture(scope="module")
def cloud() -> Iterator[str]:
    with emulated_cloud() as address:
        yield address


@pytest.fixture(scope="module")
def make_provider(cloud: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., AwsProvider]]:
    """Makes a configured provider from its arguments."""
    patch = pytest.MonkeyPatch()
    patch.setenv("AWS_ENDPOINT_URL", cloud)
    patch.delenv("AWS_REGION", raising=False)
    patch.delenv("AWS_DEFAULT_REGION", raising=False)
    home = Home(Path(tmp_path_factory.mktemp("home")))

    def make(**arguments: Any) -> AwsProvider:
        provider = AwsProvider(home)
        given = {"region": REGION, **arguments}
        checked, failures = provider.check_config({}, given)
        assert failures == []
        provider.configure(checked)
        return provider

    yield make
    patch.undo()


@pytest.fixture(scope="module")
def provider(make_provider: Callable[..., AwsProvider]) -> AwsProvider:
    return make_provider(defaultTags={"tags": {"Platform": "test"}})
