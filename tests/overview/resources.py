"""Small graphs made by hand, and a table of round prices."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from overview.prices import Price, PriceTable, Source
from recorder import Recorded, Recording

SOURCE = Source("a list", "https://example.com/list", "2026-01-02")


def resource(type_: str, name: str, *, inside: str = "", needs: tuple[str, ...] = (), **inputs: Any) -> Recorded:
    """A resource whose URN is its name."""
    return Recorded(
        urn=name,
        type=type_,
        name=name,
        parent=inside,
        custom=not type_.startswith("platform:"),
        inputs=inputs,
        secrets=frozenset(),
        provider="",
        protect=False,
        retain_on_delete=False,
        delete_before_replace=False,
        ignore_changes=(),
        replace_on_changes=(),
        additional_secret_outputs=(),
        depends_on=frozenset(needs),
        aliases=(),
        custom_timeouts={},
    )


def component(
    name: str, type_: str = "platform:test:Part", *, inside: str = "", needs: tuple[str, ...] = ()
) -> Recorded:
    return resource(type_, name, inside=inside, needs=needs)


def recording(*resources: Recorded) -> Recording:
    return Recording(resources=list(resources))


def price(usd: str, unit: str = "month") -> Price:
    return Price(f"{usd} a {unit}", Decimal(usd), unit, "eu-central-1", SOURCE, "https://example.com", "")


def table(prices: Mapping[str, Price]) -> PriceTable:
    """With a month of 100 hours."""
    return PriceTable("eu-central-1", 100, prices, by_use=[], free={}, used={})
