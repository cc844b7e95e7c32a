"""``python -m sandbox.documentation``: brings the generated part of docs/sandbox.md up to date."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sandbox.checkers import table

DOCUMENT = Path(__file__).parents[1] / "docs" / "sandbox.md"
_BEGIN, _END = "<!-- generated: types -->\n", "<!-- end of generated -->\n"


def with_types(text: str) -> str:
    """``text`` with the table of types as it must be. Raises ValueError when it has no place for it."""
    head, begin, rest = text.partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{DOCUMENT.name} has no {_BEGIN.strip()} ... {_END.strip()}")
    return "".join((head, begin, *(f"{line}\n" for line in _types()), end, tail))


def _types() -> Iterator[str]:
    yield "| Type | Who checks it |"
    yield "|---|---|"
    for token, checker in table():
        yield f"| `{token}` | {checker} |"
    aws = [checker for token, checker in table() if token.startswith("aws:")]
    yield ""
    moto = aws.count("moto")
    yield f"Of {len(aws)} AWS types, moto answers for {moto} ({100 * moto / len(aws):.0f} %)."


if __name__ == "__main__":
    DOCUMENT.write_text(with_types(DOCUMENT.read_text()))
