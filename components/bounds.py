"""Ranges that both the settings and the components hold numbers against, so that each is written once."""

from __future__ import annotations

from dataclasses import dataclass

from components.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Range:
    """Whole numbers from ``low`` to ``high``, both allowed."""

    low: int
    high: int

    def __str__(self) -> str:
        return f"{self.low} to {self.high}"

    def check(self, name: str, value: int) -> None:
        """Raise Refusal when ``value`` is outside."""
        if not self.low <= value <= self.high:
            raise Refusal(f"{name} is {value}", allowed=str(self), fix=f"take {min(max(value, self.low), self.high)}")


RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180),
    *(365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""The days that CloudWatch Logs can keep events for."""


def check_retention_days(name: str, value: int) -> None:
    """Raise Refusal when CloudWatch Logs does not know this retention."""
    if value not in RETENTION_DAYS:
        raise Refusal(
            f"{name} is {value}, which CloudWatch Logs does not know",
            allowed=", ".join(map(str, RETENTION_DAYS)),
            fix=f"take the nearest, {min(RETENTION_DAYS, key=lambda days: abs(days - value))}",
        )


def check_not_below(name: str, value: int, lower: str, least: int) -> None:
    """Raise Refusal when a maximum, ``name``, is below the minimum ``lower``."""
    if value < least:
        raise Refusal(
            f"{name} is {value}, below {lower}, which is {least}",
            allowed=f"{least} or more",
            fix=f"raise {name} or lower {lower}",
        )
