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
    client,
    close_terminal,
    helpers_of,
    interrupt,
    kill_engine,
    kill_plugins,
    press_ctrl_c,
    press_ctrl_c_twice,
    small_stack,
)

pytestmark = pytest.mark.engine

EACH = 6

AWS_PROGRAM = f"""
import json
import pulumi
import pulumi_aws as aws

provider = aws.Provider("aws", region="eu-central-1", default_tags={{"tags": {{"Test": "interrupted"}}}})
opts = pulumi.ResourceOptions(provider=provider)
allow = {{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {{"Service": "ec2.amazonaws.com"}}}}
trust = json.dumps({{"Version": "2012-10-17", "Statement": [allow]}})
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", enable_dns_hostnames=True, opts=opts)
for index in range({EACH}):
    aws.ec2.Subnet(f"subnet-{{index}}", vpc_id=vpc.id, cidr_block=f"10.0.{{index}}.0/24", opts=opts)
    aws.ec2.SecurityGroup(f"group-{{index}}", vpc_id=vpc.id, opts=opts)
    role = aws.iam.Role(f"role-{{index}}", assume_role_policy=trust, opts=opts)
    policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    aws.iam.RolePolicyAttachment(f"attachment-{{index}}", role=role.name, policy_arn=policy, opts=opts)
    secret = aws.secretsmanager.Secret(f"secret-{{index}}", recovery_window_in_days=0, opts=opts)
    text = pulumi.Output.secret(f"canary-{{index}}")
    aws.secretsmanager.SecretVersion(f"version-{{index}}", secret_id=secret.id, secret_string=text, opts=opts)
    aws.kms.Key(f"key-{{index}}", deletion_window_in_days=7, opts=opts)
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    (clone,) = small_stack(tmp_path_factory.mktemp("clone") / "a clone", AWS_PROGRAM, "dev")
    yield clone
    clone.sandbox("reset", check=False)


class TestAws:
    def counted(self, stack: Clone) -> dict[str, int]:
        """What the cloud has; keys that wait for their deletion are gone as far as AWS can tell."""
        ec2, kms = client(stack, "ec2"), client(stack, "kms")
        ours: list[Any] = [{"Name": "tag:Test", "Values": ["interrupted"]}]
        keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
        return {
            "vpcs": len(ec2.describe_vpcs(Filters=ours)["Vpcs"]),
            "subnets": len(ec2.describe_subnets(Filters=ours)["Subnets"]),
            "groups": len(ec2.describe_security_groups(Filters=ours)["SecurityGroups"]),
            "roles": len(client(stack, "iam").list_roles()["Roles"]),
            "secrets": len(client(stack, "secretsmanager").list_secrets()["SecretList"]),
            "keys": sum(key["KeyState"] == "Enabled" for key in keys),
        }

    def test_an_up_goes_on_wherever_it_was_interrupted(self, stack: Clone) -> None:
        interrupt(stack, "up", lambda now: now.pending > 0 and now.resources >= 2, kill_engine)
        interrupt(stack, "up", lambda now: now.resources >= 6, kill_plugins)
        said = interrupt(stack, "up", lambda now: now.pending > 1 and now.resources >= 11, press_ctrl_c_twice)
        assert "something is half done. `make up` goes on from here" in said
        interrupt(stack, "up", lambda now: now.pending > 1 and now.resources >= 20, close_terminal)
        said = interrupt(stack, "up", lambda now: now.pending > 1 and now.resources >= 25, press_ctrl_c)
        assert "stopped: " in said
        assert "half done" not in said
        interrupt(stack, "up", lambda now: now.pending > 1 and now.resources >= 33, kill_engine)

        done = stack.sandbox("up")
        assert f"Stack dev is up: {2 + 7 * EACH} resources" in done.stdout
        rest = dict.fromkeys(("subnets", "groups", "roles", "secrets", "keys"), EACH)
        assert self.counted(stack) == {"vpcs": 1, **rest}

    def test_the_state_says_what_is_there(self, stack: Clone) -> None:
        stack.pulumi("preview", "--refresh", "--expect-no-changes")

    def test_secrets_of_what_was_taken_over_are_secret(self, stack: Clone) -> None:
        assert "canary" not in stack.pulumi("stack", "export").stdout

    def test_what_a_killed_engine_had_started_ends_by_itself(self, stack: Clone) -> None:
        deadline = time.monotonic() + 10
        while (left := helpers_of(stack)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert left == []

    def test_a_plain_pulumi_up_goes_on_likewise(self, stack: Clone) -> None:
        program = stack.folder / "__main__.py"
        program.write_text(program.read_text().replace('"vpc", cidr_block', '"vpc2", cidr_block'))
        interrupt(stack, "up", lambda now: now.pending > 0 and now.resources > 3 + 7 * EACH, kill_engine)

        stack.pulumi("up", "--yes", "--skip-preview")
        rest = dict.fromkeys(("subnets", "groups", "roles", "secrets", "keys"), EACH)
        assert self.counted(stack) == {"vpcs": 1, **rest}
        stack.pulumi("preview", "--refresh", "--expect-no-changes")

    def test_a_down_goes_on_wherever_it_was_interrupted_and_leaves_nothing(self, stack: Clone) -> None:
        interrupt(stack, "down", lambda now: now.pending > 0 and now.resources <= 38, kill_engine)
        interrupt(stack, "down", lambda now: now.pending > 0 and now.resources <= 25, kill_plugins)
        interrupt(stack, "down", lambda now: now.pending > 0 and now.resources <= 12, kill_engine)

        done = stack.sandbox("down")
        assert "nothing left in AWS nor in Kubernetes" in done.stderr
        assert not stack.home.root.exists()
