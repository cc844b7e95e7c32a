"""How components and settings say no: what is wrong, what is allowed, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class Refusal(ValueError):
    """A value that can't be used. Its text is one line with all three parts."""

    def __init__(self, problem: str, *, allowed: str, fix: str) -> None:
        super().__init__(f"{problem}; allowed: {allowed}; fix: {fix}")
        self.problem = problem
        self.allowed = allowed
        self.fix = fix


def nearest(value: str, known: Iterable[str]) -> str | None:
    """The one of ``known`` that ``value`` was probably meant to be; None when none resembles it."""
    candidates = list(known)
    # What is spelt with other capitals only is nearer than difflib thinks.
    for candidate in candidates:
        if candidate.lower() == value.lower():
            return candidate
    close = difflib.get_close_matches(value, candidates, n=1)
    return close[0] if close else None
