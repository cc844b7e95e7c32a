from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.changes import Changes
from components.database import (
    Availability,
    Database,
    DatabaseArgs,
    check_database_name,
    check_instance_class,
    check_postgres_step,
)
from components.removal import RemovalPolicy
from components.secrets import PasswordMissingError
from recorder import Recording, record
from recorder.cloud import RANDOM_PASSWORD, ZONES

INSTANCE = "aws:rds/instance:Instance"


def args(**overrides: Any) -> DatabaseArgs:
    return DatabaseArgs(
        **{
            "vpc_id": "vpc",
            "subnet_ids": ["subnet-a", "subnet-b", "subnet-c"],
            "zone_names": pulumi.Output.from_input(ZONES),
            "client_security_group_id": "sg-cluster",
            "key_arn": "arn:key",
            "instance_class": "db.t4g.micro",
            "storage_gib": 20,
            "max_storage_gib": 100,
            **overrides,
        }
    )


def build(answers: dict[str, dict[str, Any]] | None = None, **overrides: Any) -> Recording:
    def program() -> None:
        pulumi.export("url", Database("d", args(**overrides)).url)

    return record(program, overrides=answers)


@pytest.fixture(scope="module")
def database() -> Recording:
    return build(read_replicas=2)


def parameters(recording: Recording) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in recording["d-parameters"].inputs["parameters"]}


def test_connections_must_use_tls(database: Recording) -> None:
    assert parameters(database) == {"rds.force_ssl": "1"}
    assert "sslmode=require" in database.exports["url"]


def test_forcing_tls_can_not_be_set_otherwise() -> None:
    def ask() -> None:
        with pytest.raises(ValueError, match=r"rds\.force_ssl is always 1"):
            args(parameters={"rds.force_ssl": "0"})

    record(ask)


def test_own_parameters_join_ours() -> None:
    recording = build(parameters={"log_min_duration_statement": "500"})
    assert parameters(recording) == {"log_min_duration_statement": "500", "rds.force_ssl": "1"}


@pytest.mark.parametrize(
    ("parameter", "method"),
    [
        ("log_min_duration_statement", "immediate"),
        ("rds.force_ssl", "immediate"),
        ("auto_explain.log_min_duration", "immediate"),
        ("max_connections", "pending-reboot"),
        ("shared_preload_libraries", "pending-reboot"),
        ("pg_stat_statements.max", "pending-reboot"),
        ("rds.logical_replication", "pending-reboot"),
    ],
)
def test_what_postgres_reads_at_its_start_waits_for_a_reboot(parameter: str, method: str) -> None:
    own = {} if parameter == "rds.force_ssl" else {parameter: "1"}
    entries = build(parameters=own)["d-parameters"].inputs["parameters"]
    assert {entry["name"]: entry["applyMethod"] for entry in entries}[parameter] == method


def test_changes_take_effect_during_the_update_unless_told_to_wait() -> None:
    for name in ("d-writer", "d-reader-0"):
        assert build(read_replicas=1)[name].inputs["applyImmediately"] is True
        waiting = build(read_replicas=1, changes=Changes.MAINTENANCE_WINDOW)
        assert waiting[name].inputs["applyImmediately"] is False


def test_another_major_version_never_comes_by_itself_in_the_window() -> None:
    assert build()["d-writer"].inputs["allowMajorVersionUpgrade"] is True
    waiting = build(changes=Changes.MAINTENANCE_WINDOW)
    assert waiting["d-writer"].inputs["allowMajorVersionUpgrade"] is False


def test_the_family_follows_the_version() -> None:
    recording = build(version="16")
    assert recording["d-parameters"].inputs["family"] == "postgres16"
    assert recording["d-writer"].inputs["engineVersion"] == "16"


def test_storage_backups_and_insights_are_encrypted_with_the_given_key(database: Recording) -> None:
    writer = database["d-writer"].inputs
    assert writer["storageEncrypted"] is True
    assert writer["kmsKeyId"] == writer["performanceInsightsKmsKeyId"] == "arn:key"


def test_storage_grows_by_itself(database: Recording) -> None:
    assert database["d-writer"].inputs["allocatedStorage"] == 20
    assert database["d-writer"].inputs["maxAllocatedStorage"] == 100


def test_nothing_is_reachable_from_outside_the_vpc(database: Recording) -> None:
    assert not any(instance.inputs["publiclyAccessible"] for instance in database.of_type(INSTANCE))


def test_only_the_clients_get_in(database: Recording) -> None:
    rule = database["d-access-clients"].inputs
    assert (rule["referencedSecurityGroupId"], rule["fromPort"]) == ("sg-cluster", 5432)
    for instance in database.of_type(INSTANCE):
        assert instance.inputs["vpcSecurityGroupIds"] == ["d-access-group-id"]


def test_the_password_is_secret_wherever_it_is(database: Recording) -> None:
    assert "password" in database["d-writer"].secrets
    assert "secretString" in database["d-connection-value"].secrets
    assert database.secret_exports == {"url"}
    # The SDK logs what a component registers.
    assert "url" not in database.outputs_of("d")


def test_the_first_password_stays() -> None:
    recording = build({"d-writer": {"password": "FirstPassword"}})
    assert "password" in recording["d-writer"].ignore_changes
    assert json.loads(recording["d-connection-value"].inputs["secretString"])["password"] == "FirstPassword"
    assert ":FirstPassword@" in recording.exports["url"]


def test_a_password_that_the_state_does_not_know_is_not_taken_for_an_empty_one() -> None:
    with pytest.raises(PasswordMissingError, match="the state has no password of d-writer, as after an import"):
        build({"d-writer": {"password": ""}})


def test_how_to_connect_is_kept_in_secrets_manager(database: Recording) -> None:
    assert json.loads(database["d-connection-value"].inputs["secretString"]) == {
        "engine": "postgres",
        "host": "d-writer.rds.example.com",
        "port": 5432,
        "dbname": "app",
        "username": "platform",
        "password": RANDOM_PASSWORD,
    }
    assert database["d-connection-secret"].inputs["kmsKeyId"] == "arn:key"


def test_the_password_is_not_left_to_rds_which_then_refuses_replicas(database: Recording) -> None:
    assert "manageMasterUserPassword" not in database["d-writer"].inputs


def test_replicas_are_in_other_zones_than_the_writer() -> None:
    recording = build({"d-writer": {"availabilityZone": ZONES[1]}}, read_replicas=3)
    zones = [recording[f"d-reader-{index}"].inputs["availabilityZone"] for index in range(3)]
    assert zones == [ZONES[0], ZONES[2], ZONES[0]]


def test_a_fail_over_moves_no_replica(database: Recording) -> None:
    assert database["d-reader-0"].ignore_changes == ("availabilityZone",)


def test_replicas_take_what_they_are_from_the_writer(database: Recording) -> None:
    reader = database["d-reader-0"].inputs
    assert reader["replicateSourceDb"] == "d-writer"
    assert not {"engine", "engineVersion", "username", "password", "dbName", "allocatedStorage"} & set(reader)


def test_replicas_stay_encrypted_without_naming_the_key_which_rds_refuses(database: Recording) -> None:
    assert database["d-reader-0"].inputs["storageEncrypted"] is True
    assert "kmsKeyId" not in database["d-reader-0"].inputs


def test_readers_are_the_replicas(database: Recording) -> None:
    assert database.outputs_of("d")["reader_addresses"] == [
        "d-reader-0.rds.example.com",
        "d-reader-1.rds.example.com",
    ]


def test_without_replicas_reading_goes_to_the_writer() -> None:
    assert build().outputs_of("d")["reader_addresses"] == ["d-writer.rds.example.com"]


def test_a_standby_takes_over_in_another_zone() -> None:
    writer = build(availability=Availability.MULTI_ZONE)["d-writer"].inputs
    assert writer["multiAz"] is True
    assert "availabilityZone" not in writer


@pytest.mark.parametrize("policy", RemovalPolicy)
def test_removal_policy_decides_whether_data_survives(policy: RemovalPolicy) -> None:
    recording = build(removal_policy=policy)
    for name in ("d-writer", "d-connection-secret"):
        assert recording[name].protect is recording[name].retain_on_delete is policy.retains
    writer = recording["d-writer"].inputs
    assert writer["deletionProtection"] is policy.retains
    assert writer["skipFinalSnapshot"] is writer["deleteAutomatedBackups"] is not policy.retains
    for name in ("d-subnets", "d-parameters", "d-access-group"):
        assert recording[name].retain_on_delete is policy.retains


def test_replicas_can_be_taken_away_by_configuration_alone(database: Recording) -> None:
    reader = database["d-reader-1"]
    assert not reader.protect
    assert not reader.inputs.get("deletionProtection")
    assert reader.inputs["skipFinalSnapshot"] is True


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        ({"read_replicas": 1, "backup_days": 0}, "RDS replicates from backups"),
        ({"read_replicas": 6}, "read replicas is 6; allowed: 0 to 5"),
        ({"storage_gib": 100, "max_storage_gib": 105}, "at least a tenth more; allowed: 110 GiB or more"),
        ({"storage_gib": 21, "max_storage_gib": 23}, "allowed: 24 GiB or more; fix: take 24"),
        ({"instance_class": "db.t4g.mirco"}, r"fix: write db\.t4g\.micro"),
        ({"instance_class": "t4g.micro"}, r"fix: write db\.t4g\.micro"),
        ({"database_name": "user"}, "user is a reserved word"),
        ({"storage_gib": 10}, "storage is 10; allowed: 20 to 65536"),
        ({"version": "9.6"}, "'9.6' is no supported major version"),
    ],
)
def test_what_rds_would_refuse_is_refused_first(overrides: dict[str, Any], reason: str) -> None:
    def program() -> None:
        with pytest.raises(ValueError, match=reason):
            args(**overrides)

    record(program)


def test_a_class_that_only_rds_has_is_taken() -> None:
    check_instance_class("db.x2g.large")


@pytest.mark.parametrize(
    "name", ["db.t4g.micro", "db.t3.2xlarge", "db.m8g.48xlarge", "db.r8gd.large", "db.x2iedn.xlarge"]
)
def test_a_class_of_rds_for_postgresql_is_taken(name: str) -> None:
    check_instance_class(name)


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("db.t3.nano", "take another size: micro, small, medium, large, xlarge, 2xlarge$"),
        ("db.m6g.medium", "take another size: large, "),
        ("db.m7i.metal-24xl", "take another size: large, "),
        ("db.mac2.metal", "take another family: t3, t4g, m5, "),
        ("db.t2.micro", "take another family: "),
        ("db.z1d.large", "take another family: "),
        ("db.c6gd.large", "take another family: "),
    ],
)
def test_a_machine_of_ec2_that_rds_for_postgresql_has_not_is_refused(name: str, fix: str) -> None:
    with pytest.raises(ValueError, match=f"EC2 has a .*, but there is no {name}; .*; fix: {fix}"):
        check_instance_class(name)


@pytest.mark.parametrize("name", ["user", "select", "current_role", "catalog", "rdsadmin", "template1"])
def test_a_word_that_is_reserved_names_no_database(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is a reserved word; .*; fix: write {name}_db"):
        check_database_name(name)


@pytest.mark.parametrize("name", ["app", "users", "postgres"])
def test_a_word_that_rds_takes_names_a_database(name: str) -> None:
    check_database_name(name)


def test_a_database_never_goes_back_to_an_earlier_major_version() -> None:
    with pytest.raises(ValueError, match="the database mine is at 17 already, and RDS never goes back"):
        check_postgres_step("mine", "17", "16", immediately=True)


def test_no_version_is_refused_while_none_could_be_right() -> None:
    """Somebody upgraded the database by hand to a version that is not offered here yet."""
    check_postgres_step("mine", "99", "17", immediately=False)


def test_another_major_version_does_not_wait_for_the_maintenance_window() -> None:
    check_postgres_step("mine", "15", "17", immediately=True)
    check_postgres_step("mine", "17", "17", immediately=False)
    with pytest.raises(ValueError, match="fix: set changes to Immediately for that update"):
        check_postgres_step("mine", "16", "17", immediately=False)
