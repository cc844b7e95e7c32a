"""``python -m review --base main``: brings the base up in a sandbox, and shows what this tree would change there."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from review.base import ReviewError, brought_up, changed_judges, checked_out, stacks
from review.comment import comment, no_review
from review.preview import preview
from review.stack_review import Fate, StackReview
from review.terminal import terminal
from sandbox.sandbox import ERRORS, Sandbox

HERE = Path(__file__).parents[1]


def main(arguments: Sequence[str], tree: Path = HERE) -> int:
    parser = argparse.ArgumentParser(prog="python -m review", description=__doc__)
    parser.add_argument("--base", default="main", help="the branch or commit to compare with (default: main)")
    parser.add_argument("--stacks", nargs="+", help="the stacks (default: all that this tree or the base has)")
    parser.add_argument("--comment", type=Path, help="where to write the comment for the pull request, as Markdown")
    parser.add_argument("--summary", type=Path, help="where to write the same, however long it is")
    options = parser.parse_args(arguments)
    try:
        judges = changed_judges(tree, options.base)
        with checked_out(tree, options.base) as base:
            names = options.stacks or sorted({*stacks(tree), *stacks(base)})
            reviews = [_review(stack, tree, base, options.base) for stack in names]
    except ReviewError as error:
        print(f"error: {error}", file=sys.stderr)
        for file in filter(None, (options.comment, options.summary)):
            file.write_text(no_review(str(error), options.base))
        return 1
    except KeyboardInterrupt:
        _say("stopped")
        return 130
    if options.comment:
        options.comment.write_text(comment(reviews, options.base, judges=judges))
    if options.summary:
        options.summary.write_text(comment(reviews, options.base, judges=judges, limit=None))
    print(terminal(reviews, options.base, judges=judges), end="")
    return 1 if any(one.refused for one in reviews) else 0


def _review(stack: str, tree: Path, base: Path, base_name: str) -> StackReview:
    """Raises ReviewError when neither side has the stack."""
    file = tree / f"Pulumi.{stack}.yaml"
    if not file.exists():
        if stack not in stacks(base):
            raise ReviewError(f"there is no stack {stack}: {file.name} is neither here nor in {base_name}")
        return StackReview(stack, fate=Fate.REMOVED)
    began = time.monotonic()
    _say(f"{stack}: bringing {base_name} up")
    try:
        with brought_up(base, stack, file) as is_new:
            sandbox = Sandbox.of(base, stack)
            _say(f"{stack}: previewing this tree there, after {time.monotonic() - began:.0f} s")
            return preview(tree, stack, sandbox.home, sandbox.engine.resources(), is_new=is_new)
    except (ReviewError, *ERRORS) as error:
        # The other stacks may still be reviewed.
        return StackReview(stack, problem=str(error))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _terminated(*_: object) -> None:
    # What was begun is undone on the way out; without this it would go on running.
    raise SystemExit(143)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _terminated)
    raise SystemExit(main(sys.argv[1:]))
