"""Commands that are killed in the middle and run again: nothing is made twice, and nothing is forgotten.

Each class is the life of one small stack, in the order of the file.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.conftest import Clone
from tests.engine.small_stacks import (
    Moment,
    client,
    close_terminal,
    helpers_of,
    interrupt,
    kill_engine,
    kill_engine_later,
    kill_program,
    kill_service,
    press_ctrl_c,
    press_ctrl_c_twice,
    small_stack,
    together,
)

pytestmark = pytest.mark.engine


def up_to(resources: int, *, pending: int = 1) -> Any:
    """When that many resources are in the state, and more are just being made."""

    def reached(now: Moment) -> bool:
        return now.resources >= resources and now.pending >= pending

    return reached


def down_to(resources: int) -> Any:
    def reached(now: Moment) -> bool:
        return now.resources <= resources and now.pending >= 1

    return reached


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    (clone,) = small_stack(tmp_path_factory.mktemp("clone") / "a clone", "in_aws", "dev")
    yield clone
    clone.sandbox("reset", check=False)


class TestAws:
    EACH = 6

    def assert_all_is_there_once(self, stack: Clone) -> None:
        ec2, kms = client(stack, "ec2"), client(stack, "kms")
        ours: list[Any] = [{"Name": "tag:Test", "Values": ["interrupted"]}]
        keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
        found = {
            "vpcs": len(ec2.describe_vpcs(Filters=ours)["Vpcs"]),
            "subnets": len(ec2.describe_subnets(Filters=ours)["Subnets"]),
            "groups": len(ec2.describe_security_groups(Filters=ours)["SecurityGroups"]),
            "roles": len(client(stack, "iam").list_roles()["Roles"]),
            "secrets": len(client(stack, "secretsmanager").list_secrets()["SecretList"]),
            # Those that wait for their deletion are gone as far as AWS lets them.
            "keys": sum(key["KeyState"] == "Enabled" for key in keys),
        }
        expected = dict.fromkeys(("subnets", "groups", "roles", "secrets", "keys"), self.EACH)
        assert found == {"vpcs": 1, **expected}

    def test_an_up_goes_on_wherever_it_was_interrupted(self, stack: Clone) -> None:
        interrupt(stack, "up", up_to(2), kill_engine)
        interrupt(stack, "up", up_to(6), kill_service("plugins"))
        # What it was asked for just then it may have made; the engine lives, and hears that it failed.
        said = interrupt(stack, "up", up_to(9, pending=2), kill_service("cloud"))
        assert "the sandbox's cloud has ended: run the command again" in said
        said = interrupt(stack, "up", up_to(11, pending=2), press_ctrl_c_twice)
        assert "goes on from here" in said
        interrupt(stack, "up", up_to(15), kill_program)
        interrupt(stack, "up", up_to(21), close_terminal)
        said = interrupt(stack, "up", up_to(28), press_ctrl_c)
        assert "stopped: " in said
        assert "half done" not in said
        # The engine asks for the keys of the state's secrets at its start only.
        interrupt(stack, "up", up_to(34), together(kill_service("secrets"), kill_engine))

        done = stack.sandbox("up")
        assert f"Stack dev is up: {2 + 7 * self.EACH} resources" in done.stdout
        self.assert_all_is_there_once(stack)

    def test_the_state_says_what_is_there(self, stack: Clone) -> None:
        stack.pulumi("preview", "--refresh", "--expect-no-changes")

    def test_secrets_of_what_was_taken_over_are_secret(self, stack: Clone) -> None:
        assert "canary" not in stack.pulumi("stack", "export").stdout

    def test_what_a_killed_engine_had_started_ends_by_itself(self, stack: Clone) -> None:
        deadline = time.monotonic() + 10
        while (left := helpers_of(stack)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert left == []

    def test_a_plain_pulumi_up_goes_on_from_a_replacement(self, stack: Clone) -> None:
        """The VPC has another range: all in it is made anew, and then the old ones are deleted."""
        program = stack.folder / "__main__.py"
        program.write_text(program.read_text().replace("10.0.", "10.1."))
        interrupt(stack, "up", up_to(3 + 7 * self.EACH), kill_engine)

        done = stack.pulumi("up", "--yes", "--skip-preview")
        assert "an earlier command was interrupted" in done.stderr
        self.assert_all_is_there_once(stack)
        stack.pulumi("preview", "--refresh", "--expect-no-changes")

    def test_a_down_goes_on_wherever_it_was_interrupted_and_leaves_nothing(self, stack: Clone) -> None:
        interrupt(stack, "down", down_to(38), kill_engine)
        interrupt(stack, "down", down_to(25), kill_service("plugins"))
        interrupt(stack, "down", down_to(18), kill_service("cloud"))
        interrupt(stack, "down", down_to(12), kill_engine)

        done = stack.sandbox("down")
        assert "nothing left in AWS nor in Kubernetes" in done.stderr
        assert not stack.home.root.exists()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    (clone,) = small_stack(tmp_path_factory.mktemp("clone"), "in_a_cluster", "dev")
    yield clone
    clone.sandbox("reset", check=False)


class TestKubernetes:
    EACH = 8

    def test_an_up_goes_on_wherever_it_was_interrupted(self, cluster: Clone) -> None:
        # The cluster is being made: of all others, none takes so long.
        interrupt(cluster, "up", lambda now: now.creating == ["cluster"], kill_engine_later)
        said = interrupt(cluster, "up", up_to(12), kill_engine)
        assert "made, and taken over: cluster" in said
        interrupt(cluster, "up", up_to(16), kill_service("kube-apiserver"))
        interrupt(cluster, "up", up_to(20), kill_service("plugins"))
        interrupt(cluster, "up", up_to(24), kill_service("cloud"))
        interrupt(cluster, "up", up_to(28), kill_service("etcd"))
        interrupt(cluster, "up", up_to(32), press_ctrl_c_twice)

        cluster.sandbox("up")
        for kind in ("configmaps", "secrets", "serviceaccounts", "deployments"):
            objects = cluster.kubectl("get", kind, "-A", "-l", "test=interrupted")["items"]
            assert len(objects) == self.EACH, [item["metadata"]["name"] for item in objects]
        spaces = cluster.kubectl("get", "namespaces")["items"]
        assert sum(item["metadata"]["name"].startswith("space-") for item in spaces) == 1

    def test_the_state_says_what_is_there(self, cluster: Clone) -> None:
        cluster.pulumi("preview", "--refresh", "--expect-no-changes")
        assert "canary" not in cluster.pulumi("stack", "export").stdout

    def test_a_down_goes_on_wherever_it_was_interrupted_and_leaves_nothing(self, cluster: Clone) -> None:
        interrupt(cluster, "down", down_to(25), kill_engine)
        interrupt(cluster, "down", lambda now: now.deleting == ["cluster"], kill_engine)

        done = cluster.sandbox("down")
        assert "nothing left in AWS nor in Kubernetes" in done.stderr
