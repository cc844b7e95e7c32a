"""The ``dev`` stack on the genuine engine: from nothing to the whole platform and back to nothing.

The tests run in the order of the file: they are the days of one stack's life.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.engine.conftest import REPOSITORY, Clone
from tests.guides import block

pytestmark = pytest.mark.engine


def test_up_exports_what_its_users_need(dev: Clone) -> None:
    outputs = dev.outputs()

    assert outputs["clusterName"] == "platform-dev"
    assert outputs["clusterEndpoint"].startswith("https://127.0.0.1:")
    assert outputs["applicationUrl"] == "https://app.dev.example.com/"
    assert outputs["databaseWriter"].endswith(".rds.amazonaws.com")
    assert len(outputs["databaseReaders"]) == 1
    assert outputs["redisEndpoint"].endswith(".cache.amazonaws.com")
    assert outputs["registryUrls"]["web"].endswith("/platform-dev/web")


def test_the_stack_file_is_as_it_was_committed(dev: Clone) -> None:
    assert dev.stack_file.read_bytes() == (REPOSITORY / "Pulumi.dev.yaml").read_bytes()


def test_a_second_preview_shows_no_change(dev: Clone) -> None:
    dev.pulumi("preview", "--expect-no-changes")


def test_a_refresh_finds_no_drift(dev: Clone) -> None:
    dev.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")


def test_plain_aws_answers(dev: Clone) -> None:
    instances: list[dict[str, Any]] = dev.aws("rds", "describe-db-instances")["DBInstances"]

    assert len(instances) == 2
    assert {instance["Engine"] for instance in instances} == {"postgres"}
    assert all(instance["StorageEncrypted"] for instance in instances)


def test_plain_kubectl_reaches_the_cluster_with_the_programs_own_kubeconfig(dev: Clone) -> None:
    kubeconfig = json.loads(dev.outputs()["kubeconfig"])
    assert kubeconfig["users"][0]["user"]["exec"]["command"] == "aws"

    nodes = dev.nodes()
    assert len(nodes) == 2
    assert all(_is_ready(node) for node in nodes)
    assert {node["metadata"]["labels"]["workload"] for node in nodes} == {"general"}


def test_the_ingress_has_an_address_and_aws_has_its_load_balancer(dev: Clone) -> None:
    services = dev.kubectl("get", "services", "-A")["items"]
    (front,) = [service for service in services if service["spec"]["type"] == "LoadBalancer"]
    (address,) = front["status"]["loadBalancer"]["ingress"]

    balancers = dev.aws("elbv2", "describe-load-balancers")["LoadBalancers"]
    assert [balancer["DNSName"] for balancer in balancers] == [address["hostname"]]


def test_three_pods_of_the_application_run(dev: Clone) -> None:
    assert len(dev.running_pods()) == 3


def test_the_applications_namespace_refuses_pods_that_are_not_restricted(dev: Clone) -> None:
    answer = dev.run("kubectl", "run", "intruder", "-n", "application", "--image=busybox:1", "--privileged")

    assert answer.returncode != 0
    assert 'violates PodSecurity "restricted' in answer.stderr


@pytest.mark.parametrize("command", [["preview"], ["up", "--yes", "--skip-preview"]], ids=["preview", "up"])
def test_bad_settings_end_a_command_with_a_line_each_before_anything_is_touched(dev: Clone, command: list[str]) -> None:
    # Decrypted, as each export encrypts anew.
    before = dev.state("--show-secrets")["deployment"]["resources"]
    given = dev.stack_file.read_text()
    dev.stack_file.write_text(
        given.replace("zones: 2", "zonse: 2").replace("t3.medium,", "t3.meduim,").replace("diskGib: 30", "diskGib: 8")
    )
    try:
        answer = dev.pulumi(*command, check=False)
    finally:
        dev.stack_file.write_text(given)

    said = answer.stdout + answer.stderr
    assert answer.returncode != 0
    assert "4 settings of stack dev can't be used (Pulumi.dev.yaml):" in said
    lines = [line.strip() for line in said.splitlines()]
    assert "platform:network.zones: it is missing; allowed: 2 to 3 zones; fix: add it" in lines
    assert (
        "platform:network.zonse = 2: there is no such key; allowed: cidr, flowLogRetentionDays, nat, zones; "
        "fix: write zones"
    ) in lines
    assert sum("; allowed: " in line and "; fix: " in line for line in lines) == 4
    assert "Traceback" not in said
    assert dev.state("--show-secrets")["deployment"]["resources"] == before


@pytest.mark.parametrize(
    ("right", "wrong", "line", "commands"),
    [
        (
            'version: "17"',
            'version: "16"',
            'platform:database.version = "16": the database WRITER is at 17 already, and RDS never goes back; '
            'allowed: 17 and later ones; fix: write "17", or restore a backup of 16 into a database of its own, or '
            "take its tag `stack` away, if it is no longer this stack's",
            ["preview", "up --yes --skip-preview"],
        ),
        (
            "region: eu-central-1",
            "region: us-west-1",
            "platform:network.zones = 3: 3 zones are wanted, but the region has 2 for this account: "
            "us-west-1a, us-west-1b; allowed: at most 2; fix: write 2, or take another region",
            # Policies refuse an update to another region sooner.
            ["preview"],
        ),
    ],
    ids=["a version that RDS does not go back to", "a zone that the region has not"],
)
def test_what_only_aws_knows_ends_a_command_before_anything_is_touched(
    dev: Clone, right: str, wrong: str, line: str, commands: list[str]
) -> None:
    before = _built(dev)
    line = line.replace("WRITER", dev.outputs()["databaseWriter"].partition(".")[0])
    given = dev.stack_file.read_text()
    for command in commands:
        dev.stack_file.write_text(given.replace(right, wrong).replace("zones: 2", "zones: 3"))
        try:
            answer = dev.pulumi(*command.split(), check=False)
        finally:
            dev.stack_file.write_text(given)

        said = answer.stdout + answer.stderr
        assert answer.returncode != 0
        assert line in [each.strip() for each in said.splitlines()]
        assert "Traceback" not in said
        assert _built(dev) == before


def test_after_a_refused_up_into_another_region_everything_is_still_found(dev: Clone) -> None:
    """The provider is there before AWS can be asked, so the refused up leaves it in that region."""
    before = _built(dev)
    policies = dev.folder / "policies" / "settings.toml"
    given, allowed = dev.stack_file.read_text(), policies.read_text()
    policies.write_text(allowed.replace('"eu-west-3"', '"eu-west-3", "us-west-1"'))
    dev.stack_file.write_text(
        given.replace("region: eu-central-1", "region: us-west-1").replace("zones: 2", "zones: 3")
    )
    try:
        refused = dev.pulumi("up", "--yes", "--skip-preview", check=False)
    finally:
        dev.stack_file.write_text(given)
        policies.write_text(allowed)
    after = _built(dev)

    assert refused.returncode != 0
    assert "the region has 2 for this account: us-west-1a, us-west-1b" in refused.stdout + refused.stderr
    assert [urn.rpartition("::")[2] for urn in before if after[urn] != before[urn]] == ["aws"]
    # Each resource's state holds its own region, so that nothing is taken for gone.
    dev.pulumi("refresh", "--yes", "--skip-preview")
    assert _built(dev) == after
    assert dev.steps() == {"update": ["aws"]}
    dev.pulumi("up", "--yes", "--skip-preview")
    assert _built(dev) == before


def _built(dev: Clone) -> dict[str, tuple[Any, ...]]:
    """What there is, and what it was asked to be: when the provider was last registered is no matter."""
    resources = dev.state("--show-secrets")["deployment"]["resources"]
    return {one["urn"]: (one.get("id"), one.get("inputs")) for one in resources}


def test_no_secret_is_in_plain_text_in_the_state(dev: Clone) -> None:
    secrets = dev.kubectl("get", "secrets", "-n", "application")["items"]
    application = next(item for item in secrets if item["metadata"]["name"] == "app-secrets")
    data = {key: base64.b64decode(value).decode() for key, value in application["data"].items()}
    database = urlsplit(data["database-url"]).password
    assert database
    state, decrypted = json.dumps(dev.state()), json.dumps(dev.state("--show-secrets"))

    for password in (database, data["redis-password"]):
        assert len(password) >= 40
        for form in (password, base64.b64encode(password.encode()).decode()):
            assert form not in state
        assert password in decrypted
    for value in application["data"].values():
        assert value not in state


def test_the_databases_password_is_changed_as_the_guide_says(dev: Clone) -> None:
    arn = dev.outputs()["databaseSecretArn"]
    before = json.loads(dev.aws("secretsmanager", "get-secret-value", "--secret-id", arn)["SecretString"])

    dev.run("bash", "-euc", f"export PULUMI_OPTION_YES=true\n{block('executed: rotation')}", check=True)

    after = json.loads(dev.aws("secretsmanager", "get-secret-value", "--secret-id", arn)["SecretString"])
    assert {**before, "password": ""} == {**after, "password": ""}
    assert before["password"] != after["password"]
    secret = dev.kubectl("get", "secret", "-n", "application", "app-secrets")["data"]
    assert urlsplit(base64.b64decode(secret["database-url"]).decode()).password == after["password"]
    dev.pulumi("preview", "--expect-no-changes")
    assert after["password"] not in json.dumps(dev.state())


def test_a_changed_retention_updates_in_place(dev: Clone) -> None:
    dev.configure("platform:database.backupDays", "3")

    assert dev.steps() == {"update": ["database-writer"]}
    dev.sandbox("up")

    instances = dev.aws("rds", "describe-db-instances")["DBInstances"]
    assert [item["BackupRetentionPeriod"] for item in instances if "writer" in item["DBInstanceIdentifier"]] == [3]
    dev.pulumi("preview", "--expect-no-changes")


def test_a_parameter_that_postgres_reads_at_its_start_can_be_set(dev: Clone) -> None:
    dev.configure("platform:database.parameters.max_connections", "200", "--type", "string")

    assert dev.steps() == {"update": ["database-parameters"]}
    dev.sandbox("up")
    dev.pulumi("preview", "--expect-no-changes")


def test_a_changed_setting_of_the_application_rolls_its_pods(dev: Clone) -> None:
    before = {pod["metadata"]["name"] for pod in dev.running_pods()}
    dev.configure("platform:application.image.tag", "1.0.1")

    assert dev.steps() == {"update": ["application-deployment"]}
    dev.sandbox("up")

    pods = dev.running_pods()
    assert len(pods) == 3
    assert before.isdisjoint(pod["metadata"]["name"] for pod in pods)
    assert all(pod["spec"]["containers"][0]["image"].endswith("/platform-dev/web:1.0.1") for pod in pods)


def test_another_instance_type_replaces_the_node_group_and_the_pods_move(dev: Clone) -> None:
    before = {node["metadata"]["name"] for node in dev.nodes()}
    dev.configure("platform:nodeGroups.general.instanceTypes[0]", "m7i.xlarge")

    assert any("nodes-general" in name for name in dev.steps()["replace"])
    dev.sandbox("up")

    nodes = dev.nodes()
    assert before.isdisjoint(node["metadata"]["name"] for node in nodes)
    assert {node["metadata"]["labels"]["node.kubernetes.io/instance-type"] for node in nodes} == {"m7i.xlarge"}
    assert {node["status"]["capacity"]["cpu"] for node in nodes} == {"4"}
    assert len(dev.running_pods()) == 3
    dev.pulumi("preview", "--expect-no-changes")


def test_the_autoscaler_owns_the_number_of_nodes_and_pods(dev: Clone) -> None:
    group = dev.aws("eks", "list-nodegroups", "--cluster-name", "platform-dev")["nodegroups"][0]
    scaling = "minSize=2,maxSize=4,desiredSize=4"
    dev.aws(
        "eks", "update-nodegroup-config", "--cluster-name", "platform-dev", "--nodegroup-name", group,
        "--scaling-config", scaling,
    )  # fmt: skip
    dev.aws_wait_for_node_group("platform-dev", group)
    dev.run("kubectl", "scale", "-n", "application", "deployment/app", "--replicas=5", check=True)
    dev.run("kubectl", "rollout", "status", "-n", "application", "deployment/app", "--timeout=60s", check=True)

    dev.pulumi("preview", "--refresh", "--expect-no-changes")
    assert len(dev.nodes()) == 4


def test_changed_bounds_of_a_node_group_keep_the_autoscalers_nodes(dev: Clone) -> None:
    """It follows the test before, which left four nodes where the stack began with two."""
    before = {node["metadata"]["name"] for node in dev.nodes()}
    dev.configure("platform:nodeGroups.general.maxSize", "6")

    assert dev.steps() == {"update": ["nodes-general-nodes"]}
    dev.sandbox("up")

    assert {node["metadata"]["name"] for node in dev.nodes()} == before
    assert len(before) == 4
    dev.pulumi("preview", "--expect-no-changes")


def test_a_minimum_above_the_size_adds_nodes(dev: Clone) -> None:
    before = {node["metadata"]["name"] for node in dev.nodes()}
    dev.configure("platform:nodeGroups.general.minSize", "5")
    dev.configure("platform:nodeGroups.general.desiredSize", "5")

    dev.sandbox("up")

    after = {node["metadata"]["name"] for node in dev.nodes()}
    assert before < after
    assert len(after) == 5
    dev.pulumi("preview", "--expect-no-changes")


def test_down_leaves_nothing(dev: Clone) -> None:
    answer = dev.sandbox("down")

    assert "nothing left in AWS nor in Kubernetes" in answer.stdout + answer.stderr
    assert not dev.home.root.exists()


def _is_ready(node: dict[str, Any]) -> bool:
    return any(item["type"] == "Ready" and item["status"] == "True" for item in node["status"]["conditions"])
