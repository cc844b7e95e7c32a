"""What the reviewer of a pull request reads, from recorded previews."""

from __future__ import annotations

from typing import Any

import pytest

from review.changes import UNKNOWN, Change, Operation, PropertyChange, changes
from review.rendering import MARK, StackReview, comment, terminal

DATABASE = "aws:rds/instance:Instance"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
ROLE = "aws:iam/role:Role"


def step(op: str, token: str, name: str, **members: Any) -> dict[str, Any]:
    return {"op": op, "urn": f"urn:pulumi:dev::platform::platform:data:Database${token}::{name}", **members}


def update(token: str, name: str, inputs: dict[str, Any], *paths: str) -> dict[str, Any]:
    detailed = {path: {"kind": "update", "inputDiff": False} for path in paths}
    return step("update", token, name, newState={"inputs": inputs}, detailedDiff=detailed, diffReasons=list(paths))


def preview(*steps: dict[str, Any]) -> dict[str, Any]:
    stack = {"op": "update", "urn": "urn:pulumi:dev::platform::pulumi:pulumi:Stack::platform-dev"}
    return {"steps": [stack, *steps, step("same", ROLE, "unchanged"), step("read", ROLE, "looked-at")]}


REPLACED = preview(
    step("create-replacement", DATABASE, "writer"),
    step(
        "replace",
        DATABASE,
        "writer",
        newState={"inputs": {"dbName": "shop"}},
        detailedDiff={"dbName": {"kind": "update-replace"}, "tags.a": {"kind": "update"}},
        replaceReasons=["dbName"],
    ),
    step("delete-replaced", DATABASE, "writer"),
    update(DEPLOYMENT, "app", {"spec": {"replicas": 4}}, "spec.replicas"),
    step("create", ROLE, "new"),
    step("delete", ROLE, "old"),
)


def test_each_resource_that_changes_is_told_once_what_may_lose_data_first() -> None:
    assert [(one.name, one.operation) for one in changes(REPLACED)] == [
        ("writer", Operation.REPLACE),
        ("old", Operation.DELETE),
        ("app", Operation.UPDATE),
        ("new", Operation.CREATE),
    ]


def test_why_a_resource_is_replaced_is_told() -> None:
    (writer,) = [one for one in changes(REPLACED) if one.name == "writer"]

    assert writer.loses_data
    assert [one for one in writer.properties if one.replaces] == [PropertyChange("dbName", replaces=True)]


@pytest.mark.parametrize(
    ("inputs", "path", "computed"),
    [
        ({"policy": UNKNOWN}, "policy", True),
        ({"spec": UNKNOWN}, "spec.template.image", True),
        ({"tags": [{"value": UNKNOWN}]}, "tags[0].value", True),
        ({"policy": "{}"}, "policy", False),
        ({}, "policy", False),
    ],
)
def test_a_value_that_is_not_known_yet_is_no_known_change(inputs: dict[str, Any], path: str, computed: bool) -> None:
    (change,) = changes(preview(update(ROLE, "role", inputs, path)))

    assert change.only_computed is computed


def test_one_known_property_is_enough() -> None:
    (change,) = changes(preview(update(ROLE, "role", {"policy": UNKNOWN, "path": "/a/"}, "policy", "path")))

    assert not change.only_computed


def test_a_preview_without_changes_says_so() -> None:
    assert changes(preview()) == []
    assert "### dev: nothing" in comment([StackReview("dev", [])], "main")


COMMENT = f"""\
{MARK}
## What this changes, against `main`

### dev: 1 created, 2 updated, 1 replaced

> [!CAUTION]
> **This holds data, or all depends on it:**
> - ± `writer` (aws:rds/instance:Instance): replaced because of `dbName`

- ~ `app` (kubernetes:apps/v1:Deployment): `spec.replicas`
- + `new` (aws:iam/role:Role)

<details><summary>1 whose new values are not known yet: most often nothing changes</summary>

- ~ `grant` (aws:iam/policy:Policy): `policy`

</details>

<details><summary>What could not be checked</summary>

- `kubernetes:helm.sh/v3:Release`: stand-in

</details>

### prod: no preview

```
error: it does not work
```
"""

REVIEWS = [
    StackReview(
        "dev",
        [
            Change(DATABASE, "writer", Operation.REPLACE, (PropertyChange("dbName", replaces=True),)),
            Change(DEPLOYMENT, "app", Operation.UPDATE, (PropertyChange("spec.replicas"),)),
            Change("aws:iam/policy:Policy", "grant", Operation.UPDATE, (PropertyChange("policy", computed=True),)),
            Change(ROLE, "new", Operation.CREATE),
        ],
        {"kubernetes:helm.sh/v3:Release": "stand-in"},
    ),
    StackReview("prod", [], problem="error: it does not work\n"),
]


def test_the_comment() -> None:
    assert comment(REVIEWS, "main") == COMMENT


def test_the_terminal_says_the_same() -> None:
    assert terminal(REVIEWS, "main").splitlines() == [
        "What this changes, against main",
        "",
        "dev: 1 created, 2 updated, 1 replaced",
        "  This holds data, or all depends on it:",
        "  ! ± writer (aws:rds/instance:Instance): replaced because of dbName",
        "    ~ app (kubernetes:apps/v1:Deployment): spec.replicas",
        "    + new (aws:iam/role:Role)",
        "  1 whose new values are not known yet: grant",
        "  not checked as on AWS: kubernetes:helm.sh/v3:Release (stand-in)",
        "",
        "prod: no preview",
        "error: it does not work",
    ]


def test_of_many_properties_the_first_are_named() -> None:
    many = tuple(PropertyChange(f"p{number}") for number in range(10))
    said = terminal([StackReview("dev", [Change(ROLE, "role", Operation.UPDATE, many)])], "main")

    assert "p0, p1, p2, p3, p4, p5, p6, p7 and 2 more" in said
