"""`make review` on the genuine engine: a base that is up, a head that changes it, and a policy pack that judges it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engine.conftest import clone_into

pytestmark = pytest.mark.engine

STACK_FILE = 'config:\n  pulumi:disable-default-providers: ["*"]\n  platform:aws: {region: eu-central-1}\n'
TRUST = '{"Version": "2012-10-17", "Statement": []}'
BASE = f"""\
import pulumi
import pulumi_aws as aws

mine = pulumi.ResourceOptions(provider=aws.Provider("aws", region="eu-central-1"))
images = aws.ecr.Repository("images", name="images", force_delete=True, opts=mine)
role = aws.iam.Role("role", assume_role_policy='{TRUST}', description="Pulls", opts=mine)
grant = {{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "ecr:*", "Resource": images.arn}}]}}
aws.iam.RolePolicy("grant", role=role.name, policy=pulumi.Output.json_dumps(grant), opts=mine)
"""
HEAD = BASE.replace('name="images"', 'name="pictures"').replace('"Pulls"', '"Pulls images"') + (
    f"aws.iam.Role(\"another\", assume_role_policy='{TRUST}', opts=mine)\n"
)
PACK = """\
import sys

from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy, StackValidationPolicy


def immutable(args, report):
    if args.resource_type == "aws:ecr/repository:Repository" and args.props.get("imageTagMutability") != "IMMUTABLE":
        report("tags can be moved to other images\\nFix: set imageTagMutability to IMMUTABLE")


def described(args, report):
    if args.resource_type == "aws:iam/role:Role" and not args.props.get("description"):
        report("")


def narrow(args, report):
    if args.resource_type == "aws:iam/rolePolicy:RolePolicy" and args.props["policy"] == "*":
        report("")


PolicyPack(
    "tiny",
    enforcement_level=EnforcementLevel.ADVISORY,
    policies=[
        ResourceValidationPolicy(
            "immutable-images", "An image stays what it was", immutable, enforcement_level=EnforcementLevel.MANDATORY
        ),
        ResourceValidationPolicy("described-roles", "A role says what it is for", described),
        ResourceValidationPolicy("narrow-rights", "No role may do everything", narrow),
        StackValidationPolicy("some-stack", "There is a stack", lambda args, report: None),
    ],
)
"""
STRICTER = PACK.replace("enforcement_level=EnforcementLevel.ADVISORY", "enforcement_level=EnforcementLevel.MANDATORY")
"""The base's own: it refuses the base, as the pack of main does on the day on which an exception has expired."""


@dataclass(frozen=True)
class Repository:
    """A clone whose branch ``main`` has the base, and its working tree the head."""

    folder: Path
    scratch: Path
    """Where reviews have their temporary files, and nobody else has any."""

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main"]
        return subprocess.run(
            ["git", *who, *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        ).stdout

    def review(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "review", *arguments],
            cwd=self.folder,
            env={**os.environ, "TMPDIR": str(self.scratch)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    folder = clone_into(tmp_path_factory.mktemp("clone"), "dev").folder
    found = Repository(folder, tmp_path_factory.mktemp("scratch"))
    (folder / "Pulumi.prod.yaml").unlink()
    (folder / "policies" / "__main__.py").write_text(STRICTER)
    (folder / "Pulumi.dev.yaml").write_text(STACK_FILE)
    (folder / "__main__.py").write_text(BASE)
    found.git("init", "--quiet")
    found.git("add", "--all")
    found.git("commit", "--quiet", "--message", "The base")
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "__main__.py").write_text(HEAD)
    (folder / "Pulumi.test.yaml").write_text(STACK_FILE)
    (folder / "policies" / "__main__.py").write_text(PACK)
    yield found
    assert found.git("worktree", "list").count("\n") == 1
    assert not list(found.scratch.glob("platform-review-*"))


def test_a_review_shows_what_changes_what_is_refused_and_a_stack_that_the_base_lacks(repository: Repository) -> None:
    done = repository.review("--base", "main", "--comment", "review.md", "--summary", "summary.md")

    lines = (repository.folder / "review.md").read_text().splitlines()
    assert done.returncode == 1, "a policy refuses it"
    assert "> It also changes what decides over this text: `policies/`. Read that first." in lines
    dev, test = (next(line for line in lines if line.startswith(f"### {stack}:")) for stack in ("dev", "test"))
    assert dev == "### dev: 1 created, 1 updated, 1 replaced, 1 perhaps updated, refused by 1 policy violation"
    # The provider, three resources, and the role: nothing of it is up.
    assert test == "### test: new: 5 created, refused by 1 policy violation"

    of_dev = "\n".join(lines[lines.index(dev) : lines.index(test)])
    assert "> - replaced `images` (aws:ecr/repository:Repository): because of `name`" in of_dev
    assert "- updated `role` (aws:iam/role:Role): `description`" in of_dev
    assert "- created `another` (aws:iam/role:Role)" in of_dev
    _, _, folded = of_dev.partition("<details>")
    assert "- updated `grant` (aws:iam/rolePolicy:RolePolicy): `policy` (not known yet)" in folded

    assert "**Policies**: 1 mandatory, 1 advisory, of 4 rules." in of_dev
    assert "⛔ mandatory `immutable-images`: `images` (aws:ecr/repository:Repository): " in of_dev
    assert "An image stays what it was. tags can be moved to other images." in of_dev
    assert "**Fix**: set imageTagMutability to IMMUTABLE" in of_dev
    assert "⚠️ advisory `described-roles`: `another` (aws:iam/role:Role): A role says what it is for." in of_dev
    assert "- rule narrow-rights on grant: " in of_dev
    assert "preview failed\n```" not in of_dev, "that a policy refuses it has been said"


def test_a_review_that_nothing_refuses_says_that_the_rules_are_kept(repository: Repository) -> None:
    program = repository.folder / "__main__.py"
    kept = BASE.replace("force_delete=True", 'force_delete=True, image_tag_mutability="IMMUTABLE"')
    program.write_text(kept)
    try:
        done = repository.review("--base", "main", "--stacks", "dev")
    finally:
        program.write_text(HEAD)

    assert done.returncode == 0, done.stderr
    assert "dev: 1 updated" in done.stdout
    assert "Policies: none of 4 rules is violated" in done.stdout


def test_a_base_that_does_not_exist_is_named(repository: Repository) -> None:
    done = repository.review("--base", "nowhere")

    assert done.returncode == 1
    assert done.stderr.startswith("error: nowhere can't be had:\n")
    assert "Traceback" not in done.stderr
