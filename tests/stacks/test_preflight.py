"""What the account can't take is told before anything but the provider is there, in the same form as other mistakes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pulumi
import pytest

from components.cluster import VERSIONS
from recorder import Recording
from stacks.settings import SettingsError
from tests.stacks.stack_files import bring_up, configuration

Answers = dict[str, dict[str, Any] | str]

HEAD = "One setting of stack {stack} can't be used (Pulumi.{stack}.yaml):\n  "


def told(stack: str, answers: Answers, config: dict[str, Any] | None = None) -> str:
    """The message; nothing but the provider may have been registered."""
    recording = Recording()
    with pytest.raises(SettingsError) as caught:
        bring_up(stack, config, answers=answers, into=recording)
    assert [resource.type for resource in recording.resources] == ["pulumi:providers:aws"]
    return str(caught.value)


def with_zones(*names: str) -> Answers:
    return {"aws:index/getAvailabilityZones:getAvailabilityZones": {"id": "r", "names": list(names)}}


def with_cluster(name: str, version: str) -> Answers:
    return {
        "aws:eks/getClusters:getClusters": {"id": "r", "names": ["another", name]},
        "aws:eks/getCluster:getCluster": {"id": name, "name": name, "version": version},
        "aws:eks/getNodeGroups:getNodeGroups": {"id": name, "names": []},
    }


def with_database(version: str) -> Answers:
    return {
        "aws:rds/getInstances:getInstances": {"id": "r", "instanceIdentifiers": ["database-writer-0123abc"]},
        "aws:rds/getInstance:getInstance": {"id": "database-writer-0123abc", "engineVersion": version},
    }


def test_a_zone_that_the_region_has_not() -> None:
    assert told("prod", with_zones("us-west-1a", "us-west-1c")) == HEAD.format(stack="prod") + (
        "platform:network.zones = 3: 3 zones are wanted, but the region has 2 for this account: us-west-1a, us-west-1c"
        "; allowed: at most 2; fix: write 2, or take another region"
    )


def test_a_region_with_one_zone_is_no_region_for_this() -> None:
    assert told("dev", with_zones("mars-1a")).endswith("; allowed: at most 1; fix: take another region")


def test_zones_in_which_eks_has_no_control_planes_are_neither_counted_nor_taken(recorded_dev: Recording) -> None:
    asked = [args for token, args, _ in recorded_dev.invokes if token.endswith(":getAvailabilityZones")]

    assert [args["excludeZoneIds"] for args in asked] == [["use1-az3", "usw1-az2", "cac1-az3"]] * 2


def test_a_minor_version_of_kubernetes_that_would_be_skipped() -> None:
    assert told("dev", with_cluster("platform-dev", "1.33")) == HEAD.format(stack="dev") + (
        'platform:cluster.version = "1.35": the cluster is at 1.33, and EKS takes one minor version at a time; '
        "allowed: 1.33 and 1.34; fix: upgrade cluster and node groups to 1.34 in EKS first"
    )


def test_a_version_of_kubernetes_that_the_cluster_has_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """EKS upgrades by itself when standard support ends."""
    monkeypatch.setitem(VERSIONS, "1.36", date(2100, 1, 1))
    assert told("dev", with_cluster("platform-dev", "1.36")) == HEAD.format(stack="dev") + (
        'platform:cluster.version = "1.35": the cluster is at 1.36 already, and no setting takes it back; '
        'allowed: 1.36 and the version after it; fix: write "1.36"'
    )


@pytest.mark.parametrize(
    ("answers", "key", "live"),
    [
        (with_cluster("platform-prod", "1.36"), "platform:cluster.version is 1.35", "the cluster is at 1.36"),
        (with_database("99.1"), "platform:database.version is 17", "the database database-writer-0123abc is at 99"),
    ],
    ids=["Kubernetes", "Postgres"],
)
def test_a_stack_past_all_versions_that_the_program_knows_can_still_be_updated(
    answers: Answers, key: str, live: str
) -> None:
    """No other setting could be written, and a fix of something else must not wait for a release."""
    recording = bring_up("prod", answers=answers)

    assert recording["cluster-cluster"].inputs["version"] == "1.35"
    assert [message for severity, message in recording.logs if severity == "WARNING" and live in message] == [
        f"{key}, but {live}, which this release of the program does not know. It stays as it is as long as you leave "
        "the setting and do not refresh; take a release that knows it, then set it"
    ]


def test_the_next_version_of_kubernetes_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VERSIONS, "1.36", date(2100, 1, 1))
    config = configuration("dev")
    config["platform:cluster"]["version"] = "1.36"

    recording = bring_up("dev", config, answers=with_cluster("platform-dev", "1.35"))

    assert recording["cluster-cluster"].inputs["version"] == "1.36"


def test_the_cluster_of_another_stack_does_not_matter() -> None:
    assert "cluster-cluster" in bring_up("dev", answers=with_cluster("platform-other", "1.30"))


def test_an_earlier_version_of_postgres_than_the_databases() -> None:
    config = configuration("dev")
    config["platform:database"]["version"] = "16"

    assert told("dev", with_database("17.6"), config) == HEAD.format(stack="dev") + (
        'platform:database.version = "16": the database database-writer-0123abc is at 17 already, and RDS never goes '
        'back; allowed: 17 and later ones; fix: write "17", or restore a backup of 16 into a database of its own, '
        "or take its tag `stack` away, if it is no longer this stack's"
    )


def test_another_version_of_postgres_while_changes_wait_for_the_maintenance_window() -> None:
    assert told("prod", with_database("16.10")) == HEAD.format(stack="prod") + (
        'platform:database.version = "17": the database database-writer-0123abc is at 16, and another major version '
        "does not wait for the maintenance window; allowed: 16 as long as changes is MaintenanceWindow; fix: set "
        "changes to Immediately for that update, with somebody there, or take its tag `stack` away, if it is no "
        "longer this stack's"
    )


def test_a_default_is_told_as_one() -> None:
    config = configuration("prod")
    del config["platform:database"]["version"]

    assert 'platform:database.version = "17" (the default): the database database-writer-0123abc is at 16' in told(
        "prod", with_database("16.10"), config
    )


def test_the_stacks_own_database_is_asked_for_by_its_tags() -> None:
    asked = [args for token, args, _ in bring_up("dev").invokes if token == "aws:rds/getInstances:getInstances"]

    assert asked == [{"tags": {"project": "platform", "stack": "dev", "Name": "database-writer"}}]


def test_the_writer_has_the_tags_that_it_is_asked_for_by(recorded_dev: Recording) -> None:
    assert recorded_dev["database-writer"].inputs["tags"]["Name"] == "database-writer"


@pytest.mark.parametrize(
    ("token", "action"),
    [
        ("aws:index/getAvailabilityZones:getAvailabilityZones", "ec2:DescribeAvailabilityZones"),
        ("aws:eks/getClusters:getClusters", "eks:ListClusters"),
        ("aws:eks/getCluster:getCluster", "eks:DescribeCluster"),
        ("aws:eks/getNodeGroups:getNodeGroups", "eks:ListNodegroups"),
        ("aws:rds/getInstances:getInstances", "rds:DescribeDBInstances"),
        ("aws:rds/getInstance:getInstance", "rds:DescribeDBInstances"),
    ],
)
def test_a_right_that_is_missing_is_told_by_its_name_on_one_line(token: str, action: str) -> None:
    answers = with_cluster("platform-dev", "1.35") | with_database("17.6") | {token: "StatusCode: 403,\n  AccessDenied"}

    with pytest.raises(pulumi.RunError) as caught:
        bring_up("dev", answers=answers)

    assert str(caught.value) == (
        f"AWS gave no answer to {action}: invoke of {token} failed: StatusCode: 403, AccessDenied (); allowed: an "
        f"identity that may do it; fix: take credentials that are valid, and allow them {action}; docs/aws.md names "
        "all that a preview asks"
    )


def test_all_that_the_account_refuses_is_told_at_once() -> None:
    answers = with_zones("a", "b") | with_cluster("platform-prod", "1.33") | with_database("16.10")

    assert told("prod", answers).startswith("3 settings of stack prod can't be used")
