"""Which images a repository forgets, as pure data."""

from __future__ import annotations

from typing import TypedDict


class _Selection(TypedDict, total=False):
    tagStatus: str
    countType: str
    countUnit: str
    countNumber: int


class _Rule(TypedDict):
    rulePriority: int
    description: str
    selection: _Selection
    action: dict[str, str]


class LifecycleDocument(TypedDict):
    """An ECR lifecycle policy."""

    rules: list[_Rule]


def lifecycle_policy(*, untagged_days: int, keep_last: int) -> LifecycleDocument:
    """Forget untagged images after ``untagged_days`` days, and all but the ``keep_last`` newest images."""
    return {
        "rules": [
            {
                "rulePriority": 1,
                "description": f"Untagged images go after {untagged_days} days",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": untagged_days,
                },
                "action": {"type": "expire"},
            },
            {
                # ECR wants the rule for any image to come last.
                "rulePriority": 2,
                "description": f"The newest {keep_last} images stay",
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": keep_last},
                "action": {"type": "expire"},
            },
        ]
    }
