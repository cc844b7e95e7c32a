"""The other side of a review: another commit's program, brought up in a sandbox of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

JUDGES = (
    *(".github", "policies", "review", "sandbox"),
    # What `make review` runs, and which packages and interpreter do it.
    *("Makefile", "Pulumi.yaml", "pyproject.toml", "requirements*.txt"),
)
"""The folders and files that decide what a review says: a change of one of them may hide what it changes besides."""


class ReviewError(Exception):
    """The base can't be had or brought up, so there is nothing to compare with. The message says why."""


def stacks(folder: Path) -> list[str]:
    """The names of the stacks whose files are in ``folder``."""
    return sorted(path.name.split(".")[1] for path in folder.glob("Pulumi.*.yaml"))


def changed_judges(repository: Path, base: str) -> list[str]:
    """Which judges differ from ``base``, such as ``policies/`` and ``Makefile``. Raises ReviewError."""
    problem = f"{base} can't be had"
    changed = _run(["git", "diff", "--name-only", base, "--", *JUDGES], repository, problem).splitlines()
    new = _run(["git", "ls-files", "--others", "--exclude-standard", "--", *JUDGES], repository, problem).splitlines()
    return sorted({"".join(name.partition("/")[:2]) for name in [*changed, *new]})


@contextmanager
def checked_out(repository: Path, base: str) -> Generator[Path]:
    """A folder with the program of commit ``base``, and with the sandbox of ``repository``.

    The sandbox is a tool here: with the base's own one, a pull request that brings a resource together with the
    sandbox's support for its type could never be previewed. Nor do the base's policies judge: where main itself
    breaks a rule, as on the day on which an exception expires, what mends it could not be previewed. Raises ReviewError
    when there is no such commit.
    """
    with TemporaryDirectory(prefix="platform-review-") as scratch:
        folder = Path(scratch) / "base"
        _run(["git", "worktree", "add", "--detach", "--quiet", str(folder), base], repository, f"{base} can't be had")
        try:
            for name in ("policies", "sandbox"):
                shutil.rmtree(folder / name, ignore_errors=True)
            # With its bytecode, and the times by which Python knows that it is up to date.
            shutil.copytree(repository / "sandbox", folder / "sandbox")
            (folder / ".venv").symlink_to(sys.prefix)
            yield folder
        finally:
            subprocess.run(
                ["git", "worktree", "remove", "--force", str(folder)], cwd=repository, capture_output=True, check=False
            )


@contextmanager
def brought_up(folder: Path, stack: str, new_file: Path) -> Generator[bool]:
    """The sandbox of ``stack``, up as the base has it. Where the base has none it is empty, with the file of the head.

    Gives whether the stack is new. Raises ReviewError when the base does not come up.
    """
    is_new = not (folder / new_file.name).exists()
    try:
        if is_new:
            shutil.copy2(new_file, folder)
        command = "start" if is_new else "up"
        _run([sys.executable, "-m", "sandbox", command, "--stack", stack], folder, "the base does not come up")
        yield is_new
    finally:
        subprocess.run(
            [sys.executable, "-m", "sandbox", "reset", "--stack", stack], cwd=folder, capture_output=True, check=False
        )


def _run(command: Sequence[str], folder: Path, problem: str) -> str:
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise ReviewError(f"{problem}:\n{done.stdout[-4000:].strip()}")
    return done.stdout
