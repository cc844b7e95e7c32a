"""What a pull request does to one stack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from review.changes import Change, Operation
from review.policies import PolicyReport
from review.rows import PAST

NEVER_CHECKED = (
    "that an image exists, a certificate is issued or Postgres answers, and that your account's rights, quotas and "
    "organization let it happen"
)
"""What no preview in a sandbox can tell: docs/sandbox.md."""


class Fate(StrEnum):
    """What becomes of the stack itself."""

    STAYS = "stays"
    NEW = "new"
    """The base has no such stack."""
    REMOVED = "removed"
    """This tree has no such stack any more."""


@dataclass(frozen=True)
class StackReview:
    """What a pull request does to one stack."""

    stack: str
    changes: Sequence[Change] = ()
    unchecked: Mapping[str, str] = field(default_factory=dict[str, str])
    """Types among the changes that were not put to what runs on AWS, and who has checked them instead."""
    policies: PolicyReport = field(default_factory=PolicyReport)
    problem: str = ""
    """Why there is no preview, or only a part of one; what the engine said."""
    fate: Fate = Fate.STAYS

    @property
    def refused(self) -> bool:
        """Whether nobody could bring this up as it is."""
        return bool(self.problem or self.policies.mandatory)

    @property
    def risky(self) -> list[Change]:
        """What may lose data."""
        return [change for change in self.changes if change.loses_data]

    @property
    def known(self) -> list[Change]:
        """What is sure to change, and holds no data."""
        return [change for change in self.changes if not change.loses_data and not change.only_computed]

    @property
    def computed(self) -> list[Change]:
        """Of what only values change that are not known yet."""
        return [change for change in self.changes if change.only_computed]

    @property
    def summary(self) -> str:
        """On one line, for a heading."""
        if self.fate is Fate.REMOVED:
            return "its file is removed"
        counts = Counter(change.operation for change in self.changes if not change.only_computed)
        told = [f"{counts[operation]} {PAST[operation]}" for operation in Operation if counts[operation]]
        if self.computed:
            told.append(f"{len(self.computed)} perhaps updated")
        if self.problem:
            told = ["no preview"] if not told else [*told, "and then the preview failed"]
        mandatory = len(self.policies.mandatory)
        if mandatory:
            told.append(f"refused by {counted(mandatory, 'policy violation')}")
        return ("new: " if self.fate is Fate.NEW else "") + (", ".join(told) or "nothing")

    @property
    def policy_line(self) -> str:
        """What the policies come to, on one line."""
        report = self.policies
        if not report.ran:
            return "did not run, so nobody has looked whether this keeps to the rules"
        rules = counted(len(report.rules), "rule")
        if not report.violations:
            return f"none of {rules} is violated"
        told = {level: len(found) for level, found in (("mandatory", report.mandatory), ("advisory", report.advisory))}
        return f"{', '.join(f'{count} {level}' for level, count in told.items() if count)}, of {rules}"

    @property
    def gaps(self) -> list[str]:
        """What could not be checked of all this, beside ``unchecked``."""
        report = self.policies
        late = "it asks for what is only known after the update"
        told = [f"rule {one.rule} on {one.name}: {late}" for one in report.undecided]
        if report.ran and not report.whole_stack:
            told.append("rules on the stack as a whole: the engine asks for them last, and the preview failed before")
        if self.changes:
            told.append(f"in no sandbox: {NEVER_CHECKED}")
        return told


def counted(number: int, noun: str) -> str:
    """``1 rule``, ``2 rules``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
