from __future__ import annotations

import json
import re
from typing import Any

import pulumi
import pytest
from botocore.loaders import Loader

from components.cache import Cache, CacheArgs, CacheEngine
from components.cache.engines import NODE_TYPES
from components.changes import Changes
from components.machines import machines
from components.removal import RemovalPolicy
from components.secrets import PasswordMissingError
from recorder import Recording, record
from recorder.cloud import RANDOM_PASSWORD


def args(**overrides: Any) -> CacheArgs:
    return CacheArgs(
        **{
            "vpc_id": "vpc",
            "subnet_ids": ["subnet-a", "subnet-b"],
            "client_security_group_id": "sg-cluster",
            "key_arn": "arn:key",
            "node_type": "cache.t4g.micro",
            **overrides,
        }
    )


def build(**overrides: Any) -> Recording:
    def program() -> None:
        pulumi.export("token", Cache("k", args(**overrides)).token)

    return record(program)


@pytest.fixture(scope="module")
def cache() -> Recording:
    return build(replicas=2, snapshot_days=7)


def test_connections_need_tls_and_a_token(cache: Recording) -> None:
    group = cache["k-group"].inputs
    assert group["transitEncryptionEnabled"] is True
    assert group["authToken"] == RANDOM_PASSWORD


def test_the_token_is_secret_wherever_it_is(cache: Recording) -> None:
    assert "authToken" in cache["k-group"].secrets
    assert "secretString" in cache["k-connection-value"].secrets
    assert cache.secret_exports == {"token"}
    # The SDK logs what a component registers.
    assert "token" not in cache.outputs_of("k")


def test_the_first_token_stays(cache: Recording) -> None:
    assert cache["k-group"].ignore_changes == ("authToken",)


def test_a_token_that_the_state_does_not_know_is_not_taken_for_an_empty_one() -> None:
    with pytest.raises(PasswordMissingError, match="the state has no authToken of k-group"):
        record(lambda: Cache("k", args()), overrides={"k-group": {"authToken": ""}})


def test_the_url_has_no_credentials(cache: Recording) -> None:
    assert cache.outputs_of("k")["url"] == "rediss://k-group.cache.example.com:6379/0"


def test_how_to_connect_is_kept_in_secrets_manager(cache: Recording) -> None:
    assert json.loads(cache["k-connection-value"].inputs["secretString"]) == {
        "engine": "valkey",
        "host": "k-group.cache.example.com",
        "reader": "k-group-ro.cache.example.com",
        "port": 6379,
        "token": RANDOM_PASSWORD,
    }
    assert cache["k-connection-secret"].inputs["kmsKeyId"] == "arn:key"


def test_data_is_encrypted_with_the_given_key(cache: Recording) -> None:
    assert cache["k-group"].inputs["atRestEncryptionEnabled"] is True
    assert cache["k-group"].inputs["kmsKeyId"] == "arn:key"


def test_replicas_in_other_zones_take_over(cache: Recording) -> None:
    group = cache["k-group"].inputs
    assert (group["numCacheClusters"], group["automaticFailoverEnabled"], group["multiAzEnabled"]) == (3, True, True)


def test_a_cache_without_replicas_has_nothing_to_fail_over_to() -> None:
    recording = build()
    group = recording["k-group"].inputs
    assert (group["numCacheClusters"], group["automaticFailoverEnabled"], group["multiAzEnabled"]) == (1, False, False)
    assert recording.outputs_of("k")["reader_address"] == "k-group.cache.example.com"


def test_only_the_clients_get_in(cache: Recording) -> None:
    rule = cache["k-access-clients"].inputs
    assert (rule["referencedSecurityGroupId"], rule["fromPort"]) == ("sg-cluster", 6379)
    assert cache["k-group"].inputs["securityGroupIds"] == ["k-access-group-id"]


@pytest.mark.parametrize(
    ("engine", "name", "family"), [(CacheEngine.VALKEY, "valkey", "valkey8"), (CacheEngine.REDIS, "redis", "redis7")]
)
def test_engine_and_parameters_fit_each_other(engine: CacheEngine, name: str, family: str) -> None:
    recording = build(engine=engine, parameters={"maxmemory-policy": "allkeys-lru"})
    assert recording["k-group"].inputs["engine"] == name
    assert recording["k-parameters"].inputs["family"] == family
    assert recording["k-parameters"].inputs["parameters"] == [{"name": "maxmemory-policy", "value": "allkeys-lru"}]


@pytest.mark.parametrize("changes", Changes)
def test_changes_take_effect_when_asked(changes: Changes) -> None:
    assert build(changes=changes)["k-group"].inputs["applyImmediately"] is (changes is Changes.IMMEDIATELY)
    assert build()["k-group"].inputs["applyImmediately"] is True


def test_snapshots_are_kept_as_long_as_asked(cache: Recording) -> None:
    assert cache["k-group"].inputs["snapshotRetentionLimit"] == 7


@pytest.mark.parametrize("policy", RemovalPolicy)
def test_removal_policy_decides_whether_data_survives(policy: RemovalPolicy) -> None:
    recording = build(removal_policy=policy)
    for name in ("k-group", "k-connection-secret"):
        assert recording[name].protect is recording[name].retain_on_delete is policy.retains
    for name in ("k-subnets", "k-parameters", "k-access-group"):
        assert recording[name].retain_on_delete is policy.retains


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("cache.t4g.mirco", "write cache.t4g.micro"),
        ("t4g.micro", "write cache.t4g.micro"),
        ("cache.t3.nano", "take another size: micro, small, medium"),
        ("cache.m6g.metal", "take another size: large, "),
        ("cache.vt1.3xlarge", "take another family: t3, t4g, m4, "),
        ("cache.t2.micro", "take another family: "),
        ("cache.r6gd.xlarge", "take another family: "),
    ],
)
def test_a_node_type_that_elasticache_has_not_is_refused(name: str, fix: str) -> None:
    with pytest.raises(ValueError, match=f"fix: {fix}"):
        args(node_type=name)


def test_every_node_type_that_aws_calls_current_is_known() -> None:
    loader: Any = Loader()
    model = loader.load_service_model("elasticache", "service-2")
    text: str = model["shapes"]["CreateReplicationGroupMessage"]["members"]["CacheNodeType"]["documentation"]
    # Its list is in the text alone, each kind's current generation before the one that new caches can't have.
    current = [part.partition("Previous generation:")[0] for part in text.split("Current generation:")[1:]]
    names = {name for part in current for name in re.findall(r"cache\.([a-z0-9.]+)", part)}

    assert len(names) > 50
    assert names - machines(NODE_TYPES) == {"t2.micro", "t2.small", "t2.medium"}


@pytest.mark.parametrize("node_type", ["cache.m8g.large", "cache.r8g.xlarge", "cache.c8gn.16xlarge"])
def test_nodes_that_run_valkey_only_are_refused_for_redis(node_type: str) -> None:
    assert args(node_type=node_type).engine is CacheEngine.VALKEY
    with pytest.raises(ValueError, match=f"{node_type} runs Valkey only; .*; fix: write Valkey, or take another node"):
        args(node_type=node_type, engine=CacheEngine.REDIS)


@pytest.mark.parametrize(("field", "value"), [("replicas", 6), ("replicas", -1), ("snapshot_days", 36)])
def test_numbers_out_of_range_are_refused(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{field} is {value}; allowed: 0 to"):
        args(**{field: value})
