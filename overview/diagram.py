"""Draws a stack's components as an SVG: boxes, and arrows to what is built after them.

Boxes bring their own background, and arrows are of a grey that can be seen on white and on black.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from overview.facts import facts
from overview.graph import Component, Graph
from overview.layout import Arrow, Box, arrange, box_widths, rows
from overview.lettering import text_width, wrapped

WIDTH = 900.0
_WIDEST = 400.0
"""A box, however much room its row has."""
_PADDING = 10.0
_TITLE, _BODY, _SMALL = 14.0, 12.0, 11.0
_LINE, _CHIP = 17.0, 22.0
_AWS, _KUBERNETES, _GREY = "#b45309", "#1d4ed8", "#7d8590"
_FONTS = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Helvetica, Arial, sans-serif"
_LEGEND = 30.0


@dataclass(frozen=True, slots=True)
class _Content:
    """What stands in a box, in lines that fit."""

    component: Component
    words: Sequence[str]
    chips: Sequence[Sequence[str]]
    height: float


def draw(stack: str, graph: Graph) -> str:
    """The picture, the same each time for the same graph."""
    in_rows = rows(graph.needs)
    widths = box_widths(in_rows, graph.needs, WIDTH, _WIDEST)
    contents = {name: _content(component, widths[name]) for name, component in graph.components.items()}
    sizes = {name: (widths[name], content.height) for name, content in contents.items()}
    layout = arrange(in_rows, graph.needs, sizes, WIDTH)
    height = layout.height + _LEGEND
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_number(WIDTH)} {_number(height)}" '
        f'width="{_number(WIDTH)}" height="{_number(height)}" role="img" font-family="{_FONTS}">',
        f"<title>The platform as stack {escape(stack)} builds it</title>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0 L8 4 L0 8 z" fill="{_GREY}"/></marker></defs>',
        *(_arrow(arrow) for arrow in layout.arrows),
    ]
    for name, content in sorted(contents.items()):
        lines.extend(_box(content, layout.boxes[name]))
    lines.extend(_legend(layout.height))
    return "\n".join([*lines, "</svg>"]) + "\n"


def _content(component: Component, width: float) -> _Content:
    inner = width - 2 * _PADDING
    words = wrapped(facts(component.resources), " · ", inner, _BODY)
    chips = _chips([_chip(part, component.name) for part in component.parts], inner)
    height = 2 * _PADDING + _TITLE + 2 + _LINE * len(words) + _CHIP * len(chips) + (4 if chips else 0)
    return _Content(component, words, chips, height)


def _chip(part: Component, around: str) -> str:
    name = part.name.removeprefix(f"{around}-")
    inner = "".join(f" > {deeper.kind}" for deeper in _deeper(part))
    return f"{name}: {part.kind}{inner}"


def _deeper(part: Component) -> Iterator[Component]:
    for inner in part.parts:
        yield inner
        yield from _deeper(inner)


def _chips(texts: Sequence[str], width: float) -> list[list[str]]:
    """In lines of the given width, each with a frame around it; one that is too long has a line of its own."""
    lines: list[list[str]] = []
    left = 0.0
    for text in texts:
        needed = min(_chip_width(text), width)
        if not lines or needed > left:
            lines.append([])
            left = width
        lines[-1].append(text)
        left -= needed + 6
    return lines


def _chip_width(text: str) -> float:
    return text_width(text, _SMALL) + 12


def _box(content: _Content, box: Box) -> Iterator[str]:
    component = content.component
    color = _KUBERNETES if component.in_kubernetes else _AWS
    yield f'<g data-component="{escape(component.name)}">'
    yield f"<title>{escape(component.name)} ({escape(component.type)})</title>"
    yield _rectangle(box, 'rx="6" fill="#f6f8fa" stroke="#afb8c1"')
    yield _rectangle(Box(box.x, box.y, 5, box.height), f'rx="2" fill="{color}"')
    x, y = box.x + _PADDING + 2, box.y + _PADDING + _TITLE - 2
    yield _text(x, y, component.name, _TITLE, 'fill="#1f2328" font-weight="600"')
    kind = component.kind
    if text_width(component.name, _TITLE) * 1.1 + text_width(kind, _SMALL) + 8 <= box.width - 2 * _PADDING:
        yield _text(box.x + box.width - _PADDING, y, kind, _SMALL, 'fill="#656d76" text-anchor="end"')
    for line in content.words:
        y += _LINE
        yield _text(x, y, line, _BODY, 'fill="#1f2328"')
    y += 8
    parts = {_chip(part, component.name): part for part in component.parts}
    for line in content.chips:
        left = x - 2
        for text in line:
            yield from _part(parts[text], text, Box(left, y, min(_chip_width(text), box.width - 2 * _PADDING), 18))
            left += _chip_width(text) + 6
        y += _CHIP
    yield "</g>"


def _part(part: Component, text: str, box: Box) -> Iterator[str]:
    yield f'<g data-component="{escape(part.name)}">'
    names = " > ".join(f"{one.name} ({one.type})" for one in (part, *_deeper(part)))
    yield f"<title>{escape(names)}</title>"
    yield _rectangle(box, 'rx="4" fill="#ffffff" stroke="#d0d7de"')
    size = min(_SMALL, _SMALL * (box.width - 12) / text_width(text, _SMALL))
    yield _text(box.x + 6, box.y + 13, text, size, 'fill="#424a53"')
    yield "</g>"


def _arrow(arrow: Arrow) -> str:
    (x, y), *others = arrow.points
    path = f"M{_number(x)} {_number(y)}"
    for index, (to_x, to_y) in enumerate(others):
        if index % 2 == 0:
            path += f" L{_number(to_x)} {_number(to_y)}"
        else:
            middle = _number((y + to_y) / 2)
            path += f" C{_number(x)} {middle} {_number(to_x)} {middle} {_number(to_x)} {_number(to_y)}"
        x, y = to_x, to_y
    return (
        f'<path data-from="{escape(arrow.start)}" data-to="{escape(arrow.end)}" d="{path}" fill="none" '
        f'stroke="{_GREY}" stroke-width="1.5" marker-end="url(#head)"/>'
    )


def _legend(y: float) -> Iterator[str]:
    x = 12.0
    texts: Mapping[str, str] = {"in AWS": _AWS, "in Kubernetes": _KUBERNETES}
    for text, color in texts.items():
        yield _rectangle(Box(x, y + 2, 5, 16), f'rx="2" fill="{color}"')
        yield _text(x + 11, y + 15, text, _BODY, f'fill="{_GREY}"')
        x += text_width(text, _BODY) + 30
    yield _text(x, y + 15, "An arrow leads to what is built after, and deleted before.", _BODY, f'fill="{_GREY}"')


def _rectangle(box: Box, style: str) -> str:
    return (
        f'<rect x="{_number(box.x)}" y="{_number(box.y)}" width="{_number(box.width)}" '
        f'height="{_number(box.height)}" {style}/>'
    )


def _text(x: float, y: float, text: str, size: float, style: str) -> str:
    return f'<text x="{_number(x)}" y="{_number(y)}" font-size="{_number(size)}" {style}>{escape(text)}</text>'


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
