"""A plot of lines on logarithmic axes, as SVG: on them, the slope of a line is the exponent of its growth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 190, 40, 60
_COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df")


def plot(title: str, x_label: str, y_label: str, lines: Mapping[str, Mapping[int, float]]) -> str:
    """``lines``: label to size to value, all above 0."""
    sizes = [size for points in lines.values() for size in points]
    values = [value for points in lines.values() for value in points.values()]
    x = _Axis(min(sizes), max(sizes), _LEFT, _WIDTH - _RIGHT)
    y = _Axis(min(values), max(values), _HEIGHT - _BOTTOM, _TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        _text(_LEFT, 22, title, size=15),
        _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 16, x_label, anchor="middle"),
        _text(16, _HEIGHT / 2, y_label, anchor="middle", turn=-90),
    ]
    for size in sorted(set(sizes)):
        at = x.place(size)
        parts.append(_line([(at, _TOP), (at, _HEIGHT - _BOTTOM)], "#d0d7de", 1))
        parts.append(_text(at, _HEIGHT - _BOTTOM + 18, str(size), anchor="middle"))
    for tick in y.ticks:
        at = y.place(tick)
        parts.append(_line([(_LEFT, at), (_WIDTH - _RIGHT, at)], "#d0d7de", 1))
        parts.append(_text(_LEFT - 8, at + 4, f"{tick:g}", anchor="end"))
    for index, (label, points) in enumerate(lines.items()):
        colour = _COLOURS[index % len(_COLOURS)]
        places = [(x.place(size), y.place(value)) for size, value in points.items()]
        parts.append(_line(places, colour, 2))
        parts += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3.5" fill="{colour}"/>' for px, py in places]
        key = _TOP + 12 + 20 * index
        parts.append(_line([(_WIDTH - _RIGHT + 14, key), (_WIDTH - _RIGHT + 34, key)], colour, 3))
        parts.append(_text(_WIDTH - _RIGHT + 40, key + 4, label, size=11))
    return "\n".join([*parts, "</svg>", ""])


class _Axis:
    """A logarithmic axis from one pixel to another."""

    def __init__(self, low: float, high: float, begin: float, end: float) -> None:
        self._low, self._high = math.log(low), math.log(max(high, low * 1.01))
        self._begin, self._end = begin, end

    def place(self, value: float) -> float:
        share = (math.log(value) - self._low) / (self._high - self._low)
        return self._begin + share * (self._end - self._begin)

    @property
    def ticks(self) -> list[float]:
        """1, 2 and 5 of each power of ten in the range."""
        powers = range(math.floor(self._low / math.log(10)), math.ceil(self._high / math.log(10)) + 1)
        ticks = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
        return [tick for tick in ticks if self._low <= math.log(tick) <= self._high]


def _line(points: list[tuple[float, float]], colour: str, width: int) -> str:
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12, turn: int = 0) -> str:
    turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="#1f2328"{turned}>'
        f"{escape(text)}</text>"
    )
