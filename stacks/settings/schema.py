"""The JSON schema of the stack files, for completion and for errors while one types."""

from __future__ import annotations

import re
from typing import Any, cast

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
