"""The ``dev`` stack on the genuine engine: from nothing to the whole platform and back to nothing.

The tests run in the order of the file: they are the days of one stack's life.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.conftest import Clone

pytestmark = pytest.mark.engine


def test_up_exports_what_its_users_need(dev: Clone) -> None:
    outputs = dev.outputs()

    assert outputs["clusterEndpoint"].startswith("https://127.0.0.1:")
    assert outputs["applicationUrl"].startswith("https://")
    assert outputs["databaseWriter"]
    assert outputs["databaseReaders"]
    assert outputs["redisEndpoint"]
    assert all(".dkr.ecr." in url for url in outputs["registryUrls"].values())


def test_the_stack_file_is_as_it_was_committed(dev: Clone) -> None:
    from tests.engine.conftest import REPOSITORY

    assert dev.stack_file.read_bytes() == (REPOSITORY / "Pulumi.dev.yaml").read_bytes()


def test_a_second_preview_shows_no_change(dev: Clone) -> None:
    dev.pulumi("preview", "--expect-no-changes")


def test_a_refresh_finds_no_drift(dev: Clone) -> None:
    dev.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")


def test_plain_aws_answers(dev: Clone) -> None:
    instances: list[dict[str, Any]] = dev.aws("rds", "describe-db-instances")["DBInstances"]

    assert {instance["Engine"] for instance in instances} == {"postgres"}
    assert all(instance["StorageEncrypted"] for instance in instances)


def test_the_programs_own_kubeconfig_works(dev: Clone) -> None:
    nodes = dev.kubectl("get", "nodes")["items"]

    assert nodes
    assert all(ready(node) for node in nodes)


def test_three_pods_of_the_application_run(dev: Clone) -> None:
    assert len(running_pods(dev)) == 3


def test_no_secret_is_in_plain_text_in_the_state(dev: Clone) -> None:
    secrets = dev.kubectl("get", "secrets", "-A")["items"]
    application = next(item for item in secrets if item["metadata"]["name"] == "app-secrets")
    state = json.dumps(dev.state())

    assert application["data"]
    for value in application["data"].values():
        assert value not in state


def test_a_changed_size_updates_in_place(dev: Clone) -> None:
    dev.configure("platform:registry.keepImages", "25")

    steps = dev.steps()
    assert set(steps) == {"update"}
    dev.sandbox("up")
    policies = [dev.aws("ecr", "get-lifecycle-policy", "--repository-name", name) for name in repositories(dev)]
    assert all("25" in policy["lifecyclePolicyText"] for policy in policies)
    dev.pulumi("preview", "--expect-no-changes")


def test_another_instance_type_replaces_the_node_group_and_pods_move(dev: Clone) -> None:
    before = {node["metadata"]["name"] for node in dev.kubectl("get", "nodes")["items"]}
    group = next(iter(json.loads(dev.pulumi("config", "get", "platform:nodeGroups").stdout)))
    dev.configure(f"platform:nodeGroups.{group}.instanceTypes[0]", "m7i.xlarge")

    steps = dev.steps()
    assert any(group in name for name in steps["replace"])
    dev.sandbox("up")

    nodes = dev.kubectl("get", "nodes")["items"]
    assert before.isdisjoint(node["metadata"]["name"] for node in nodes)
    assert {node["metadata"]["labels"]["node.kubernetes.io/instance-type"] for node in nodes} == {"m7i.xlarge"}
    assert len(running_pods(dev)) == 3


def test_down_leaves_nothing(dev: Clone) -> None:
    answer = dev.sandbox("down")

    assert "nothing left" in answer.stdout
    assert not dev.home.processes()


def ready(node: dict[str, Any]) -> bool:
    return any(item["type"] == "Ready" and item["status"] == "True" for item in node["status"]["conditions"])


def repositories(clone: Clone) -> list[str]:
    return [item["repositoryName"] for item in clone.aws("ecr", "describe-repositories")["repositories"]]


def running_pods(clone: Clone) -> list[dict[str, Any]]:
    pods = clone.kubectl("get", "pods", "-A", "-l", "app.kubernetes.io/component=application")["items"]
    return [pod for pod in pods if pod["status"]["phase"] == "Running" and "deletionTimestamp" not in pod["metadata"]]
