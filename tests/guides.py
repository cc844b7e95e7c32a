"""What the guides tell users to type, word for word."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
AWS = REPOSITORY / "docs" / "aws.md"


def block(mark: str, document: Path = AWS) -> str:
    """The code below ``<!-- mark -->``, such as ``executed: state``. Raises LookupError when there is none."""
    found = re.search(
        rf"<!-- {re.escape(mark)} -->\n```\w*\n(.*?)^```$", document.read_text(), re.DOTALL | re.MULTILINE
    )
    if found is None:
        raise LookupError(f"{document.name} has no code below <!-- {mark} -->")
    return found[1]
