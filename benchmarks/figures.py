"""From repeated measurements to the figures of the report."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """Repeated measurements of one thing, in seconds or bytes."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Sequence[float]) -> Figure:
        """Raises ValueError when there is nothing to summarise."""
        if not values:
            raise ValueError("no measurements")
        return cls(tuple(values))

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def low(self) -> float:
        return min(self.values)

    @property
    def high(self) -> float:
        return max(self.values)

    def __str__(self) -> str:
        """``5.1 s (4.9 to 5.6)``."""
        return f"{self.median:.1f} s ({self.low:.1f} to {self.high:.1f})"


def exponent(points: Mapping[int, float]) -> float:
    """The exponent k of the power law ``y = c * x ** k`` that fits best: 1 is linear growth, 2 quadratic.

    Raises ValueError for fewer than two sizes.
    """
    if len(points) < 2:
        raise ValueError(f"an exponent needs two sizes or more, not {len(points)}")
    x = [math.log(size) for size in points]
    y = [math.log(value) for value in points.values()]
    return statistics.linear_regression(x, y).slope


def marginal(points: Mapping[int, float]) -> dict[int, float]:
    """``points`` less the share that does not depend on the size, taken from a straight line through the first two.

    What an engine takes to start hides how its work grows: a constant of seconds makes any growth look flat.
    """
    (first, second), (low, high) = list(points)[:2], list(points.values())[:2]
    fixed = max(0.0, low - first * (high - low) / (second - first))
    return {size: max(value - fixed, 1e-9) for size, value in points.items()}
