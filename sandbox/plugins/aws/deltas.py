"""What is to be added and what is to be removed, for operations that take no whole lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sandbox.plugins.aws.context import merge


def delta(add: str, remove: str, old: Any, new: Any) -> dict[str, Any]:
    """The parameters that turn the list or map ``old`` into ``new``; dotted members are nested."""
    if isinstance(old, Mapping) or isinstance(new, Mapping):
        before = dict(cast("Mapping[str, Any]", old or {}))
        after = dict(cast("Mapping[str, Any]", new or {}))
        added: Any = {key: value for key, value in after.items() if before.get(key) != value}
        removed: Any = [key for key in before if key not in after]
    else:
        added = [item for item in new if item not in old]
        removed = [item for item in old if item not in new]
    result: dict[str, Any] = {}
    for path, value in ((add, added), (remove, removed)):
        if value:
            head, _, rest = path.partition(".")
            result = merge(result, {head: {rest: value} if rest else value})
    return result
