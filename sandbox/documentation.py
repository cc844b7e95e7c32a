"""``python -m sandbox.documentation``: brings the generated parts of docs/ up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from sandbox import creation_times
from sandbox.checkers import table
from sandbox.durations import exact
from sandbox.generated import filled
from sandbox.quotas import QUOTAS, SERVICES

DOCS = Path(__file__).parents[1] / "docs"


def documents() -> list[Path]:
    """Those with a generated part."""
    return [DOCS / name for name in _PARTS]


def up_to_date(document: Path) -> str:
    """The text of ``document`` as it must be. Raises ValueError when it has no place for a generated part."""
    text = document.read_text()
    for name, lines in _PARTS[str(document.relative_to(DOCS))].items():
        text = filled(text, name, lines())
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
    yield "| Service | Quota | Code | Default | Error |"
    yield "|---|---|---|---|---|"
    for quota in QUOTAS:
        yield f"| {SERVICES[quota.service]} | {quota.name} | `{quota.code}` | {quota.default} | `{quota.error}` |"


def _decisions() -> Iterator[str]:
    for page in sorted((DOCS / "adr").glob("[0-9]*.md")):
        title = page.read_text().partition("\n")[0].removeprefix("# ")
        yield f"- [{title}]({page.name})"


_PARTS: Mapping[str, Mapping[str, Callable[[], Iterator[str]]]] = {
    "sandbox.md": {"types": _types},
    "conditions.md": {"durations": _durations, "quotas": _quotas},
    "adr/README.md": {"decisions": _decisions},
}


if __name__ == "__main__":
    for document in documents():
        document.write_text(up_to_date(document))
