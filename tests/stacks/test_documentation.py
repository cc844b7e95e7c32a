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
from stacks.settings.schema import resolved, stack_file_schema
from stacks.settings.section import ALLOWED, UNIT
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

    assert unbound == []


def test_every_number_says_what_it_counts() -> None:
    numbers = [(key, member) for key, member in described(stack_file_schema()) if member.get("type") == "integer"]

    assert numbers
    assert [key for key, member in numbers if UNIT not in member] == []


def leaves(schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What holds no other value, behind lists, mappings, references and alternatives with null."""
    found = dict(resolved(schema, definitions))
    for inside in ("items", "additionalProperties", "propertyNames"):
        if isinstance(found.get(inside), dict):
            yield from leaves(found[inside], definitions)
    if not {"items", "additionalProperties", "properties"} & found.keys():
        yield found


def test_every_text_says_what_is_allowed() -> None:
    schema = stack_file_schema()
    silent = [
        key
        for key, member in described(schema)
        for leaf in leaves(member, schema["$defs"])
        if leaf.get("type") != "integer" and not {"enum", ALLOWED} & leaf.keys()
    ]

    assert silent == []


def test_every_setting_is_required_or_has_a_default() -> None:
    schema = stack_file_schema()
    for name, definition in schema["$defs"].items():
        for key, member in definition.get("properties", {}).items():
            optional = "default" in member or member.get("type") == "object"
            assert optional != (key in definition.get("required", ())), f"{name}.{key}"


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
