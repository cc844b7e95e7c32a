"""Ranges that both the settings and the components hold numbers against, so that each is written once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Range:
    """Whole numbers from ``low`` to ``high``, both allowed."""

    low: int
    high: int

    def check(self, name: str, value: int) -> None:
        """Raise ValueError when ``value`` is outside."""
        if not self.low <= value <= self.high:
            raise ValueError(f"{name} is {value}; allowed are {self.low} to {self.high}")


RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180),
    *(365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""The days that CloudWatch Logs can keep events for."""


def check_retention_days(name: str, value: int) -> None:
    """Raise ValueError when CloudWatch Logs does not know this retention."""
    if value not in RETENTION_DAYS:
        nearest = min(RETENTION_DAYS, key=lambda days: abs(days - value))
        raise ValueError(f"{name} is {value}; CloudWatch Logs knows {RETENTION_DAYS}; the nearest is {nearest}")
