"""``python -m sandbox.documentation``: brings the generated part of docs/sandbox.md up to date."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sandbox.plugins.aws.tables import supported
from sandbox.stand_ins import names
from sandbox.toolchain.pins import CRD_SETS

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
    yield "| Type | Who answers |"
    yield "|---|---|"
    for token, who in supported():
        yield f"| `{token}` | {who} |"
    yield "| `kubernetes:*`, kinds that Kubernetes has | kube-apiserver |"
    for crds in CRD_SETS:
        module = f"{crds.module} {crds.source.required(crds.module)}"
        yield f"| `kubernetes:*`, kinds of {crds.name} | kube-apiserver, with the CRDs of {module} |"
    known = ", ".join(names())
    who = f"the chart, rendered by helm, where it can be had; else a stand-in; known charts and add-ons: {known}"
    yield f"| `kubernetes:helm.sh/v3:Release` | {who} |"


if __name__ == "__main__":
    DOCUMENT.write_text(with_types(DOCUMENT.read_text()))
