"""The variables by which users ask something of the sandbox. One that is misspelt is refused, not overlooked."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from sandbox.attachment import ATTACH
from sandbox.charts.settings import CACHE, CHARTS
from sandbox.conditions import FAULT_RATE, FAULT_SEED, QUOTAS, TIME_SCALE
from sandbox.toolchain.cache import KEEP_CACHES

KNOWN = (ATTACH, CACHE, CHARTS, FAULT_RATE, FAULT_SEED, KEEP_CACHES, QUOTAS, TIME_SCALE)
_PREFIX = "SANDBOX_"
_OWN = ("SANDBOX_HOME", "SANDBOX_PYTHON")
"""What `make env` exports for the sandbox's own programs."""


class VariableError(ValueError):
    """A variable is nearly, but not quite, one that the sandbox reads."""


def refuse_misspelt(environ: Mapping[str, str]) -> None:
    """Raises VariableError. Names that resemble none of the sandbox's belong to something else, and pass."""
    for name in sorted(environ):
        if not name.upper().startswith(_PREFIX) or name in (*KNOWN, *_OWN):
            continue
        if near := difflib.get_close_matches(name.upper(), KNOWN, n=1, cutoff=0.8):
            raise VariableError(f"{name} is set, which nothing reads: write {near[0]}, or unset it")
