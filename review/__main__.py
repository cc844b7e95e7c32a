"""``python -m review --base main``: brings the base up in a sandbox, and shows what this tree would change there."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from review.changes import changes
from review.rendering import StackReview, comment, terminal
from sandbox import environment, stack_file
from sandbox.home import Home

HERE = Path(__file__).parents[1]


class ReviewError(Exception):
    """The base can't be brought up, so there is nothing to compare with."""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m review", description=__doc__)
    parser.add_argument("--base", default="main", help="the branch or commit to compare with (default: main)")
    parser.add_argument("--stacks", nargs="*", default=["dev", "prod"], help="the stacks (default: dev prod)")
    parser.add_argument("--comment", type=Path, help="where to write the comment for the pull request, as Markdown")
    options = parser.parse_args(arguments)
    try:
        reviews = [review(stack, options.base) for stack in options.stacks]
    except ReviewError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if options.comment:
        options.comment.write_text(comment(reviews, options.base))
    print(terminal(reviews, options.base), end="")
    return 1 if any(one.problem for one in reviews) else 0


def review(stack: str, base: str) -> StackReview:
    """Preview this tree's stack where the base's is up. Raises ReviewError."""
    with TemporaryDirectory(prefix="platform-review-") as scratch:
        clone = Path(scratch) / "base"
        _run(["git", "worktree", "add", "--detach", "--quiet", str(clone), base], HERE, f"there is no {base}")
        try:
            (clone / ".venv").symlink_to(sys.prefix)
            _say(f"{stack}: bringing {base} up")
            if not (clone / f"Pulumi.{stack}.yaml").exists():
                _say(f"{stack} is new: {base} has no such stack")
            else:
                _run([sys.executable, "-m", "sandbox", "up", "--stack", stack], clone, f"{stack} of {base} is not up")
            _say(f"{stack}: previewing this tree there")
            return _preview(stack, Home(clone / ".sandbox" / stack))
        finally:
            subprocess.run([sys.executable, "-m", "sandbox", "reset", "--stack", stack], cwd=clone, capture_output=True)
            subprocess.run(["git", "worktree", "remove", "--force", str(clone)], cwd=HERE, capture_output=True)


def _preview(stack: str, home: Home) -> StackReview:
    region = stack_file.read(HERE, stack).region
    done = subprocess.run(
        [str(home.root / "engine" / "pulumi"), "--non-interactive", "preview", "--json", "--stack", stack],
        cwd=HERE,
        env=environment.for_engine(home, region),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        return StackReview(stack, [], problem=_said(done))
    found = changes(json.loads(done.stdout))
    # It loads the providers' tables, which the rest does without.
    from sandbox.checkers import checked_by

    who = {change.type: checked_by(change.type) or "nobody" for change in found if ":" in change.type}
    unchecked = {
        token: checker
        for token, checker in who.items()
        if not token.startswith("platform:") and checker != "moto" and not checker.startswith("kube-apiserver")
    }
    return StackReview(stack, found, unchecked)


def _said(done: subprocess.CompletedProcess[str]) -> str:
    """What the engine said: in JSON the errors stand among the diagnostics."""
    try:
        told: list[dict[str, Any]] = json.loads(done.stdout).get("diagnostics") or []
    except ValueError:
        return f"{done.stdout}{done.stderr}"
    messages = [str(one["message"]) for one in told if one.get("severity") == "error"]
    return "\n".join(messages) or done.stderr


def _run(command: Sequence[str], folder: Path, problem: str) -> None:
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise ReviewError(f"{problem}:\n{done.stdout[-4000:]}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
