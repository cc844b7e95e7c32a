"""The script that puts the review under a pull request, with a `gh` that writes down what it is asked."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from review.comment import MARK
from tests.test_workflows import GITHUB_TAKES, steps, workflow

GH = """\
#!/bin/sh
case "$*" in
    "run download "*) [ -n "$ARTIFACT" ] || exit 1; mkdir -p artifact
        printf '%s' "$ARTIFACT" "$MORE" "$MORE" "$MORE" > artifact/review.md ;;
    *"repos/o/r/pulls "*) echo "$NUMBER" ;;
    *--paginate*) printf '%s' "$COMMENTS" ;;
    *) echo "$*" >> asked ;;
esac
"""


@dataclass(frozen=True)
class Outcome:
    asked: list[str]
    """The requests that change something."""
    body: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    program = tmp_path / "bin" / "gh"
    program.parent.mkdir()
    program.write_text(GH)
    program.chmod(0o755)
    (step,) = steps(workflow("comment"))

    def perform(
        artifact: str = f"{MARK}\n## What this changes\n", number: str = "7", comments: str = "", more: str = ""
    ) -> Outcome:
        event = {
            "REPOSITORY": "o/r",
            "RUN": "1",
            "RUN_URL": "https://runs/1",
            "SHA": "abc",
            "OWNER": "o",
            "BRANCH": "b",
        }
        answers = {
            "ARTIFACT": artifact,
            "MORE": more,
            "NUMBER": number,
            "COMMENTS": comments,
            "MARK": step["env"]["MARK"],
        }
        path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
        subprocess.run(
            ["bash", "-e", "-c", step["run"]], cwd=tmp_path, env={**event, **answers, "PATH": path}, check=True
        )
        asked, body = tmp_path / "asked", tmp_path / "comment.md"
        return Outcome(
            asked.read_text().splitlines() if asked.exists() else [], body.read_text() if body.exists() else ""
        )

    return perform


def test_the_first_review_becomes_a_comment(run: Run) -> None:
    assert run().asked == ["api repos/o/r/issues/7/comments --field body=@comment.md"]


def test_the_next_one_takes_its_place(run: Run) -> None:
    """Even where an older version once left two."""
    assert run(comments="41\n42\n").asked == [
        "api --method PATCH repos/o/r/issues/comments/41 --field body=@comment.md"
    ]


def test_it_is_found_again_whatever_the_artifact_says(run: Run) -> None:
    for artifact in (f"{MARK}\ntext\n", "text\n", f"before\n{MARK}\ntext\n"):
        body = run(artifact).body
        assert body.startswith(f"{MARK}\n")
        assert body.count(MARK) == 1
        assert "text" in body


@pytest.mark.parametrize("end", ["", "<!--", "<details>", "```"], ids=repr)
def test_it_says_whose_code_wrote_it_where_that_code_cannot_hide_it(run: Run, end: str) -> None:
    mark, whose, empty, *text = run(f"{MARK}\n## What this changes\n{end}").body.splitlines()

    assert (mark, empty) == (MARK, "")
    assert whose == "<sub>Written by the code of commit abc itself, in [its preview](https://runs/1).</sub>"
    assert text[0] == "## What this changes"


def test_what_is_longer_than_github_takes_is_cut_between_characters(run: Run) -> None:
    # 3 bytes each, in three pieces: the system takes no longer texts in the environment.
    body = run(f"{MARK}\nfirst\n", more="⛔" * 25_000).body

    assert len(body) <= GITHUB_TAKES
    assert "first" in body
    assert body.endswith("⛔\n")


def test_a_pull_request_without_a_review_never_had_gets_no_comment(run: Run) -> None:
    assert run(artifact="").asked == []


def test_a_commit_without_a_review_does_not_pass_under_that_of_an_older_one(run: Run) -> None:
    outcome = run(artifact="", comments="41\n")

    assert outcome.asked == ["api --method PATCH repos/o/r/issues/comments/41 --field body=@comment.md"]
    assert outcome.body == f"{MARK}\nThere is no review of commit abc: [its preview](https://runs/1) says why.\n"


@pytest.mark.parametrize("artifact", ["", f"{MARK}\ntext\n"], ids=["no review", "a review"])
def test_what_is_of_another_head_by_now_changes_nothing(run: Run, artifact: str) -> None:
    assert run(artifact, number="", comments="41\n").asked == []
