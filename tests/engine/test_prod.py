"""The ``prod`` stack on the genuine engine: three zones, hard to delete, and gone without a trace once that is said.

The tests run in the order of the file: they are the days of one stack's life.
"""

from __future__ import annotations

import pytest

from tests.engine.conftest import Clone

pytestmark = pytest.mark.engine

ZONES = {"eu-central-1a", "eu-central-1b", "eu-central-1c"}


def test_the_applications_pods_run_in_three_zones(prod: Clone) -> None:
    zone_of = {
        node["metadata"]["name"]: node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in prod.nodes()
    }
    pods = prod.running_pods()

    assert len(pods) == 3
    assert {zone_of[pod["spec"]["nodeName"]] for pod in pods} == ZONES


def test_the_data_is_in_several_zones(prod: Clone) -> None:
    instances = prod.aws("rds", "describe-db-instances")["DBInstances"]
    writers = [instance for instance in instances if not instance.get("ReadReplicaSourceDBInstanceIdentifier")]
    readers = [instance for instance in instances if instance.get("ReadReplicaSourceDBInstanceIdentifier")]
    assert [writer["MultiAZ"] for writer in writers] == [True]
    assert len({reader["AvailabilityZone"] for reader in readers}) == 2

    (cache,) = prod.aws("elasticache", "describe-replication-groups")["ReplicationGroups"]
    assert cache["AutomaticFailover"] == "enabled"
    assert len(cache["MemberClusters"]) == 3


def test_a_second_preview_shows_no_change(prod: Clone) -> None:
    prod.pulumi("preview", "--expect-no-changes")


def test_a_failing_node_gives_its_pods_to_the_others(prod: Clone) -> None:
    lost = prod.running_pods()[0]["spec"]["nodeName"]
    prod.run("kubectl", "drain", lost, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s", check=True)

    prod.run("kubectl", "rollout", "status", "-n", "application", "deployment/app", "--timeout=60s", check=True)
    assert all(pod["spec"]["nodeName"] != lost for pod in prod.running_pods())
    prod.run("kubectl", "uncordon", lost, check=True)


def test_a_larger_cache_waits_for_the_maintenance_window_and_is_shown_until_then(prod: Clone) -> None:
    prod.configure("platform:cache.nodeType", "cache.r6g.xlarge")

    assert prod.steps() == {"update": ["cache-group"]}
    prod.sandbox("up")
    (cache,) = prod.aws("elasticache", "describe-replication-groups")["ReplicationGroups"]
    assert cache["CacheNodeType"] == "cache.r6g.large"
    assert prod.steps() == {"update": ["cache-group"]}


def test_a_larger_cache_is_an_update_in_place_once_it_is_to_be_immediate(prod: Clone) -> None:
    prod.configure("platform:cache.changes", "Immediately")

    assert prod.steps() == {"update": ["cache-group"]}
    prod.sandbox("up")
    (cache,) = prod.aws("elasticache", "describe-replication-groups")["ReplicationGroups"]
    assert cache["CacheNodeType"] == "cache.r6g.xlarge"
    prod.pulumi("preview", "--expect-no-changes")


def test_another_instance_type_replaces_only_its_node_group(prod: Clone) -> None:
    prod.configure("platform:nodeGroups.spot.instanceTypes[0]", "m7i.xlarge")

    assert prod.steps()["replace"] == ["nodes-spot-nodes"]
    prod.sandbox("up")
    prod.pulumi("preview", "--expect-no-changes")


def test_a_plain_destroy_is_refused_and_touches_nothing(prod: Clone) -> None:
    answer = prod.pulumi("destroy", "--yes", check=False)

    assert answer.returncode != 0
    assert "protected" in answer.stdout + answer.stderr
    prod.pulumi("preview", "--refresh", "--expect-no-changes")


def test_down_names_what_is_protected_and_touches_nothing(prod: Clone) -> None:
    answer = prod.sandbox("down", check=False)

    assert answer.returncode != 0
    assert "database-writer" in answer.stderr
    assert "Pulumi.prod.yaml says how" in answer.stderr
    prod.pulumi("preview", "--refresh", "--expect-no-changes")


def test_lifting_the_protection_replaces_nothing_and_down_then_leaves_nothing(prod: Clone) -> None:
    prod.configure("platform:removalPolicy", "Delete")
    assert set(prod.steps()) == {"update"}
    prod.sandbox("up")

    answer = prod.sandbox("down")
    assert "nothing left in AWS nor in Kubernetes" in answer.stdout + answer.stderr
    assert not prod.home.root.exists()
