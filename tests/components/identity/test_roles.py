from __future__ import annotations

import json

import pytest

from components.identity import PodIdentity, PodIdentityArgs, allow, policy_document
from recorder import Recording, record


@pytest.fixture(scope="module")
def identity() -> Recording:
    return record(
        lambda: PodIdentity(
            "p",
            PodIdentityArgs(
                cluster_name="shop",
                namespace="orders",
                service_account="worker",
                managed_policies=["service-role/AmazonEBSCSIDriverPolicy"],
                policies={"queue": policy_document(allow(["sqs:ReceiveMessage"], ["arn:queue"]))},
            ),
        )
    )


def test_one_service_account_gets_the_role(identity: Recording) -> None:
    association = identity["p-association"].inputs
    assert association["clusterName"] == "shop"
    assert (association["namespace"], association["serviceAccount"]) == ("orders", "worker")
    assert association["roleArn"].endswith("p-pods-role")


def test_only_pods_can_take_the_role(identity: Recording) -> None:
    (statement,) = json.loads(identity["p-pods-role"].inputs["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]


def test_the_role_has_its_policies_before_any_pod_can_take_it(identity: Recording) -> None:
    assert identity.waits_for("p-association", "p-pods")


def test_a_policy_of_its_own_says_what_and_on_what(identity: Recording) -> None:
    assert json.loads(identity["p-pods-queue"].inputs["policy"]) == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["sqs:ReceiveMessage"], "Resource": ["arn:queue"]}],
    }


def test_managed_policies_are_those_of_the_partition(identity: Recording) -> None:
    attachment = identity["p-pods-AmazonEBSCSIDriverPolicy"].inputs
    assert attachment["policyArn"] == "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"
