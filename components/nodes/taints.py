"""Taints, in kubectl's notation. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from components.refusals import Refusal


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


TAINT = f"key=value:Effect or key:Effect, with the effects {', '.join(TaintEffect)}"


@dataclass(frozen=True, slots=True)
class Taint:
    """A taint of a node."""

    key: str
    value: str
    """May be empty."""
    effect: TaintEffect

    @classmethod
    def parse(cls, text: str) -> Taint:
        """Read ``key=value:Effect`` or ``key:Effect``. Raises Refusal with what is allowed."""
        match = _NOTATION.fullmatch(text)
        if match is None:
            raise Refusal(f"{text!r} is no taint", allowed=TAINT, fix="write one such as gpu=nvidia:NoSchedule")
        return cls(match["key"], match["value"] or "", TaintEffect(match["effect"]))


def check_taints(taints: Sequence[Taint]) -> None:
    """Raise Refusal when a key has an effect twice, which Kubernetes refuses."""
    seen: set[tuple[str, TaintEffect]] = set()
    for taint in taints:
        if (taint.key, taint.effect) in seen:
            raise Refusal(
                f"{taint.key} has the effect {taint.effect} twice",
                allowed="a key with an effect once",
                fix="leave one of them out",
            )
        seen.add((taint.key, taint.effect))
