"""The review for a terminal: all of it, in plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from review.policies import Violation
from review.rows import row
from review.stack_review import Fate, StackReview


def terminal(reviews: Sequence[StackReview], base: str, *, judges: Sequence[str] = ()) -> str:
    """``judges`` are folders and files that decide what is said here and change as well."""
    return "\n".join(_lines(reviews, base, judges)).rstrip() + "\n"


def _lines(reviews: Sequence[StackReview], base: str, judges: Sequence[str]) -> Iterator[str]:
    yield f"What this changes, against {base}"
    if judges:
        yield f"It also changes what decides over this text: {', '.join(judges)}. Read that first."
    for review in reviews:
        yield ""
        yield f"{review.stack}: {review.summary}"
        if review.fate is Fate.REMOVED:
            yield f"  what it has built stays: take it down with {base}, if it is to go"
            continue
        if review.risky:
            yield "  This holds data, or all depends on it:"
            yield from (f"  ! {row(change, signs=True)}" for change in review.risky)
        yield from (f"  {line}" for line in review.problem.strip().splitlines())
        yield f"  Policies: {review.policy_line}"
        for violation in review.policies.violations:
            yield from _violation(violation)
        yield from (f"    {row(change, signs=True)}" for change in review.known)
        if review.computed:
            names = ", ".join(change.name for change in review.computed)
            yield f"  {len(review.computed)} whose new values are not known yet: {names}"
        if review.unchecked or review.gaps:
            yield "  Not checked:"
            yield from (f"    {token}, as on AWS ({who})" for token, who in sorted(review.unchecked.items()))
            yield from (f"    {gap}" for gap in review.gaps)


def _violation(one: Violation) -> Iterator[str]:
    yield f"  ! {one.level}: {one.rule}: {one.name} ({one.type}): {one.message}"
    if one.fix:
        yield f"      fix: {one.fix}"
