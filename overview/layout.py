"""Where boxes and arrows go: rows of boxes, each below all that it needs.

Rows are filled from the last one up, so that a box stands just above what needs it. An arrow that crosses rows passes
between their boxes: in each of them it has a place, like a very narrow box.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

PER_ROW = 4
"""Boxes beside each other: more can't be read at the width of a README."""
_LANE = 14.0
"""Width of an arrow's place in a row."""
_ROUNDS = 12
"""Of ordering and straightening; the picture no longer changes after about six."""

Needs = Mapping[str, Sequence[str]]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its left upper corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Arrow:
    """From what is needed to what needs it, over the points in between."""

    start: str
    end: str
    points: Sequence[Point]
    """The box's edge, and then by turns where it leaves a row and where it enters the next one."""


@dataclass(frozen=True, slots=True)
class Layout:
    """All places."""

    boxes: Mapping[str, Box]
    arrows: Sequence[Arrow]
    height: float


@dataclass(frozen=True, slots=True)
class Gaps:
    """Space around and between, in pixels."""

    margin: float = 12.0
    beside: float = 20.0
    below: float = 40.0


@dataclass(slots=True)
class _Place:
    """A box in its row, or an arrow that passes through it."""

    name: str
    width: float
    height: float
    above: list[_Place]
    below: list[_Place]
    center: float = 0.0
    top: float = 0.0

    @property
    def is_box(self) -> bool:
        return self.height > 0


def rows(needs: Needs) -> list[list[str]]:
    """Names in rows of ``PER_ROW`` at most, what is needed above what needs it. Raises ValueError for a circle."""
    depth = _depths(needs)
    needed_by = {name: {other for other, its in needs.items() if name in its} for name in needs}
    found: list[list[str]] = []
    placed: set[str] = set()
    while len(placed) < len(needs):
        ready = [name for name in needs if name not in placed and needed_by[name] <= placed]
        # The deepest first: it has the most rows to come above it.
        row = sorted(sorted(ready, key=lambda name: (-depth[name], name))[:PER_ROW])
        found.insert(0, row)
        placed.update(row)
    return found


def box_widths(in_rows: Sequence[Sequence[str]], needs: Needs, width: float, widest: float) -> dict[str, float]:
    """The width of each box: as wide as its row allows, with the arrows that pass through it."""
    gaps = Gaps()
    row_of = {name: index for index, row in enumerate(in_rows) for name in row}
    passing = [0 for _ in in_rows]
    for name, others in needs.items():
        for other in others:
            for index in range(row_of[other] + 1, row_of[name]):
                passing[index] += 1
    widths: dict[str, float] = {}
    for row, lanes in zip(in_rows, passing, strict=True):
        room = width - 2 * gaps.margin - gaps.beside * (len(row) + lanes - 1) - _LANE * lanes
        widths.update({name: min(widest, room / len(row)) for name in row})
    return widths


def arrange(
    in_rows: Sequence[Sequence[str]],
    needs: Needs,
    sizes: Mapping[str, tuple[float, float]],
    width: float,
) -> Layout:
    """Places in a picture of ``width``, for boxes of these widths and heights."""
    gaps = Gaps()
    places = _places(in_rows, needs, sizes)
    for turn in range(_ROUNDS):
        for row in places if turn % 2 == 0 else reversed(places):
            row.sort(key=lambda place: (_mean(place, upwards=turn % 2 == 0), place.name))
            _spread(row, [place.center for place in row], gaps, width)
    for turn in range(_ROUNDS):
        for row in places if turn % 2 == 0 else reversed(places):
            _spread(row, [_mean(place, upwards=None) for place in row], gaps, width)
    top = gaps.margin
    for row in places:
        for place in row:
            place.top = top
        top += max(place.height for place in row) + gaps.below
    boxes = {
        place.name: Box(place.center - place.width / 2, place.top, place.width, place.height)
        for row in places
        for place in row
        if place.is_box
    }
    return Layout(boxes, _arrows(places), top - gaps.below + gaps.margin)


def _depths(needs: Needs) -> dict[str, int]:
    depths: dict[str, int] = {}

    def depth(name: str, way: tuple[str, ...]) -> int:
        if name in way:
            raise ValueError(f"a circle: {' needs '.join((*way, name))}")
        if name not in depths:
            depths[name] = 1 + max((depth(other, (*way, name)) for other in needs[name]), default=0)
        return depths[name]

    for name in needs:
        depth(name, ())
    return depths


def _places(
    in_rows: Sequence[Sequence[str]], needs: Needs, sizes: Mapping[str, tuple[float, float]]
) -> list[list[_Place]]:
    places = [[_Place(name, *sizes[name], [], []) for name in row] for row in in_rows]
    row_of = {place.name: index for index, row in enumerate(places) for place in row}
    box = {place.name: place for row in places for place in row}
    for name, others in needs.items():
        for other in others:
            chain = [box[other]]
            for index in range(row_of[other] + 1, row_of[name]):
                chain.append(_Place(f"{other} {name}", _LANE, 0.0, [], []))
                places[index].append(chain[-1])
            for upper, lower in pairwise([*chain, box[name]]):
                upper.below.append(lower)
                lower.above.append(upper)
    return places


def _mean(place: _Place, *, upwards: bool | None) -> float:
    """The mean of what it is joined to above, below, or both; where it is when that is nothing."""
    joined = [] if upwards is False else [*place.above]
    joined += [] if upwards else place.below
    return sum(other.center for other in joined) / len(joined) if joined else place.center


def _spread(row: Sequence[_Place], wanted: Sequence[float], gaps: Gaps, width: float) -> None:
    """Put each as near to where it is wanted as their order, gaps and the margins allow."""
    apart = [(left.width + right.width) / 2 + gaps.beside for left, right in pairwise(row)]
    least, most = gaps.margin + row[0].width / 2, width - gaps.margin - row[-1].width / 2
    forward, backward = [*wanted], [*wanted]
    forward[0], backward[-1] = max(forward[0], least), min(backward[-1], most)
    for index, distance in enumerate(apart):
        forward[index + 1] = max(forward[index + 1], forward[index] + distance)
    for index, distance in reversed(list(enumerate(apart))):
        backward[index] = min(backward[index], backward[index + 1] - distance)
    # Half of what each direction pushes, so that nobody is always the one to give way; then back within the margins.
    centers = [(one + other) / 2 for one, other in zip(forward, backward, strict=True)]
    centers[-1] = min(centers[-1], most)
    for index, distance in reversed(list(enumerate(apart))):
        centers[index] = min(centers[index], centers[index + 1] - distance)
    centers[0] = max(centers[0], least)
    for index, distance in enumerate(apart):
        centers[index + 1] = max(centers[index + 1], centers[index] + distance)
    for place, center in zip(row, centers, strict=True):
        place.center = center


def _arrows(places: Sequence[Sequence[_Place]]) -> list[Arrow]:
    arrows: list[Arrow] = []
    bottoms = [max(place.top + place.height for place in row) for row in places]
    index_of = {id(place): index for index, row in enumerate(places) for place in row}
    for row in places:
        for start in row:
            for first in start.below if start.is_box else ():
                x = _port(start, first, start.below)
                points = [(x, start.top + start.height), (x, bottoms[index_of[id(start)]])]
                last, place = start, first
                while not place.is_box:
                    points += [(place.center, place.top), (place.center, bottoms[index_of[id(place)]])]
                    last, place = place, place.below[0]
                points.append((_port(place, last, place.above), place.top))
                arrows.append(Arrow(start.name, place.name, points))
    return sorted(arrows, key=lambda arrow: (arrow.start, arrow.end))


def _port(box: _Place, other: _Place, joined: Sequence[_Place]) -> float:
    """Where on its edge a box is joined to another, so that its arrows do not cross there."""
    order = sorted(joined, key=lambda place: (place.center, place.name))
    part = min(box.width * 0.8 / len(order), 60.0)
    return box.center + part * (next(i for i, place in enumerate(order) if place is other) - (len(order) - 1) / 2)
