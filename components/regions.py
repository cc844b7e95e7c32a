"""The regions of AWS, by name.

``regions.txt`` beside this module has them. It is generated (`make docs`) from the end points that botocore knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from components.refusals import Refusal, nearest

TABLE = Path(__file__).with_name("regions.txt")
REGION = "a region of AWS such as eu-central-1"


@cache
def regions() -> Sequence[str]:
    """All regions, read when first asked for."""
    return tuple(line for line in TABLE.read_text().split("\n") if line and not line.startswith("#"))


def check_region(name: str) -> None:
    """Raise Refusal when AWS has no such region, with the one that was probably meant."""
    if name not in regions():
        close = nearest(name, regions())
        raise Refusal(f"{name!r} does not exist", allowed=REGION, fix=f"write {close}" if close else "correct the name")
