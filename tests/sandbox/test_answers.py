"""Creations that are asked for twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.wrappers import Response

from sandbox.cloud.answers import Answers
from sandbox.plugins.aws.cloud import AwsError, Cloud
from tests.sandbox.aws.emulated_cloud import emulated_cloud

REGION = "eu-central-1"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with emulated_cloud() as address:
        yield Cloud(address)


def vpcs(cloud: Cloud, cidr: str) -> list[str]:
    found = cloud.call("ec2", REGION, "DescribeVpcs", {"Filters": [{"Name": "cidr", "Values": [cidr]}]})
    return [vpc["VpcId"] for vpc in found["Vpcs"]]


@pytest.mark.parametrize(
    ("service", "operation", "params", "id"),
    [
        ("ec2", "CreateVpc", {"CidrBlock": "10.1.0.0/16"}, ("Vpc", "VpcId")),
        ("kms", "CreateKey", {}, ("KeyMetadata", "KeyId")),
        (
            "elasticache",
            "CreateCacheParameterGroup",
            {"CacheParameterGroupName": "g", "CacheParameterGroupFamily": "valkey8", "Description": "d"},
            ("CacheParameterGroup", "CacheParameterGroupName"),
        ),
    ],
    ids=["moto's XML", "moto's JSON", "the sandbox's own"],
)
def test_the_same_token_gets_the_same_answer(
    cloud: Cloud, service: str, operation: str, params: dict[str, Any], id: tuple[str, str]
) -> None:
    first = cloud.call(service, REGION, operation, params, token=operation)
    second = cloud.call(service, REGION, operation, params, token=operation)
    for answer in (first, second):
        answer.pop("ResponseMetadata")
    assert first == second
    assert first[id[0]][id[1]]


def test_another_token_and_none_make_something_else(cloud: Cloud) -> None:
    for token in ("one", "two", ""):
        cloud.call("ec2", REGION, "CreateVpc", {"CidrBlock": "10.2.0.0/16"}, token=token)
    assert len(vpcs(cloud, "10.2.0.0/16")) == 3


def test_a_token_is_of_one_call_only(cloud: Cloud) -> None:
    cloud.call("ec2", REGION, "CreateVpc", {"CidrBlock": "10.3.0.0/16"}, token="three")
    cloud.call("ec2", REGION, "CreateVpc", {"CidrBlock": "10.3.0.0/16"})
    assert len(vpcs(cloud, "10.3.0.0/16")) == 2


def test_a_refusal_is_not_kept(cloud: Cloud) -> None:
    with pytest.raises(AwsError):
        cloud.call("ec2", REGION, "CreateVpc", {"CidrBlock": "nonsense"}, token="four")
    cloud.call("ec2", REGION, "CreateVpc", {"CidrBlock": "10.4.0.0/16"}, token="four")
    assert len(vpcs(cloud, "10.4.0.0/16")) == 1


def test_who_asks_while_the_first_is_answered_waits_for_that_answer() -> None:
    answers, asked, may = Answers(), threading.Event(), threading.Event()
    calls: list[str] = []
    given: list[bytes] = []

    def ask() -> Response:
        calls.append("asked")
        asked.set()
        assert may.wait(5)
        return Response("made")

    threads = [threading.Thread(target=lambda: given.append(answers.once("t", ask).get_data())) for _ in range(2)]
    threads[0].start()
    assert asked.wait(5)
    threads[1].start()
    threads[1].join(0.1)
    assert threads[1].is_alive()
    may.set()
    for thread in threads:
        thread.join(5)
    assert (calls, given) == (["asked"], [b"made", b"made"])
