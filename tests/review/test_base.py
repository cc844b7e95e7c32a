"""The other side of a review: which code it consists of, and that nothing of it stays."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from review.__main__ import main
from review.base import ReviewError, changed_judges, checked_out, stacks
from review.comment import MARK
from sandbox.environment import POLICY_PACK, variables
from sandbox.home import Home


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """``main`` has an old program, an old sandbox and two stacks; the working tree new ones, and one stack less."""
    for name, text in {
        "__main__.py": "old",
        "policies/PulumiPolicy.yaml": "old",
        "sandbox/cli.py": "old",
        "Pulumi.dev.yaml": "",
        "Pulumi.old.yaml": "",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        ["commit", "--quiet", "-m", "Base"],
    ):
        who = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        subprocess.run(["git", *who, *command], cwd=tmp_path, check=True)
    (tmp_path / "__main__.py").write_text("new")
    (tmp_path / "sandbox" / "cli.py").write_text("new")
    (tmp_path / "Pulumi.old.yaml").unlink()
    return tmp_path


def worktrees(repository: Path) -> int:
    listing = ["git", "worktree", "list"]
    return subprocess.run(listing, cwd=repository, check=True, capture_output=True, text=True).stdout.count("\n")


def test_the_base_has_its_own_program_and_the_sandbox_of_the_head(repository: Path) -> None:
    """Otherwise a resource that comes together with the sandbox's support for its type could not be previewed."""
    with checked_out(repository, "main") as base:
        assert (base / "__main__.py").read_text() == "old"
        assert (base / "sandbox" / "cli.py").read_text() == "new"
        assert stacks(base) == ["dev", "old"]
        assert worktrees(repository) == 2

    assert not base.exists()
    assert worktrees(repository) == 1


def test_the_bases_policies_have_no_say(repository: Path) -> None:
    """Otherwise nothing could be reviewed once an exception on main has expired, nor what mends it."""
    with checked_out(repository, "main") as base:
        assert POLICY_PACK not in variables(Home(base / ".sandbox" / "dev"), "eu-central-1", {})

    assert POLICY_PACK in variables(Home(repository / ".sandbox" / "dev"), "eu-central-1", {})


def test_nothing_of_it_stays_when_a_review_is_stopped(repository: Path) -> None:
    with pytest.raises(KeyboardInterrupt), checked_out(repository, "main") as base:
        raise KeyboardInterrupt

    assert not base.exists()
    assert worktrees(repository) == 1


def test_a_base_that_does_not_exist_is_named(repository: Path) -> None:
    with pytest.raises(ReviewError, match="nowhere can't be had"), checked_out(repository, "nowhere"):
        pass


def test_a_change_of_what_judges_is_seen_also_before_it_is_committed(repository: Path) -> None:
    assert changed_judges(repository, "main") == ["sandbox/"]

    (repository / "policies" / "rules.py").write_text("")

    assert changed_judges(repository, "main") == ["policies/", "sandbox/"]


@pytest.mark.parametrize(
    "name", ["Makefile", "Pulumi.yaml", "pyproject.toml", "requirements.txt", "requirements-dev.txt"]
)
def test_what_says_which_program_reviews_is_a_judge_too(repository: Path, name: str) -> None:
    """`make review` is what the Makefile takes it for, with the packages that the requirements name."""
    (repository / name).write_text("")

    assert changed_judges(repository, "main") == [name, "sandbox/"]


def test_a_stack_whose_file_is_gone_is_named_and_nothing_is_brought_up(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--stacks", "old"], repository) == 0

    assert "old: its file is removed\n  what it has built stays: take it down with main" in capsys.readouterr().out


def test_a_stack_that_neither_side_has_is_refused(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stacks", "dve"], repository) == 1

    assert capsys.readouterr().err == "error: there is no stack dve: Pulumi.dve.yaml is neither here nor in main\n"


def test_a_review_that_there_is_none_of_says_so_in_place_of_the_last_one(repository: Path, tmp_path: Path) -> None:
    """Under a pull request the comment on an older commit would still stand, and pass for this one's."""
    comment, summary = tmp_path / "review.md", tmp_path / "summary.md"
    comment.write_text("all is well")

    assert main(["--base", "nowhere", "--comment", str(comment), "--summary", str(summary)], repository) == 1

    assert comment.read_text().startswith(f"{MARK}\n## No review against `nowhere`\n\n```\nnowhere can't be had:\n")
    assert comment.read_text() == summary.read_text()
