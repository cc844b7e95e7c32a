"""Reads settings as the program does."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from recorder import record
from stacks.settings import Settings, load_settings


def load(config: dict[str, Any], stack: str = "dev", *, secret: Collection[str] = ()) -> Settings:
    """The settings that ``config`` gives; ``secret`` are the keys that are kept encrypted."""
    loaded: list[Settings] = []
    record(lambda: loaded.append(load_settings()), config=config, stack=stack, secret=secret)
    return loaded[0]
