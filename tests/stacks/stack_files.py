"""The stack files as the engine hands them to the program."""

from __future__ import annotations

import runpy
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.recorder import Recording, record

REPOSITORY = Path(__file__).parents[2]


@cache
def _read(stack: str) -> dict[str, Any]:
    return yaml.safe_load((REPOSITORY / f"Pulumi.{stack}.yaml").read_text())["config"]


def configuration(stack: str) -> dict[str, Any]:
    """A copy of the stack's configuration, to be changed at will."""
    return deepcopy(_read(stack))


def bring_up(stack: str, config: dict[str, Any] | None = None, **more: Any) -> Recording:
    """Run the whole program; ``more`` is for the recorder."""
    return record(
        lambda: runpy.run_path(str(REPOSITORY / "__main__.py")),
        config=configuration(stack) if config is None else config,
        stack=stack,
        **more,
    )
