"""The picture and the costs are those of the stack files as they are."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

import pytest

from overview import documentation
from recorder import Recording
from sandbox.generated import filled
from tests.stacks.stack_files import bring_up, configuration


def test_what_is_generated_is_up_to_date(recordings: Mapping[str, Recording]) -> None:
    stale = [path.name for path, text in documentation.documents(recordings).items() if path.read_text() != text]

    assert stale == [], "run `make docs`"


def test_another_size_of_a_database_is_another_sum(recordings: Mapping[str, Recording]) -> None:
    config = deepcopy(configuration("dev"))
    config["platform:database"]["storageGib"] = 30
    changed = documentation.documents({**recordings, "dev": bring_up("dev", config)})

    assert changed[documentation.DOCS / "costs.md"] != (documentation.DOCS / "costs.md").read_text()
    assert changed[documentation.DOCS / "platform-dev.svg"] != (documentation.DOCS / "platform-dev.svg").read_text()
    prod = documentation.DOCS / "platform-prod.svg"
    assert changed[prod] == prod.read_text()


def test_a_sum_that_misses_a_price_says_so_wherever_it_stands(recordings: Mapping[str, Recording]) -> None:
    config = deepcopy(configuration("dev"))
    config["platform:database"]["instanceClass"] = "db.m8g.48xlarge"
    changed = documentation.documents({**recordings, "dev": bring_up("dev", config)})
    table, readme = changed[documentation.DOCS / "costs.md"], changed[documentation.README]

    assert "## dev: at least 241.40 USD a month" in table
    assert "- database-writer: there is no price of `rds postgres db.m8g.48xlarge`; look it up, " in table
    assert "| **USD a month** | **at least 241.40**" in readme
    assert "at least" not in table.partition("## prod")[2]


def test_the_readme_has_both_stacks_and_says_how_old_the_prices_are(recordings: Mapping[str, Recording]) -> None:
    text = documentation.documents(recordings)[documentation.README]

    assert "| Part | dev | prod |" in text
    assert "On demand in eu-central-1, at prices of 20" in text


def test_a_document_without_a_place_for_a_part_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no <!-- generated: costs -->"):
        filled("nothing here", "costs", ["x"])
