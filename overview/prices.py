"""The table of prices, as `prices.yaml` holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("prices.yaml")
ANY_REGION = "any"
HOUR = "hour"


class UnknownPriceError(LookupError):
    """The table says nothing of a type of resource; the message names it, and what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure was read."""

    what: str
    url: str
    """Empty where it is not at one address."""
    date: str
    """Of when it is: a day, a month or a year in ISO form, or ``undated``, which no price of a sum is."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one piece of something costs."""

    item: str
    usd: Decimal
    """USD for each ``unit``, without tax."""
    unit: str
    """``hour``, or whatever is counted by the month."""
    region: str
    """That the price is of; ``any`` where AWS takes the same in all."""
    source: Source
    page: str
    """AWS's own page, to compare with."""
    also: str
    """What else agrees, or is to be known."""


@dataclass(frozen=True, slots=True)
class ByUse:
    """Something that costs by use, which is not in the sums."""

    item: str
    assumed: str
    """How much of it the sums take for granted."""
    usd: Decimal | None
    unit: str
    source: Source | None


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices, and the types that have none."""

    region: str
    hours: int
    """In a month."""
    prices: Mapping[str, Price]
    by_use: Sequence[ByUse]
    free: Mapping[str, str]
    """Type to why it costs nothing."""
    used: Mapping[str, str]
    """Type to what is used of it, which is in ``by_use``."""

    def month(self, price: Price) -> Decimal:
        """What one piece costs a month, in USD."""
        return price.usd * self.hours if price.unit == HOUR else price.usd

    def dates(self) -> tuple[str, str]:
        """Of when the oldest price is, and the newest."""
        dates = sorted(price.source.date for price in self.prices.values())
        return dates[0], dates[-1]


def load(file: Path = FILE) -> PriceTable:
    """Read the table. Raises KeyError when a row names a source that is not there."""
    table: dict[str, Any] = yaml.safe_load(file.read_text())
    region: str = table["region"]
    sources = {
        name: Source(row["what"], row.get("url", ""), str(row["date"]))
        for name, row in table.get("sources", {}).items()
    }
    return PriceTable(
        region=region,
        hours=table["hours"],
        prices={
            key: Price(
                item=row["item"],
                usd=Decimal(str(row["usd"])),
                unit=row["unit"],
                region=row.get("region", region),
                source=sources[row["seen"]],
                page=row["page"],
                also=row.get("also", ""),
            )
            for key, row in table["prices"].items()
        },
        by_use=[
            ByUse(
                item=row["item"],
                assumed=row["assumed"],
                usd=Decimal(str(row["usd"])) if "usd" in row else None,
                unit=row.get("unit", ""),
                source=sources[row["seen"]] if "seen" in row else None,
            )
            for row in table.get("by_use", [])
        ],
        free=table.get("free", {}),
        used=table.get("used", {}),
    )
