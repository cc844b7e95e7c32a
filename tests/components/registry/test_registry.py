from __future__ import annotations

import json
from typing import Any

import pytest

from components.registry import Registry, RegistryArgs
from components.removal import RemovalPolicy
from recorder import Recording, record


def args(**overrides: Any) -> RegistryArgs:
    return RegistryArgs(**{"repositories": ["web", "team/api"], "key_arn": "arn:key", **overrides})


def build(**overrides: Any) -> Recording:
    return record(lambda: Registry("r", args(**overrides)))


@pytest.fixture(scope="module")
def registry() -> Recording:
    return build(prefix="platform-dev", untagged_days=3, keep_last=20)


def test_tags_never_move(registry: Recording) -> None:
    assert registry["r-web"].inputs["imageTagMutability"] == "IMMUTABLE"


def test_images_are_scanned_when_pushed(registry: Recording) -> None:
    assert registry["r-web"].inputs["imageScanningConfiguration"] == {"scanOnPush": True}


def test_images_are_encrypted_with_the_given_key(registry: Recording) -> None:
    assert registry["r-web"].inputs["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": "arn:key"}]


def test_stacks_of_one_account_do_not_share_names(registry: Recording) -> None:
    assert registry["r-team-api"].inputs["name"] == "platform-dev/team/api"


def test_urls_are_found_by_the_name_that_was_given(registry: Recording) -> None:
    urls = registry.outputs_of("r")["repository_urls"]
    assert urls["team/api"] == "123456789012.dkr.ecr.eu-central-1.amazonaws.com/platform-dev/team/api"


def test_untagged_and_old_images_are_forgotten(registry: Recording) -> None:
    first, last = json.loads(registry["r-web-lifecycle"].inputs["policy"])["rules"]
    assert (first["selection"]["tagStatus"], first["selection"]["countNumber"]) == ("untagged", 3)
    assert (last["selection"]["tagStatus"], last["selection"]["countNumber"]) == ("any", 20)
    assert first["rulePriority"] < last["rulePriority"]


@pytest.mark.parametrize("policy", RemovalPolicy)
def test_removal_policy_decides_whether_images_survive(policy: RemovalPolicy) -> None:
    repository = build(removal_policy=policy)["r-web"]
    assert repository.protect is repository.retain_on_delete is policy.retains
    assert repository.inputs["forceDelete"] is not policy.retains


@pytest.mark.parametrize("name", ["Web", "web/", "a--b", "-a", "web:1.0.0"])
def test_a_name_that_ecr_does_not_take_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no repository name"):
        args(repositories=[name])


def test_a_repeated_name_is_refused() -> None:
    with pytest.raises(ValueError, match="web is there twice"):
        args(repositories=["web", "web"])


def test_a_name_too_long_for_ecr_with_that_of_the_stack_is_refused() -> None:
    args(repositories=["a" * 200])
    with pytest.raises(ValueError, match="it has 201 characters, and ECR takes 256 together with"):
        args(repositories=["a" * 201])


def test_names_that_would_be_one_resource_are_refused() -> None:
    with pytest.raises(ValueError, match="team/web and team-web would be one resource"):
        args(repositories=["team/web", "team-web"])


@pytest.mark.parametrize("field", ["untagged_days", "keep_last"])
def test_numbers_out_of_range_are_refused(field: str) -> None:
    with pytest.raises(ValueError, match=f"{field} is 0; allowed: 1 to"):
        args(**{field: 0})
