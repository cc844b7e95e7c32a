"""The table of prices says where each figure is from, and of when."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from overview import prices
from overview.costs import RULES


def test_every_price_has_a_source_with_its_date_and_a_page_to_compare_with() -> None:
    table = prices.load()

    assert table.prices
    for key, price in table.prices.items():
        assert price.usd > 0, key
        assert re.fullmatch(r"20\d\d(-\d\d(-\d\d)?)?", price.source.date), key
        assert price.source.what, key
        assert price.page.startswith("https://aws.amazon.com/"), key


def test_every_price_is_of_the_region_or_of_any() -> None:
    table = prices.load()

    assert {price.region for price in table.prices.values()} == {table.region, prices.ANY_REGION}


def test_a_type_is_free_or_priced_or_paid_by_use_and_not_two_of_these() -> None:
    table = prices.load()

    assert not table.free.keys() & table.used.keys()
    assert not RULES.keys() & {*table.free, *table.used}


def test_what_is_not_counted_says_what_the_sums_take_for_it() -> None:
    assert [row.item for row in prices.load().by_use if not row.assumed] == []


def test_a_price_without_its_source_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text("region: eu-central-1\nhours: 730\nprices:\n  x: {item: x, usd: 1, unit: hour, seen: hearsay}\n")

    with pytest.raises(KeyError, match="hearsay"):
        prices.load(file)
