"""The picture shows every component with what matters in it, the same each time."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping

import pytest

from overview.diagram import draw
from overview.facts import facts
from overview.graph import graph
from recorder import Recording
from tests.overview.resources import component, recording, resource
from tests.stacks.stack_files import bring_up

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str, tag: str = "text") -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}{tag}")]


def test_every_component_is_in_the_picture(recorded: Recording) -> None:
    titles = "\n".join(texts(draw("dev", graph(recorded)), "title"))
    components = [one for one in recorded.resources if one.type.startswith("platform:")]

    assert components
    assert [one.name for one in components if f"{one.name} ({one.type})" not in titles] == []


def test_every_need_is_an_arrow_between_two_boxes(recorded: Recording) -> None:
    found = graph(recorded)
    picture = ET.fromstring(draw("dev", found))
    arrows = {(path.get("data-from"), path.get("data-to")) for path in picture.iter(f"{SVG}path") if path.get("d")}
    boxes = {group.get("data-component") for group in picture.iter(f"{SVG}g")}

    assert arrows - {(None, None)} == {(other, name) for name, others in found.needs.items() for other in others}
    assert set(found.components) <= boxes


def test_two_runs_draw_the_same_picture() -> None:
    assert draw("dev", graph(bring_up("dev"))) == draw("dev", graph(bring_up("dev")))


@pytest.mark.parametrize(
    ("stack", "words"),
    [
        ("dev", ["VPC 10.20.0.0/16", "6 subnets in 2 zones", "1 NAT gateway", "2 to 4 nodes", "1 read replica"]),
        (
            "prod",
            ["VPC 10.40.0.0/16", "9 subnets in 3 zones", "3 NAT gateways", "spot", "with a standby", "2 replicas"],
        ),
    ],
)
def test_the_picture_tells_what_matters(recordings: Mapping[str, Recording], stack: str, words: list[str]) -> None:
    written = " ".join(texts(draw(stack, graph(recordings[stack]))))

    assert [word for word in words if word not in written] == []


def test_names_are_written_as_text_whatever_is_in_them() -> None:
    svg = draw("<dev>", graph(recording(component("a & <b>"), resource("aws:kms/key:Key", "key", inside="a & <b>"))))

    assert "a & <b>" in texts(svg)
    assert "The platform as stack <dev> builds it" in texts(svg, "title")


def test_it_can_be_seen_on_white_and_on_black(recorded: Recording) -> None:
    """Boxes have a background of their own; all else is of a grey that is far from both."""
    picture = ET.fromstring(draw("dev", graph(recorded)))
    on_the_page = [element for element in picture if element.tag in (f"{SVG}text", f"{SVG}path")]

    assert on_the_page
    for element in on_the_page:
        color = element.get("stroke") or element.get("fill") or ""
        red, green, blue = (int(color[index : index + 2], 16) for index in (1, 3, 5))
        assert 0x60 < (red + green + blue) / 3 < 0xA0
    assert all(rectangle.get("fill", "none") != "none" for rectangle in picture.iter(f"{SVG}rect"))


def test_one_of_something_is_not_called_many() -> None:
    key = resource("aws:kms/key:Key", "one")

    assert facts([key]) == ["KMS key"]
    assert facts([key, key]) == ["2 KMS keys"]
