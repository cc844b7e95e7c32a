from __future__ import annotations

import json

import pytest

from components.removal import RemovalPolicy
from components.secrets import ConnectionSecret, ConnectionSecretArgs
from recorder import Recording, record


def build(removal_policy: RemovalPolicy = RemovalPolicy.RETAIN) -> Recording:
    return record(
        lambda: ConnectionSecret(
            "s",
            ConnectionSecretArgs(
                description="How to connect",
                key_arn="arn:key",
                connection={"host": "db", "port": 5432},
                removal_policy=removal_policy,
            ),
        )
    )


def test_the_value_is_secret_json() -> None:
    value = build()["s-value"]
    assert json.loads(value.inputs["secretString"]) == {"host": "db", "port": 5432}
    assert value.secrets == {"secretString"}


def test_the_secret_is_encrypted_with_the_given_key() -> None:
    assert build()["s-secret"].inputs["kmsKeyId"] == "arn:key"


@pytest.mark.parametrize(("policy", "days"), [(RemovalPolicy.RETAIN, 30), (RemovalPolicy.DELETE, 0)])
def test_removal_policy_decides_whether_a_secret_can_be_had_back(policy: RemovalPolicy, days: int) -> None:
    secret = build(policy)["s-secret"]
    assert secret.protect is secret.retain_on_delete is policy.retains
    assert secret.inputs["recoveryWindowInDays"] == days


def test_a_changed_value_can_replace_the_old_one() -> None:
    assert not build()["s-value"].protect
