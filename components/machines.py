"""The machines that AWS rents, by name.

``machines.txt`` beside this module has them by family. It is generated (`make docs`) from what AWS's own service model
says, so that a name is known here when the model of the pinned botocore knows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import cache
from pathlib import Path

from components.refusals import Refusal, nearest

TABLE = Path(__file__).with_name("machines.txt")


Families = Mapping[str, Sequence[str]]
"""Sizes by family."""


@cache
def families() -> Families:
    """All instance types of EC2, read when first asked for."""
    lines = (line.split(":") for line in TABLE.read_text().splitlines() if not line.startswith("#"))
    return {family: sizes.split() for family, sizes in lines}


def machines(of: Families) -> Set[str]:
    """Their names."""
    return {f"{family}.{size}" for family, sizes in of.items() for size in sizes}


def check_machine(name: str, *, prefix: str, allowed: str, known: Families) -> None:
    """Raise Refusal when a service has no machine ``name`` among those ``known`` of it, with what to take instead.

    Services put a ``prefix`` such as ``db.`` before EC2's names, and have few of its machines.
    """
    bare = name.removeprefix(prefix)
    family, _, size = bare.partition(".")
    sizes = known.get(family, ())
    if name.startswith(prefix) and size in sizes:
        return
    if size not in sizes and size in families().get(family, ()):
        raise Refusal(
            f"EC2 has a {bare}, but there is no {prefix}{bare}",
            allowed=allowed,
            fix=f"take another size: {', '.join(sizes)}" if sizes else f"take another family: {', '.join(known)}",
        )
    close = nearest(bare, sorted(machines(known)))
    raise Refusal(
        f"{name!r} does not exist", allowed=allowed, fix=f"write {prefix}{close}" if close else "correct the name"
    )
