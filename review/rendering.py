"""The text of a review: for the comment on a pull request, and for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from review.changes import Change, Operation

MARK = "<!-- platform review -->"
"""By which the comment is found again, to be updated instead of followed by another one."""

_SIGNS = {Operation.CREATE: "+", Operation.UPDATE: "~", Operation.REPLACE: "±", Operation.DELETE: "-"}
_PAST = {
    Operation.CREATE: "created",
    Operation.UPDATE: "updated",
    Operation.REPLACE: "replaced",
    Operation.DELETE: "deleted",
}
_SHOWN = 8
"""Properties that are named; of more, the first ones and their number."""


@dataclass(frozen=True)
class StackReview:
    """What a pull request does to one stack."""

    stack: str
    changes: Sequence[Change]
    unchecked: Mapping[str, str] = field(default_factory=dict[str, str])
    """Types among the changes that were not put to what runs on AWS, and who has checked them instead."""
    problem: str = ""
    """Why there is no preview; what the engine said."""


def comment(reviews: Sequence[StackReview], base: str) -> str:
    """In Markdown: what may lose data first, what is only computed folded away."""
    lines = [MARK, f"## What this changes, against `{base}`", ""]
    for review in reviews:
        lines += [f"### {review.stack}: {_summary(review)}", ""]
        if review.problem:
            lines += ["```", review.problem.strip(), "```", ""]
            continue
        risky, known, computed = _parts(review.changes)
        if risky:
            lines += ["> [!CAUTION]", "> **This holds data, or all depends on it:**"]
            lines += [f"> - {_row(change)}" for change in risky] + [""]
        lines += [f"- {_row(change)}" for change in known]
        if known:
            lines.append("")
        if computed:
            lines += [f"<details><summary>{len(computed)} whose new values are not known yet: most often nothing "
                      "changes</summary>", ""]  # fmt: skip
            lines += [f"- {_row(change)}" for change in computed] + ["", "</details>", ""]
        if review.unchecked:
            lines += ["<details><summary>What could not be checked</summary>", ""]
            lines += [f"- `{token}`: {who}" for token, who in sorted(review.unchecked.items())] + ["", "</details>", ""]
    return "\n".join(lines).rstrip() + "\n"


def terminal(reviews: Sequence[StackReview], base: str) -> str:
    """The same in plain text."""
    return "\n".join(_plain(reviews, base)).rstrip() + "\n"


def _plain(reviews: Sequence[StackReview], base: str) -> Iterator[str]:
    yield f"What this changes, against {base}"
    for review in reviews:
        yield ""
        yield f"{review.stack}: {_summary(review)}"
        if review.problem:
            yield review.problem.strip()
            continue
        risky, known, computed = _parts(review.changes)
        if risky:
            yield "  This holds data, or all depends on it:"
            yield from (f"  ! {_row(change, plain=True)}" for change in risky)
        yield from (f"    {_row(change, plain=True)}" for change in known)
        if computed:
            names = ", ".join(change.name for change in computed)
            yield f"  {len(computed)} whose new values are not known yet: {names}"
        for token, who in sorted(review.unchecked.items()):
            yield f"  not checked as on AWS: {token} ({who})"


def _summary(review: StackReview) -> str:
    if review.problem:
        return "no preview"
    counts = Counter(change.operation for change in review.changes)
    told = [f"{counts[operation]} {_PAST[operation]}" for operation in Operation if counts[operation]]
    return ", ".join(told) or "nothing"


def _parts(changes: Sequence[Change]) -> tuple[list[Change], list[Change], list[Change]]:
    """Those that may lose data, those that are known, and those of which only computed values change."""
    risky = [change for change in changes if change.loses_data]
    computed = [change for change in changes if change.only_computed]
    return risky, [change for change in changes if change not in risky and change not in computed], computed


def _row(change: Change, *, plain: bool = False) -> str:
    code = "{}" if plain else "`{}`"
    parts = [f"{_SIGNS[change.operation]} {code.format(change.name)} ({change.type})"]
    because = [one.path for one in change.properties if one.replaces]
    if change.operation is Operation.REPLACE:
        parts.append(f"replaced because of {_listed(because, code)}" if because else "replaced")
    elif change.properties:
        parts.append(_listed([one.path for one in change.properties], code))
    return ": ".join(parts)


def _listed(paths: Sequence[str], code: str) -> str:
    told = ", ".join(code.format(path) for path in paths[:_SHOWN])
    return f"{told} and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else told
