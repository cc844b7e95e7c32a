"""What a preview changes: which resources, why, and whether data is at risk."""

from __future__ import annotations

from typing import Any

import pytest

from review.changes import DATA, UNKNOWN, Operation, PropertyChange, changes
from tests.stacks.stack_files import bring_up

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


@pytest.mark.parametrize("path", ['tags["kubernetes.io/role/elb"]', "spec.env[0].value"])
def test_dots_and_quotes_in_a_path_lead_to_its_value(path: str) -> None:
    inputs = {"tags": {"kubernetes.io/role/elb": UNKNOWN}, "spec": {"env": [{"value": UNKNOWN}]}}

    (change,) = changes(preview(update(ROLE, "role", inputs, path)))

    assert change.only_computed


def test_what_the_provider_computes_is_looked_up_where_it_stands() -> None:
    state = {"inputs": {"tags": {"a": "b"}}, "outputs": {"tagsAll": {"a": UNKNOWN}, "tags": {"a": UNKNOWN}}}
    detailed = {path: {"kind": "update"} for path in ("tagsAll.a", "tags.a")}

    (change,) = changes(preview(step("update", ROLE, "role", newState=state, detailedDiff=detailed)))

    assert {one.path: one.computed for one in change.properties} == {"tagsAll.a": True, "tags.a": False}


def test_one_known_property_is_enough() -> None:
    (change,) = changes(preview(update(ROLE, "role", {"policy": UNKNOWN, "path": "/a/"}, "policy", "path")))

    assert not change.only_computed


def test_a_replacement_is_never_taken_for_a_computed_change() -> None:
    """What is replaced because of a value that may turn out to be the old one is at risk all the same."""
    replaced = step(
        "replace",
        DATABASE,
        "writer",
        newState={"inputs": {"subnet": UNKNOWN}},
        detailedDiff={"subnet": {"kind": "update-replace"}},
    )

    (change,) = changes(preview(replaced))

    assert not change.only_computed
    assert change.loses_data
    assert change.properties == (PropertyChange("subnet", replaces=True, computed=True),)


def test_what_stays_in_the_cloud_is_known() -> None:
    kept, gone = changes(
        preview(
            step("delete", DATABASE, "kept", oldState={"retainOnDelete": True}),
            step("delete", DATABASE, "gone", oldState={}),
        )
    )[::-1]

    assert (kept.name, kept.retained) == ("kept", True)
    assert (gone.name, gone.retained) == ("gone", False)


def test_what_the_program_protects_because_of_its_data_is_data_to_the_reviewer() -> None:
    protected = {resource.type for resource in bring_up("prod").resources if resource.protect}

    assert len(protected) > 5
    assert protected <= DATA


@pytest.mark.parametrize(
    "token",
    [
        "aws:backup/vault:Vault",
        "aws:cognito/userPool:UserPool",
        "aws:ebs/volume:Volume",
        "aws:elasticache/serverlessCache:ServerlessCache",
        "aws:fsx/ontapFileSystem:OntapFileSystem",
        "aws:kinesis/stream:Stream",
        "aws:memorydb/cluster:Cluster",
        "aws:msk/cluster:Cluster",
        "aws:opensearch/domain:Domain",
        "aws:route53/zone:Zone",
        "aws:sqs/queue:Queue",
        "kubernetes:apps/v1:StatefulSet",
    ],
)
def test_what_keeps_backups_or_volumes_is_data_although_the_platform_has_none_yet(token: str) -> None:
    (change,) = changes(preview(step("delete", token, "kept")))

    assert change.loses_data


def test_no_change_is_none() -> None:
    assert changes(preview()) == []
