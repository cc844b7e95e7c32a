"""The stack files as the engine hands them to the program."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import recorder
from recorder import Recording

REPOSITORY = Path(__file__).parents[2]


@cache
def _read(stack: str) -> dict[str, Any]:
    return recorder.configuration(REPOSITORY, stack)


def configuration(stack: str) -> dict[str, Any]:
    """A copy of the stack's configuration, to be changed at will."""
    return deepcopy(_read(stack))


def bring_up(stack: str, config: dict[str, Any] | None = None, **more: Any) -> Recording:
    """Run the whole program; ``more`` is for the recorder."""
    return recorder.record_stack(REPOSITORY, stack, configuration(stack) if config is None else config, **more)
