"""The JSON schema of the stack files, for completion and for errors while one types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from stacks.settings.section import ALLOWED, UNIT
from stacks.settings.settings import Settings

Schema = dict[str, Any]

PROJECT = "platform"
_OF_PULUMI = ("secretsprovider", "encryptedkey", "encryptionsalt", "environment")
"""What the engine itself keeps in a stack file, beside the configuration."""


def stack_file_schema() -> Schema:
    """For ``Pulumi.<stack>.yaml`` as a whole: the project's keys strictly, those of others as they like."""
    settings = Settings.model_json_schema()
    definitions = settings.pop("$defs")
    sections = {f"{PROJECT}:{name}": schema for name, schema in settings["properties"].items()}
    known = "|".join(re.escape(name) for name in settings["properties"])
    config: Schema = {
        "type": "object",
        "properties": sections,
        "required": [f"{PROJECT}:{name}" for name in settings["required"]],
        "patternProperties": {f"^{PROJECT}:(?!({known})$)": False},
    }
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A stack of {PROJECT}",
        "description": "Generated from stacks/settings: `make docs` writes it.",
        "type": "object",
        "properties": {"config": config, **{name: {} for name in _OF_PULUMI}},
        "required": ["config"],
        "additionalProperties": False,
        "$defs": definitions,
    }
    return _without_titles(schema)


def resolved(value: Any, definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema behind references, and behind alternatives with null."""
    if not isinstance(value, Mapping):
        return {}
    schema = cast("Mapping[str, Any]", value)
    for alternative in schema.get("anyOf", ()):
        if alternative.get("type") != "null":
            return resolved(alternative, definitions)
    reference = schema.get("$ref")
    return definitions[reference.rpartition("/")[2]] if reference else schema


def allowed(value: Any, definitions: Mapping[str, Any]) -> str:
    """What a schema lets pass, in words."""
    schema = resolved(value, definitions)
    if "properties" in schema:
        return f"a mapping with the keys {', '.join(schema['properties'])}"
    if schema.get("type") == "array":
        together = f"; {schema[ALLOWED]}" if ALLOWED in schema else ""
        return f"list: {allowed(schema['items'], definitions)}{_how_many(schema)}{together}"
    if "enum" in schema:
        return f"{', '.join(str(option) for option in schema['enum'])}{_unit(schema)}"
    if ALLOWED in schema:
        return str(schema[ALLOWED])
    if schema.get("type") == "integer":
        return f"{schema['minimum']} to {schema['maximum']}{_unit(schema)}"
    names = allowed(schema["propertyNames"], definitions)
    return f"mapping: {names}, to {allowed(schema['additionalProperties'], definitions)}{_how_many(schema)}"


def _how_many(schema: Mapping[str, Any]) -> str:
    most = schema.get("maxItems") or schema.get("maxProperties")
    return (", at least one" if schema.get("minItems") else "") + (f", at most {most}" if most else "")


def _unit(schema: Mapping[str, Any]) -> str:
    return f" {schema[UNIT]}" if UNIT in schema else ""


def _without_titles(value: Any, *, names: bool = False) -> Any:
    """``value`` without the titles that pydantic makes of names: editors would show them instead of descriptions."""
    if isinstance(value, list):
        return [_without_titles(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    members = cast("Schema", value)
    return {
        # Below `properties` a title is a setting's name.
        key: _without_titles(member, names=key in ("properties", "$defs"))
        for key, member in members.items()
        if names or key != "title" or "$schema" in members
    }
