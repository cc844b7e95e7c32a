"""Boxes stand below what they need and on nobody, within the picture."""

from __future__ import annotations

from itertools import combinations

import pytest

from overview.graph import graph
from overview.layout import PER_ROW, arrange, box_widths, rows
from overview.lettering import text_width, wrapped
from recorder import Recording

DIAMOND = {"base": [], "left": ["base"], "right": ["base"], "top": ["left", "right"], "short": ["base"]}


def test_what_is_needed_stands_above() -> None:
    in_rows = rows(DIAMOND)
    row_of = {name: index for index, row in enumerate(in_rows) for name in row}

    assert all(row_of[other] < row_of[name] for name, others in DIAMOND.items() for other in others)


def test_a_box_stands_just_above_what_needs_it() -> None:
    assert rows({"a": [], "b": ["a"], "c": ["b"], "late": [], "d": ["c", "late"]})[-2] == ["c", "late"]


def test_a_row_is_no_longer_than_can_be_read() -> None:
    many = {f"part-{index}": list[str]() for index in range(9)}

    assert [len(row) for row in rows(many)] == [1, PER_ROW, PER_ROW]


def test_a_circle_is_refused() -> None:
    with pytest.raises(ValueError, match="a circle"):
        rows({"hen": ["egg"], "egg": ["hen"]})


def test_nothing_stands_on_something_else_nor_outside(recorded: Recording) -> None:
    needs = graph(recorded).needs
    in_rows = rows(needs)
    widths = box_widths(in_rows, needs, 900, 400)
    layout = arrange(in_rows, needs, {name: (widths[name], 80.0) for name in needs}, 900)

    assert set(layout.boxes) == set(needs)
    for box in layout.boxes.values():
        assert box.x >= 0
        assert box.x + box.width <= 900
        assert box.y + box.height <= layout.height
        assert box.width > 150
    for one, other in combinations(layout.boxes.values(), 2):
        apart_x = one.x + one.width <= other.x or other.x + other.width <= one.x
        apart_y = one.y + one.height <= other.y or other.y + other.height <= one.y
        assert apart_x or apart_y


def test_arrows_go_down_and_pass_between_boxes(recorded: Recording) -> None:
    needs = graph(recorded).needs
    in_rows = rows(needs)
    widths = box_widths(in_rows, needs, 900, 400)
    layout = arrange(in_rows, needs, {name: (widths[name], 80.0) for name in needs}, 900)

    assert {(arrow.start, arrow.end) for arrow in layout.arrows} == {
        (other, name) for name, others in needs.items() for other in others
    }
    for arrow in layout.arrows:
        heights = [y for _, y in arrow.points]
        assert heights == sorted(heights)
        for x, y in arrow.points[2:-1]:
            assert not any(
                box.x < x < box.x + box.width and box.y < y < box.y + box.height for box in layout.boxes.values()
            )


def test_text_is_broken_between_pieces_and_then_between_words() -> None:
    assert wrapped(["one", "two", "three"], " · ", text_width("one · two", 12), 12) == ["one · two", "three"]
    assert wrapped(["a long piece"], " · ", text_width("a long", 12), 12) == ["a long", "piece"]
