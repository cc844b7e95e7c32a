from __future__ import annotations

import json

import pytest

from components.encryption import EncryptionKey, EncryptionKeyArgs, KeyUse
from components.removal import RemovalPolicy
from recorder import Recording, record


def build(use: KeyUse = KeyUse.DATA, removal_policy: RemovalPolicy = RemovalPolicy.RETAIN) -> Recording:
    return record(
        lambda: EncryptionKey(
            "k",
            EncryptionKeyArgs(alias="shop-data", description="Data", use=use, removal_policy=removal_policy),
        )
    )


def test_keys_are_rotated() -> None:
    assert build()["k-key"].inputs["enableKeyRotation"] is True


def test_keys_have_a_name_for_people() -> None:
    assert build()["k-alias"].inputs["name"] == "alias/shop-data"


def test_the_account_administers_a_key_through_iam() -> None:
    (statement,) = json.loads(build()["k-key"].inputs["policy"])["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}


def test_log_groups_of_this_account_and_region_may_use_a_key_for_logs() -> None:
    _, logs = json.loads(build(KeyUse.LOGS)["k-key"].inputs["policy"])["Statement"]
    assert logs["Principal"] == {"Service": "logs.eu-central-1.amazonaws.com"}
    assert logs["Condition"]["ArnLike"] == {
        "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-central-1:123456789012:log-group:*"
    }


@pytest.mark.parametrize(("policy", "days"), [(RemovalPolicy.RETAIN, 30), (RemovalPolicy.DELETE, 7)])
def test_the_key_of_retained_data_is_retained(policy: RemovalPolicy, days: int) -> None:
    key = build(removal_policy=policy)["k-key"]
    assert key.protect is key.retain_on_delete is policy.retains
    assert key.inputs["deletionWindowInDays"] == days
