"""Draws the platform and counts what it costs, for docs/ and the README."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from overview import diagram, prices
from overview.costs import Costs, NodeGroupCosts, costs
from overview.graph import graph
from overview.prices import ByUse, Price, PriceTable, Source
from recorder import Recording, record_stack
from sandbox.generated import filled

REPOSITORY = Path(__file__).parents[1]
DOCS, README = REPOSITORY / "docs", REPOSITORY / "README.md"
STACKS = ("dev", "prod")

_HEAD = """\
# What it costs

What dev and prod cost a month as their files are committed, in USD without tax: counted from the resources that the
program registers ([overview](../overview)), by the table of prices in [prices.yaml](../overview/prices.yaml). Generated
by `make docs`; what the table has no price of is named, and the sum is then the least. Change a stack's file, and see
here what that costs.

On demand, all month long: no reserved instances, no savings plans, no free tier. Each node group is counted at the size
that it begins with, and as its first instance type. Spot nodes are counted at the price on demand, which is the most
that they can cost.
"""


def documents(recordings: Mapping[str, Recording] | None = None) -> dict[Path, str]:
    """What must be in which file. ``recordings`` are those of both stacks, where there are some already."""
    table = prices.load()
    recorded = recordings or {stack: record_stack(REPOSITORY, stack) for stack in STACKS}
    counted = {stack: costs(recorded[stack], table) for stack in STACKS}
    return {
        **{DOCS / f"platform-{stack}.svg": diagram.draw(stack, graph(recorded[stack])) for stack in STACKS},
        DOCS / "costs.md": "\n".join([_HEAD, *_tables(counted, table)]) + "\n",
        README: filled(README.read_text(), "costs", _summary(counted, table)),
    }


def _summary(counted: Mapping[str, Costs], table: PriceTable) -> Iterator[str]:
    yield f"| Part | {' | '.join(counted)} |"
    yield f"|---|{'---:|' * len(counted)}"
    modules = sorted({line.module for one in counted.values() for line in one.lines})
    sums = {
        module: [sum((line.usd for line in one.lines if line.module == module), Decimal(0)) for one in counted.values()]
        for module in modules
    }
    for module, each in sorted(sums.items(), key=lambda row: (-max(row[1]), row[0])):
        yield f"| `{module}` | {' | '.join(_cents(usd) for usd in each)} |"
    yield f"| **USD a month** | {' | '.join(f'**{_sum(one)}**' for one in counted.values())} |"
    yield f"| with all node groups at their maximum | {' | '.join(_sum(one, 2) for one in counted.values())} |"
    yield ""
    oldest, newest = table.dates()
    yield f"On demand in {table.region}, at prices of {oldest} to {newest}."


def _tables(counted: Mapping[str, Costs], table: PriceTable) -> Iterator[str]:
    for stack, one in counted.items():
        yield f"## {stack}: {_sum(one)} USD a month"
        yield ""
        if one.missing:
            yield "What has no price, or another one:"
            yield ""
            yield from (f"- {what}." for what in one.missing)
            yield ""
        yield "| Component | What | Quantity | USD | USD a month |"
        yield "|---|---|---:|---:|---:|"
        for line in one.lines:
            unit = f"{_usd(line.price.usd)} / {line.price.unit}"
            yield f"| `{line.component}` | {line.price.item} | {line.quantity} | {unit} | {_cents(line.usd)} |"
        yield f"| | **Sum** | | | **{_sum(one)}** |"
        yield ""
        yield from _node_groups(one)
    yield "## What is not counted"
    yield ""
    yield "It depends on use. What the sums take for it:"
    yield ""
    yield "| What | USD | Assumed | Read |"
    yield "|---|---|---|---|"
    yield from (_by_use(row) for row in table.by_use)
    yield ""
    yield "Nor are support plans, taxes, the Pulumi state's bucket and what is not of these stacks."
    yield ""
    yield "## Prices"
    yield ""
    yield f"Of {table.region} where no other region stands; an hour is one of {table.hours} in a month."
    yield ""
    yield "| What | USD | Region | Of | Read | Compare |"
    yield "|---|---|---|---|---|---|"
    yield from (_price(row) for row in table.prices.values())
    yield ""
    yield "## Types that cost nothing by themselves"
    yield ""
    yield "| Type | Why |"
    yield "|---|---|"
    yield from (f"| `{type_}` | {why} |" for type_, why in sorted(table.free.items()))
    yield from (f"| `{type_}` | by use: {what} |" for type_, what in sorted(table.used.items()))


def _node_groups(one: Costs) -> Iterator[str]:
    yield "Nodes with their volumes and metrics, at the sizes that a group may have:"
    yield ""
    yield "| Node group | Nodes | At its minimum | To begin with | At its maximum |"
    yield "|---|---|---:|---:|---:|"
    yield from (_node_group(group) for group in one.node_groups)
    yield f"| The whole stack | | {' | '.join(f'**{_sum(one, size)}**' for size in range(3))} |"
    yield ""


def _sum(one: Costs, size: int = 1) -> str:
    """With all node groups at their minimum (0), as they begin (1), or at their maximum (2)."""
    return f"{'at least ' if one.missing else ''}{_cents(one.at(size))}"


def _node_group(group: NodeGroupCosts) -> str:
    kind = f"{group.instance_type}{', spot' if group.spot else ''}"
    sizes = " | ".join(f"{size}: {_cents(usd)}" for size, usd in zip(group.sizes, group.usd, strict=True))
    return f"| `{group.name}` | {kind} | {sizes} |"


def _by_use(row: ByUse) -> str:
    price = f"{_usd(row.usd)} / {row.unit}" if row.usd is not None else ""
    read = f"{_source(row.source)}, {row.source.date}" if row.source else ""
    return f"| {row.item} | {price} | {row.assumed} | {read} |"


def _price(row: Price) -> str:
    read = f"{_source(row.source)}{f'; {row.also}' if row.also else ''}"
    return (
        f"| {row.item} | {_usd(row.usd)} / {row.unit} | {row.region} | {row.source.date} | {read} | [AWS]({row.page}) |"
    )


def _source(source: Source) -> str:
    return f"[{source.what}]({source.url})" if source.url else source.what


def _usd(usd: Decimal) -> str:
    """With all its digits, and two at least."""
    return str(usd.quantize(Decimal("0.01")) if usd == round(usd, 2) else usd)


def _cents(usd: Decimal) -> str:
    return f"{usd:,.2f}"
