"""Taints, in kubectl's notation. Pure functions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class TaintEffect(StrEnum):
    """What a taint does to pods that do not tolerate it."""

    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"

    @property
    def in_eks(self) -> str:
        """EKS's own word for it."""
        return self.name


_NOTATION = re.compile(
    r"(?P<key>(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)"
    r"(?:=(?P<value>(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?))?"
    r":(?P<effect>NoSchedule|PreferNoSchedule|NoExecute)"
)


@dataclass(frozen=True, slots=True)
class Taint:
    """A taint of a node."""

    key: str
    value: str
    """May be empty."""
    effect: TaintEffect

    @classmethod
    def parse(cls, text: str) -> Taint:
        """Read ``key=value:Effect`` or ``key:Effect``. Raises ValueError with what is allowed."""
        match = _NOTATION.fullmatch(text)
        if match is None:
            effects = ", ".join(TaintEffect)
            raise ValueError(
                f"{text!r} is no taint; write key=value:Effect, such as gpu=nvidia:NoSchedule; effects are {effects}"
            )
        return cls(match["key"], match["value"] or "", TaintEffect(match["effect"]))
