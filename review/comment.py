"""The review as the comment on a pull request, in Markdown, and no longer than GitHub takes."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from review.changes import Change, Operation
from review.policies import Level, Violation
from review.rows import row
from review.stack_review import Fate, StackReview, counted

MARK = "<!-- platform review -->"
"""By which the comment is found again, to be updated instead of followed by another one."""
LIMIT = 65_000
"""Characters, to leave some to the workflow: GitHub refuses more, "Body is too long (maximum is 65536 characters)"."""

_FOLDED = 10
"""More creations than this are folded away: of a new stack they are all that there is."""
_ELSEWHERE = "The summary of the job and its artifact `review` have it."
_SHORT = 600
"""Characters of what the engine said and of a violation that are kept when nothing else helps."""


class Part(StrEnum):
    """What a count can stand for, in the words that say so; what is missed least comes first.

    Never left out: which data is at risk, that a preview failed, which policies refuse.
    """

    COMPUTED = "what perhaps changes"
    UNCHECKED = "what could not be checked"
    CREATED = "what is created"
    KNOWN = "what else changes"
    ADVISORY = "what policies advise"
    PROPERTIES = "why data is replaced"
    WORDS = "most of what the engine and the policies said"


def comment(reviews: Sequence[StackReview], base: str, *, judges: Sequence[str] = (), limit: int | None = LIMIT) -> str:
    """What may lose data first, what is only computed folded away.

    ``judges`` are folders and files that decide what is said here and change as well. ``limit`` None: all of it,
    however long.
    """
    text = _Markdown([]).whole(reviews, base, judges)
    if limit is None:
        return text
    for number in range(1, len(Part) + 1):
        if len(text) <= limit:
            break
        text = _Markdown(list(Part)[:number]).whole(reviews, base, judges)
    if len(text) <= limit:
        return text
    # Thousands of resources at risk: the first of them.
    end = f"\n\nThe rest is too long for a comment. {_ELSEWHERE}\n"
    return text[: text.rindex("\n", 0, limit - len(end))] + end


def no_review(problem: str, base: str) -> str:
    """The comment when there is nothing to compare with, so that no older one passes for it."""
    return _Markdown([]).none(problem, base)


@dataclass(frozen=True)
class _Markdown:
    left_out: Sequence[Part]

    def whole(self, reviews: Sequence[StackReview], base: str, judges: Sequence[str]) -> str:
        lines = [MARK, f"## What this changes, against `{base}`", ""]
        if judges:
            names = ", ".join(f"`{name}`" for name in judges)
            lines += ["> [!IMPORTANT]", f"> It also changes what decides over this text: {names}. Read that first.", ""]
        if self.left_out:
            names = ", ".join(self.left_out)
            lines += ["> [!NOTE]", f"> All of it is too long for a comment. Left out: {names}.", f"> {_ELSEWHERE}", ""]
        lines += [line for review in reviews for line in self._stack(review, base)]
        return "\n".join(lines).rstrip() + "\n"

    def none(self, problem: str, base: str) -> str:
        return "\n".join([MARK, f"## No review against `{base}`", "", *self._said(problem.strip())])

    def _stack(self, review: StackReview, base: str) -> Iterator[str]:
        yield from (f"### {review.stack}: {review.summary}", "")
        if review.fate is Fate.REMOVED:
            yield from (f"What it has built stays: take it down with `{base}`, if it is to go.", "")
            return
        if review.risky:
            yield from ("> [!CAUTION]", "> **This holds data, or all depends on it:**")
            yield from (f"> - {self._row(change, properties=Part.PROPERTIES)}" for change in review.risky)
            yield ""
        if review.problem:
            yield from self._said(review.problem.strip())
        yield from self._policies(review)
        yield from self._changes(review.known)
        title = f"{len(review.computed)} whose new values are not known yet: most often nothing changes"
        yield from self._folded(title, [self._row(change) for change in review.computed], Part.COMPUTED)
        told = [f"`{token}`, as on AWS: {who}" for token, who in sorted(review.unchecked.items())]
        yield from self._folded("What could not be checked", told + review.gaps, Part.UNCHECKED)

    def _changes(self, changes: Sequence[Change]) -> Iterator[str]:
        created = [change for change in changes if change.operation is Operation.CREATE]
        others = [change for change in changes if change.operation is not Operation.CREATE]
        fold = len(created) > _FOLDED or Part.CREATED in self.left_out
        shown = others if fold else [*others, *created]
        if Part.KNOWN in self.left_out:
            yield from ([f"{len(others)} others change.", ""] if others else [])
        elif shown:
            yield from (f"- {self._row(change)}" for change in shown)
            yield ""
        if fold:
            yield from self._folded(f"{len(created)} created", [self._row(change) for change in created], Part.CREATED)

    def _policies(self, review: StackReview) -> Iterator[str]:
        report = review.policies
        yield f"**Policies**: {review.policy_line}."
        if Part.ADVISORY not in self.left_out:
            yield from (line for one in report.violations for line in self._violation(one))
        else:
            yield from (line for one in report.mandatory for line in self._violation(one))
        yield ""

    def _violation(self, one: Violation) -> Iterator[str]:
        sign = "⛔" if one.level is Level.MANDATORY else "⚠️"
        yield f"- {sign} {one.level} `{one.rule}`: `{one.name}` ({one.type}): {self._text(one.message)}"
        if one.fix:
            yield f"  **Fix**: {self._text(one.fix)}"

    def _folded(self, title: str, rows: Sequence[str], part: Part) -> Iterator[str]:
        if rows and part in self.left_out:
            yield from (f"{title} ({counted(len(rows), 'line')} left out).", "")
        elif rows:
            yield from (f"<details><summary>{title}</summary>", "")
            yield from (f"- {line}" for line in rows)
            yield from ("", "</details>", "")

    def _row(self, change: Change, *, properties: Part | None = None) -> str:
        return row(change, code="`{}`", properties=properties not in self.left_out)

    def _said(self, text: str) -> Iterator[str]:
        kept = self._short(text, "\n")
        # Longer than any fence in what it encloses.
        fence = "`" * max([3, *(len(found) + 1 for found in re.findall("`+", kept))])
        yield from (fence, kept, fence, "")

    def _text(self, text: str) -> str:
        return html.escape(self._short(text, " "), quote=False)

    def _short(self, text: str, between: str) -> str:
        if Part.WORDS not in self.left_out or len(text) <= _SHORT:
            return text
        return between.join((text[: _SHORT // 2], "[...]", text[-_SHORT // 2 :]))
