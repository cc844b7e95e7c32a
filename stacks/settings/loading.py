"""Reads a stack's configuration."""

from __future__ import annotations

import json
from typing import Any

import pulumi
from pulumi.runtime import config as runtime_config
from pydantic import ValidationError

from stacks.settings.encrypted import refusal
from stacks.settings.errors import SettingsError, describe
from stacks.settings.settings import Settings


def load_settings() -> Settings:
    """The stack's settings. Raises SettingsError with all that is wrong."""
    config = pulumi.Config()
    prefix = f"{config.name}:"
    # pulumi.Config answers for keys that one asks for only; a misspelt key must not be passed over.
    keys = {*runtime_config.get_config_env(), *runtime_config.CONFIG.get()}
    values = {key.removeprefix(prefix): _value(config, key, prefix) for key in sorted(keys) if key.startswith(prefix)}
    # First of all, as other messages repeat what they refuse.
    if encrypted := [key for key in values if runtime_config.is_config_secret(f"{prefix}{key}")]:
        raise SettingsError(refusal(encrypted, stack=pulumi.get_stack()))
    try:
        # As JSON, so that strict types still take a list for a tuple and a text for an enum.
        return Settings.model_validate_json(json.dumps(values))
    except ValidationError as error:
        raise SettingsError(describe(error, stack=pulumi.get_stack(), model=Settings)) from error


def _value(config: pulumi.Config, key: str, prefix: str) -> Any:
    """A section as data; what is no JSON is a text."""
    text = config.require(key.removeprefix(prefix))
    try:
        return json.loads(text)
    except ValueError:
        return text
