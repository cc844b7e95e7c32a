"""One change on one line, for the comment and for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from review.changes import Change, Operation, PropertyChange

SIGNS = {Operation.CREATE: "+", Operation.UPDATE: "~", Operation.REPLACE: "±", Operation.DELETE: "-"}
PAST = {
    Operation.CREATE: "created",
    Operation.UPDATE: "updated",
    Operation.REPLACE: "replaced",
    Operation.DELETE: "deleted",
}
_SHOWN = 8
"""Properties that are named; of more, the first ones and their number."""


def row(change: Change, *, code: str = "{}", signs: bool = False, properties: bool = True) -> str:
    """``replaced writer (aws:rds/instance:Instance): because of dbName``.

    ``code`` is put around names, ``signs`` stand for the words: in Markdown some of them would be bullets.
    """
    parts = [f"{(SIGNS if signs else PAST)[change.operation]} {code.format(change.name)} ({change.type})"]
    because = [one for one in change.properties if one.replaces]
    if change.operation is Operation.REPLACE and because and properties:
        parts.append(f"because of {_listed(because, code)}")
    elif change.operation is Operation.UPDATE and change.properties and properties:
        parts.append(_listed(change.properties, code))
    if change.retained and change.operation in (Operation.REPLACE, Operation.DELETE):
        parts.append("what there is now stays where it is, and the stack forgets it")
    return ": ".join(parts)


def _listed(properties: Sequence[PropertyChange], code: str) -> str:
    told = ", ".join(_one(properties[:_SHOWN], code))
    return f"{told} and {len(properties) - _SHOWN} more" if len(properties) > _SHOWN else told


def _one(properties: Iterable[PropertyChange], code: str) -> Iterable[str]:
    return (code.format(one.path) + (" (not known yet)" if one.computed else "") for one in properties)
