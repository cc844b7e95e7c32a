"""``python -m sandbox.documentation``: brings the generated parts of docs/sandbox.md up to date."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sandbox import creation_times
from sandbox.checkers import table
from sandbox.durations import exact
from sandbox.quotas import QUOTAS

DOCUMENT = Path(__file__).parents[1] / "docs" / "sandbox.md"
_BEGIN, _END = "<!-- generated: {name} -->\n", "<!-- end of generated -->\n"


def with_tables(text: str) -> str:
    """``text`` with the generated tables as they must be. Raises ValueError when it has no place for one."""
    for name, lines in (("types", _types()), ("durations", _durations()), ("quotas", _quotas())):
        mark = _BEGIN.format(name=name)
        head, begin, rest = text.partition(mark)
        _, end, tail = rest.partition(_END)
        if not begin or not end:
            raise ValueError(f"{DOCUMENT.name} has no {mark.strip()} ... {_END.strip()}")
        text = "".join((head, begin, *(f"{line}\n" for line in lines), end, tail))
    return text


def _types() -> Iterator[str]:
    yield "| Type | Who checks it |"
    yield "|---|---|"
    for token, checker in table():
        yield f"| `{token}` | {checker} |"
    aws = [checker for token, checker in table() if token.startswith("aws:")]
    yield ""
    moto = aws.count("moto")
    yield f"Of {len(aws)} AWS types, moto answers for {moto} ({100 * moto / len(aws):.0f} %)."


def _durations() -> Iterator[str]:
    yield "| Type | Created in | Changed in | Deleted in | Source |"
    yield "|---|---|---|---|---|"
    for what, row in creation_times.rows():
        times = " | ".join(exact(each) for each in (row.create, row.change, row.delete))
        yield f"| {what} | {times} | {row.source} |"


def _quotas() -> Iterator[str]:
    yield "| Quota | Code | Default | Error |"
    yield "|---|---|---|---|"
    for quota in QUOTAS:
        yield f"| {quota.name} | `{quota.code}` | {quota.default} | `{quota.error}` |"


if __name__ == "__main__":
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text()))
