"""The machines that AWS rents, by name.

``machines.txt`` beside this module has them by family. It is generated (`make docs`) from what AWS's own service model
says, so that a name is known here when the model of the pinned botocore knows it.
"""

from __future__ import annotations

from collections.abc import Set
from functools import cache
from pathlib import Path

from components.refusals import Refusal, nearest

TABLE = Path(__file__).with_name("machines.txt")


@cache
def machines() -> Set[str]:
    """All instance types of EC2, read when first asked for."""
    families = (line.split(":") for line in TABLE.read_text().splitlines() if not line.startswith("#"))
    return frozenset(f"{family}.{size}" for family, sizes in families for size in sizes.split())


def check_machine(name: str, *, prefix: str, allowed: str, beside: Set[str] = frozenset()) -> None:
    """Raise Refusal when AWS has no machine ``name``, with the one that was probably meant.

    Services put a ``prefix`` such as ``db.`` before EC2's names, and have machines ``beside`` them.
    """
    bare = name.removeprefix(prefix)
    if name.startswith(prefix) and (bare in machines() or bare in beside):
        return
    close = nearest(bare, sorted(machines() | beside))
    raise Refusal(
        f"{name!r} does not exist", allowed=allowed, fix=f"write {prefix}{close}" if close else "correct the name"
    )
