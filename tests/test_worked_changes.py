"""The worked changes of CONTRIBUTING.md: each still applies to this tree, and its own tests pass there.

One that no longer applies is made anew, in a clone: `git apply --3way docs/worked/<name>.patch`, mend what conflicts,
`git add --all`, and `git diff --cached -U1 HEAD -- . ':!docs' ':!*.json' > <name>.patch`. Generated files are not in
it: `make docs` is one of the steps, here as for a contributor.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.guides import REPOSITORY

FOLDER = REPOSITORY / "docs" / "worked"
TESTS = {
    "component": ["tests/components/backup", "tests/test_house.py", "-k", "backup"],
    "setting": [
        "tests/components/nodes/test_node_group.py",
        "tests/stacks/test_wiring.py",
        "tests/stacks/test_documentation.py",
        "tests/stacks/test_bad_input.py",
    ],
    "policy-rule": ["tests/policies"],
    "sandbox-type": [
        "tests/sandbox/aws/test_differences.py",
        "tests/sandbox/aws/test_every_type.py",
        "tests/sandbox/test_documentation.py",
        "-k",
        "Vault or has_a_sample or up_to_date or goes_and_stays",
    ],
}
"""Worked change to what pytest is to run in a tree that has it."""


def run(folder: Path, *command: str) -> str:
    # git would otherwise work on whatever repository a hook of its own runs for.
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTEST_"))}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-6000:]}{done.stderr[-3000:]}"
    return done.stdout


def tree(folder: Path) -> Path:
    """A copy of what a commit of the working tree would hold."""
    listed = run(REPOSITORY, "git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.split("\0")):
        source, target = REPOSITORY / name, folder / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    return folder


@pytest.mark.parametrize("name", TESTS)
def test_a_worked_change_applies_and_its_tests_pass(name: str, tmp_path: Path) -> None:
    folder = tree(tmp_path)

    run(folder, "git", "apply", str(FOLDER / f"{name}.patch"))
    for module in ("sandbox.documentation", "stacks.documentation", "policies.documentation"):
        run(folder, sys.executable, "-m", module)

    files = re.findall(r"^\+\+\+ b/(.+\.py)$", (FOLDER / f"{name}.patch").read_text(), re.MULTILINE)
    run(folder, sys.executable, "-m", "ruff", "check", "--no-cache", *files)
    run(folder, sys.executable, "-m", "ruff", "format", "--no-cache", "--check", *files)
    said = run(folder, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS[name])
    assert re.search(r"\d+ passed", said)


def test_contributing_shows_each_worked_change() -> None:
    shown = set(re.findall(r"\]\(docs/worked/([\w-]+)\.patch\)", (REPOSITORY / "CONTRIBUTING.md").read_text()))

    assert shown == {path.stem for path in FOLDER.glob("*.patch")} == set(TESTS)
