"""``python -m sandbox.documentation``: brings the generated parts of docs/sandbox.md up to date."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sandbox import durations
from sandbox.plugins.aws.tables import supported
from sandbox.quotas import QUOTAS
from sandbox.stand_ins import names
from sandbox.toolchain.pins import CRD_SETS

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
    yield "| Type | Who answers |"
    yield "|---|---|"
    for token, who in supported():
        yield f"| `{token}` | {who} |"
    yield "| `kubernetes:*`, kinds that Kubernetes has | kube-apiserver |"
    for crds in CRD_SETS:
        module = f"{crds.module} {crds.source.required(crds.module)}"
        yield f"| `kubernetes:*`, kinds of {crds.name} | kube-apiserver, with the CRDs of {module} |"
    yield f"| `kubernetes:helm.sh/v3:Release` | stand-in; known charts and add-ons: {', '.join(names())} |"


def _durations() -> Iterator[str]:
    yield "| Type | Created in | Changed in | Deleted in | Source |"
    yield "|---|---|---|---|---|"
    for what, row in durations.rows():
        times = " | ".join(durations.told(each) for each in (row.create, row.change, row.delete))
        yield f"| {what} | {times} | {row.source} |"


def _quotas() -> Iterator[str]:
    yield "| Quota | Code | Default | Error |"
    yield "|---|---|---|---|"
    for quota in QUOTAS:
        yield f"| {quota.name} | `{quota.code}` | {quota.default} | `{quota.error}` |"


if __name__ == "__main__":
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text()))
