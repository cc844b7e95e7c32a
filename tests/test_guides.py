"""The guides are true of this program: rights, names of outputs and settings, links."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from recorder import Recording, record
from sandbox.critical_path import Estimate
from sandbox.plugins.aws.table import Resource
from sandbox.plugins.aws.tables import RESOURCES
from stacks.settings import Settings
from tests.guides import AWS, REPOSITORY, block
from tests.stacks.stack_files import bring_up, configuration

DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
SERVICES = {"cloudwatch": "logs", "vpc": "ec2"}
"""Modules of the SDK that are called otherwise in IAM."""
ACTIONS = {
    "aws:eks/getAddonVersion:getAddonVersion": "eks:DescribeAddonVersions",
    "aws:eks/getCluster:getCluster": "eks:DescribeCluster",
    "aws:eks/getClusters:getClusters": "eks:ListClusters",
    "aws:eks/getNodeGroup:getNodeGroup": "eks:DescribeNodegroup",
    "aws:eks/getNodeGroups:getNodeGroups": "eks:ListNodegroups",
    "aws:index/getAvailabilityZones:getAvailabilityZones": "ec2:DescribeAvailabilityZones",
    "aws:index/getCallerIdentity:getCallerIdentity": "sts:GetCallerIdentity",
    # The provider knows these by itself.
    "aws:index/getPartition:getPartition": None,
    "aws:index/getRegion:getRegion": None,
    "aws:rds/getInstance:getInstance": "rds:DescribeDBInstances",
    "aws:rds/getInstances:getInstances": "rds:DescribeDBInstances",
    "aws:secretsmanager/getRandomPassword:getRandomPassword": "secretsmanager:GetRandomPassword",
}
"""What a function of the program asks AWS for."""


@pytest.fixture(scope="module", params=["dev", "prod"])
def stack(request: pytest.FixtureRequest) -> Recording:
    return bring_up(request.param)


def identify(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def test_the_deploy_policy_lets_all_be_made_that_the_stacks_have(stack: Recording) -> None:
    statements = json.loads(block("checked: deploy policy"))["Statement"]
    actions = {action for one in statements for action in listed(one["Action"])}
    kinds = {one.type.split(":")[1].partition("/")[0] for one in stack.resources if one.type.startswith("aws:")}
    services = {SERVICES.get(kind, kind) for kind in kinds} - {"iam"}

    assert "iam" in kinds
    assert services == {action.removesuffix(":*") for action in actions if action.endswith(":*")}


def test_the_deploy_policy_lets_roles_be_made_changed_and_deleted(stack: Recording) -> None:
    (roles,) = (one for one in json.loads(block("checked: deploy policy"))["Statement"] if "role/*" in one["Resource"])
    rows = [RESOURCES[token] for token in {one.type for one in stack.resources if one.type.startswith("aws:iam/")}]
    calls = {call for row in rows for call in operations(row) if "Boundary" not in call}  # no role here has one

    assert len(rows) == 3
    assert {f"iam:{call}" for call in calls} <= set(roles["Action"])
    assert "iam:PassRole" in roles["Action"]


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def operations(row: Resource) -> Iterator[str]:
    """All operations that a type of the sandbox calls, as the genuine provider does."""
    for op in (row.create, *row.update, *([row.delete] if row.delete else [])):
        yield from filter(None, (op.name, op.clear, op.swap))
    yield from (read.name for read in row.read)
    if row.tags:
        yield from (row.tags.add, row.tags.remove)


def test_who_previews_may_ask_all_that_the_program_asks() -> None:
    asked = {token for each in ("dev", "prod") for token, _, _ in bring_up(each).invokes}
    # What it asks once there is a cluster.
    there = (":getNodeGroup", "eks/getCluster:", "rds/getInstance:")
    asked |= {token for token in ACTIONS if any(name in token for name in there)}

    assert {ACTIONS[token] for token in asked} - {None} == set(block("checked: preview actions").split())


def test_an_output_that_is_named_is_there() -> None:
    named = {name for path in DOCUMENTS for name in re.findall(r"pulumi stack output (\w+)", path.read_text())}
    balancer = {"status": {"loadBalancer": {"ingress": [{"hostname": "balancer.example.com"}]}}}
    recording = record(
        lambda: runpy.run_path(str(REPOSITORY / "__main__.py")),
        config=configuration("dev"),
        stack="dev",
        overrides={"ingress-load-balancer": balancer},
    )

    assert {"registryUrls", "loadBalancer"} <= named <= recording.exports.keys()


@pytest.mark.parametrize("path", [REPOSITORY / "README.md", AWS], ids=identify)
def test_a_setting_that_is_named_is_there(path: Path) -> None:
    known = set(keys())
    sections = {key.partition(".")[0] for key in known}
    named = {
        name
        for name in re.findall(
            r"`(?:platform:)?([a-z]\w+(?:\.(?:\w+|<name>))+)(?:\[0\])?(?::? [^`]*)?`", path.read_text()
        )
        if name.partition(".")[0] in sections
    }

    assert [name for name in sorted(named) if not any(fnmatchcase(name, pattern) for pattern in known)] == []


def test_a_path_with_an_index_is_quoted() -> None:
    """zsh takes brackets for a pattern, and refuses one that no file fits."""
    assert [path.name for path in DOCUMENTS if re.search(r"--path [^'\"\s]*\[", path.read_text())] == []


@pytest.mark.parametrize(
    "sentence",
    [
        (
            REPOSITORY / "docs" / "conditions.md",
            r"longest chain of what waits for each other. About (\d+) minutes for dev",
        ),
        (AWS, r"`pulumi up`: about (\d+) minutes for dev, by `make critical-path`"),
    ],
    ids=lambda sentence: sentence[0].name,
)
def test_an_up_of_dev_takes_on_aws_what_the_guides_say(sentence: tuple[Path, str]) -> None:
    """By the same chain as `make critical-path`, of the resources that the program asks for."""
    path, pattern = sentence
    resources = [
        {
            "urn": one.urn,
            "type": one.type,
            "parent": one.parent,
            "provider": one.provider,
            "dependencies": sorted(one.depends_on),
            "inputs": one.inputs,
        }
        for one in bring_up("dev").resources
    ]
    said = re.search(pattern, path.read_text())

    assert said
    assert int(said[1]) == round(Estimate(resources).total / 60)


def keys() -> Iterator[str]:
    """All settings, ``*`` where names stand."""
    schema = Settings.model_json_schema()

    def below(value: dict[str, Any], path: str) -> Iterator[str]:
        for alternative in (value, *value.get("anyOf", ())):
            reference = alternative.get("$ref")
            found = schema["$defs"][reference.rpartition("/")[2]] if reference else alternative
            for key, member in found.get("properties", {}).items():
                yield f"{path}{key}"
                yield from below(member, f"{path}{key}.")
            for many in ("additionalProperties", "items"):
                if isinstance(found.get(many), dict):
                    yield f"{path}*" if many == "additionalProperties" else path.removesuffix(".")
                    yield from below(found[many], f"{path}*." if many == "additionalProperties" else path)

    yield from below(schema, "")


@pytest.mark.parametrize("path", DOCUMENTS, ids=identify)
def test_a_link_leads_somewhere(path: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        found = (path.parent / name).resolve() if name else path
        if not found.exists() or (anchor and anchor not in anchors(found)):
            lost.append(target)

    assert lost == []


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_guide_to_aws_is_found_from_the_readme() -> None:
    assert f"]({AWS.relative_to(REPOSITORY)}" in (REPOSITORY / "README.md").read_text()
