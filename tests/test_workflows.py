"""What CI promises: strangers get no credentials, nothing moves by itself, and nothing hangs."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from review.comment import LIMIT, MARK
from sandbox.toolchain import cache, pins, python_environment

REPOSITORY = Path(__file__).parents[1]
FILES = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
PERMISSIONS = {
    "test": {"contents": "read"},
    "preview": {"contents": "read"},
    "comment": {"actions": "read", "pull-requests": "write"},
    "preview-aws": {"contents": "read", "id-token": "write"},
}
GITHUB_TAKES = 65_536
_LONGEST = 60
"""Minutes that a job may take."""
_CACHE = "actions/cache"


def identify(path: Path) -> str:
    return path.stem


def read(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text())
    # YAML 1.1 takes the word `on` for true.
    content["on"] = content.pop(True)
    return content


def workflow(name: str) -> dict[str, Any]:
    return read(REPOSITORY / ".github" / "workflows" / f"{name}.yml")


def jobs(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from content["jobs"].values()


def steps(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in jobs(content) for step in job["steps"]]


def only(content: dict[str, Any], action: str) -> dict[str, Any]:
    (found,) = [step for step in steps(content) if str(step.get("uses")).startswith(f"{action}@")]
    return found


@pytest.mark.parametrize("path", FILES, ids=identify)
def test_a_workflow_may_do_what_it_must_and_no_more(path: Path) -> None:
    content = read(path)

    assert content["name"] == path.stem
    assert content["permissions"] == PERMISSIONS[path.stem]
    # A job could ask for more.
    assert [job for job in jobs(content) if "permissions" in job] == []


@pytest.mark.parametrize("path", FILES, ids=identify)
def test_no_workflow_runs_a_strangers_code_with_rights(path: Path) -> None:
    content = read(path)

    assert "pull_request_target" not in content["on"]
    assert "secrets." not in path.read_text(), "there are none: AWS gives its credentials by OIDC"
    if "write" in content["permissions"].values():
        of_our_own = all("head.repo.full_name == github.repository" in str(job.get("if")) for job in jobs(content))
        runs_nothing = not any("uses" in step for step in steps(content))
        assert of_our_own or runs_nothing


def test_the_preview_for_forks_has_nothing_to_steal() -> None:
    content = workflow("preview")

    assert list(content["on"]) == ["pull_request"]
    assert not {"environment", "secrets"} & {key for job in jobs(content) for key in job}
    assert "id-token" not in content["permissions"]


@pytest.mark.parametrize("path", FILES, ids=identify)
def test_what_a_stranger_can_write_never_becomes_a_command(path: Path) -> None:
    """A branch or a title in ``${{ }}`` would be pasted into the script; by the environment it stays a text."""
    assert [step["run"] for step in steps(read(path)) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("path", FILES, ids=identify)
def test_the_token_is_not_left_lying_in_the_checkout(path: Path) -> None:
    for step in steps(read(path)):
        if str(step.get("uses")).startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", FILES, ids=identify)
def test_no_job_hangs_or_runs_twice(path: Path) -> None:
    content = read(path)

    assert all(job["timeout-minutes"] <= _LONGEST for job in jobs(content))
    assert content["concurrency"]["group"]


def test_actions_are_pinned_by_their_commits_each_by_one() -> None:
    pins: dict[str, set[str]] = {}
    for path in FILES:
        for line in path.read_text().splitlines():
            if "uses:" in line:
                found = re.search(r"uses: ([\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$", line)
                assert found, f"{path.name}: {line.strip()}: a commit, and the version that it is"
                # An action may be one of several in its repository.
                pins.setdefault("/".join(found[1].split("/")[:2]), set()).add(f"{found[2]} {found[3]}")

    assert {action: versions for action, versions in pins.items() if len(versions) > 1} == {}
    assert len(pins) > 4


def test_ci_keys_its_cache_by_all_that_the_sandbox_keys_its_own_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found by its exact key is not saved again: a change that the key misses is built anew in every run."""
    asked: set[Path] = set()

    def noted(*parts: str | bytes | Path) -> str:
        asked.update(part for part in parts if isinstance(part, Path))
        return "key"

    def keyed(requirements: list[Path]) -> str:
        asked.update(requirements)
        raise InterruptedError("that is all there is to see")

    monkeypatch.setattr(cache, "key", noted)
    for tool in (pins.HELM, *(one for minor in pins.kubernetes_minors() for one in pins.tools(minor))):
        tool.entry("linux/amd64")
    pins.crds_entry()
    monkeypatch.setattr(python_environment, "environment_key", keyed)
    with pytest.raises(InterruptedError):
        python_environment.ensure(REPOSITORY)

    save = only(workflow("test"), _CACHE)["with"]
    patterns = re.findall(r"'([^']+)'", save["key"])
    hashed = {path for pattern in patterns for path in REPOSITORY.glob(pattern)}
    assert len(asked) > 10
    assert asked | {Path(pins.__file__)} <= hashed
    (python,) = [step for step in steps(workflow("test")) if step.get("id") == "python"]
    assert python["uses"].startswith("actions/setup-python@")
    assert "${{ steps.python.outputs.python-version }}" in save["key"]


def test_the_preview_takes_what_the_tests_have_cached_and_saves_nothing() -> None:
    """It builds less: a cache of its own would lack helm, and its exact key would keep `test` from saving one."""
    assert only(workflow("preview"), f"{_CACHE}/restore")["with"] == only(workflow("test"), _CACHE)["with"]


def test_the_comment_is_that_of_the_preview_and_fits() -> None:
    comment, preview = workflow("comment"), workflow("preview")
    (step,) = steps(comment)
    upload = only(preview, "actions/upload-artifact")

    assert comment["on"] == {"workflow_run": {"workflows": [preview["name"]], "types": ["completed"]}}
    assert step["env"]["MARK"] == MARK
    assert f"--name {upload['with']['name']} " in step["run"]
    assert "review.md" in upload["with"]["path"].split()
    assert any("--comment review.md --summary summary.md" in one.get("run", "") for one in steps(preview))
    # What the workflow writes around it is a few hundred characters.
    assert LIMIT + 500 <= GITHUB_TAKES


def test_what_the_preview_found_is_shown_however_it_ended() -> None:
    after = [step for step in steps(workflow("preview")) if step.get("if") == "always()"]

    assert any("GITHUB_STEP_SUMMARY" in step.get("run", "") for step in after)
    assert any("upload-artifact" in step.get("uses", "") for step in after)


def test_the_preview_against_aws_is_the_programs_own() -> None:
    content = workflow("preview-aws")
    pulumi = only(content, "pulumi/actions")["with"]
    pin = re.search(r"^pulumi==(.+)$", (REPOSITORY / "requirements.txt").read_text(), re.MULTILINE)

    assert pin
    assert pulumi["pulumi-version"] == pin[1]
    assert pulumi["command"] == "preview"
    assert pulumi["policyPacks"] == "policies"
    assert not {"aws-access-key-id", "aws-secret-access-key"} & set(
        only(content, "aws-actions/configure-aws-credentials")["with"]
    )


def test_a_preview_against_aws_is_asked_for_and_approved_for_each_stack() -> None:
    """Its code has the stack's secrets in its hands: an approval for dev must not hand those of prod over."""
    content = workflow("preview-aws")
    (job,) = jobs(content)
    guide = (REPOSITORY / "docs" / "aws.md").read_text()

    assert job["environment"] == "preview-${{ matrix.stack }}"
    assert job["strategy"]["matrix"]["stack"] == """${{ fromJSON(vars.PREVIEW_STACKS || '["dev"]') }}"""
    assert "vars.PREVIEW_AWS == 'true' &&" in job["if"]
    assert ':environment:preview-dev"' in guide
    assert "**required reviewers**" in guide


def test_what_a_preview_against_aws_wants_is_said_where_one_looks() -> None:
    """The networks of dev's API and the role of the kubeconfig let no runner and no role in by themselves."""
    head, _, _ = (REPOSITORY / ".github" / "workflows" / "preview-aws.yml").read_text().partition("name:")
    guide = (REPOSITORY / "docs" / "aws.md").read_text().partition("## 2. ")[0]
    read = set(re.findall(r"vars\.(\w+)", str(workflow("preview-aws"))))

    assert {name for name in read if name not in head} == set()
    for text in (head, guide):
        for wanted in ("PREVIEW_RUNNER", "cluster.publicAccessCidrs", "cluster.accessRoleArn"):
            assert wanted in text
    assert "the preview's role needs `sts:AssumeRole`" in guide


def test_nobody_approves_what_a_bot_brings_into_aws() -> None:
    """Neither its own run, nor that of somebody who pushes the button for it."""
    (job,) = jobs(workflow("preview-aws"))

    assert "github.actor != 'dependabot[bot]'" in job["if"]
    assert "github.event.pull_request.user.login != 'dependabot[bot]'" in job["if"]
    assert "||" not in job["if"]


def test_workflows_call_targets_that_there_are() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    called = {
        word
        for path in FILES
        for step in steps(read(path))
        for word in re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))
    }

    assert called == {"check", "test", "review"}
    assert called <= targets


def test_every_pull_request_is_held_to_all_that_contributing_asks_for() -> None:
    """Form, lint, types and coverage are in `make check` only, the tests on the engine in `make test` only."""
    content = workflow("test")
    commands = [[step.get("run") for step in job["steps"]] for job in jobs(content)]

    assert "pull_request" in content["on"]
    assert content["on"]["push"] == {"branches": ["main"]}
    for command in ("make check", "make test"):
        assert any(command in job for job in commands)
    assert not [key for job in jobs(content) for key in ("if", "continue-on-error") if key in job]


def test_every_pull_request_has_its_workflows_linted_in_the_version_of_pre_commit() -> None:
    """By actionlint, which only Go brings (docs/review.md says why): CI is where it never lacks."""
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())["repos"]
    (revision,) = [one["rev"] for one in hooks if one["repo"].endswith("/actionlint")]
    commands = [step.get("run") for step in workflow("test")["jobs"]["workflows"]["steps"]]

    install, lint = commands[-2:]
    assert install == f"go install github.com/rhysd/actionlint/cmd/actionlint@{revision}"
    assert lint == '"$(go env GOPATH)/bin/actionlint" -color'


def test_a_commit_with_a_stale_generated_file_is_caught_by_pre_commit() -> None:
    (house,) = [
        hook
        for one in yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())["repos"]
        for hook in one["hooks"]
        if hook["id"] == "house"
    ]
    generated = {str(path.relative_to(REPOSITORY)) for path in REPOSITORY.glob("tests/**/test_documentation.py")}

    assert len(generated) > 3
    assert generated | {"tests/test_house.py"} == {word for word in house["entry"].split() if word.endswith(".py")}


if ACTIONLINT := shutil.which("actionlint"):
    # Elsewhere there is no such test, rather than one that passes without having looked.
    def test_the_workflows_are_as_actionlint_wants_them() -> None:
        done = subprocess.run([str(ACTIONLINT), *FILES], cwd=REPOSITORY, capture_output=True, text=True)
        assert (done.stdout + done.stderr, done.returncode) == ("", 0)
