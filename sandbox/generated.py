"""Parts of a document that a program writes, between marks that the document's author has put there."""

from __future__ import annotations

from collections.abc import Iterable

_BEGIN, _END = "<!-- generated: {name} -->\n", "<!-- end of generated -->\n"


def filled(text: str, name: str, lines: Iterable[str]) -> str:
    """The text with ``lines`` as its part ``name``. Raises ValueError when it has no place for that part."""
    mark = _BEGIN.format(name=name)
    head, begin, rest = text.partition(mark)
    _, end, tail = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"there is no {mark.strip()} ... {_END.strip()}")
    return "".join((head, begin, *(f"{line}\n" for line in lines), end, tail))
