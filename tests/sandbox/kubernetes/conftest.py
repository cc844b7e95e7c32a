"""The chart ``shop`` and its releases on an API server in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.plugins.kubernetes.helm import Releases
from tests.sandbox.kubernetes.fake_kube import FakeKube, Said, cluster
from tests.sandbox.kubernetes.shop import Shop, all_is_well


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def kube() -> FakeKube:
    return FakeKube(settle=all_is_well)


@pytest.fixture
def releases(kube: FakeKube, shop: Shop) -> Releases:
    return Releases(cluster(kube), shop.library())


@pytest.fixture
def said() -> Said:
    return Said()
