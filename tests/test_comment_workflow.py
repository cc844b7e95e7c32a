"""The script that puts the review under a pull request, with a `gh` that writes down what it is asked."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from review.comment import MARK
from tests.test_workflows import steps, workflow

GH = """\
#!/bin/sh
case "$*" in
    "run download "*) [ -n "$ARTIFACT" ] || exit 1; mkdir -p artifact; printf '%s' "$ARTIFACT" > artifact/review.md ;;
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

    def perform(artifact: str = f"{MARK}\n## What this changes\n", number: str = "7", comments: str = "") -> Outcome:
        event = {
            "REPOSITORY": "o/r",
            "RUN": "1",
            "RUN_URL": "https://runs/1",
            "SHA": "abc",
            "OWNER": "o",
            "BRANCH": "b",
        }
        answers = {"ARTIFACT": artifact, "NUMBER": number, "COMMENTS": comments, "MARK": step["env"]["MARK"]}
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


def test_it_says_whose_code_wrote_it(run: Run) -> None:
    assert run().body.endswith("Written by the code of commit abc itself, in [its preview](https://runs/1).</sub>\n")


@pytest.mark.parametrize("missing", [{"artifact": ""}, {"number": ""}], ids=["no review", "another head by now"])
def test_without_a_review_of_the_present_head_the_last_comment_stays(run: Run, missing: dict[str, str]) -> None:
    assert run(**missing).asked == []
