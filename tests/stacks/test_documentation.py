"""docs/settings.md and the JSON schema say what the models say, and both stack files keep to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from stacks import documentation
from stacks.settings.schema import stack_file_schema
from tests.stacks.stack_files import REPOSITORY, configuration


def described(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from schema["properties"]["config"]["properties"].items()
    for name, definition in schema["$defs"].items():
        for key, member in definition.get("properties", {}).items():
            yield f"{name}.{key}", member


@pytest.mark.parametrize("path", documentation.documents(), ids=lambda path: path.name)
def test_what_is_generated_is_up_to_date(path: Path) -> None:
    assert documentation.documents()[path] == path.read_text(), "run `make docs`"


def test_every_setting_says_what_it_is() -> None:
    missing = [key for key, member in described(stack_file_schema()) if not member.get("description")]

    assert missing == []


def test_every_number_says_its_bounds() -> None:
    unbound = [
        key
        for key, member in described(stack_file_schema())
        if member.get("type") == "integer" and not {"minimum", "enum"} & member.keys()
    ]

    # These three bound each other: their range is no fact of one alone.
    assert unbound == ["NodeGroupSettings.minSize", "NodeGroupSettings.desiredSize", "NodeGroupSettings.maxSize"]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_stack_files_name_the_schema_and_keep_to_it(stack: str) -> None:
    text = (REPOSITORY / f"Pulumi.{stack}.yaml").read_text()

    assert text.startswith("# yaml-language-server: $schema=stacks/stack.schema.json\n")
    jsonschema.validate(yaml.safe_load(text), json.loads(documentation.SCHEMA.read_text()))


@pytest.mark.parametrize(
    ("section", "change"),
    [
        ("platform:network", {"zonse": 2}),
        ("platform:network", {"zones": 4}),
        ("platform:network", {"nat": "Double"}),
        ("platform:aws", {"region": "Frankfurt"}),
        ("platform:netwrok", {}),
        ("platform:registry", {"repositories": []}),
    ],
)
def test_an_editor_shows_a_mistake_while_one_types(section: str, change: dict[str, Any]) -> None:
    config = deepcopy(configuration("dev"))
    config[section] = {**config.get(section, {}), **change}

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"config": config}, json.loads(documentation.SCHEMA.read_text()))


def test_what_others_configure_is_theirs() -> None:
    config = {**configuration("dev"), "aws:region": "eu-central-1", "pulumi:tags": {"owner": "us"}}

    jsonschema.validate({"config": config, "secretsprovider": "awskms://alias/x"}, stack_file_schema())


def test_every_setting_has_a_row() -> None:
    text = documentation.DOCUMENT.read_text()
    schema = stack_file_schema()
    keys = {key.partition(".")[2] for key, _ in described(schema) if "." in key}

    assert [key for key in sorted(keys) if f"{key}` |" not in text] == []
