"""One small program on the genuine engine, changed step by step: what previews say, drift, options, imports.

The tests run in the order of the file: they are the days of one stack's life.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Clone, clone_into

pytestmark = pytest.mark.engine

STACK_FILE = """\
config:
  platform:aws: { region: eu-central-1 }
  platform:cluster: { version: "1.35" }
"""
PROGRAM = """\
import json
import pulumi
import pulumi_aws as aws

opts = pulumi.ResourceOptions
cloud = aws.Provider("aws", region="eu-central-1", default_tags={"tags": {"Team": "platform"}})
mine = opts(provider=cloud)
trust = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}

vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", tags={"Name": "small"}, opts=mine)
subnets = [
    aws.ec2.Subnet(
        f"subnet-{zone}", vpc_id=vpc.id, cidr_block=block, availability_zone=f"eu-central-1{zone}", opts=mine)
    for zone, block in {"a": "10.0.0.0/24", "b": "10.0.1.0/24"}.items()
]
nat = aws.ec2.NatGateway("nat", subnet_id=subnets[0].id, connectivity_type="private", opts=mine)
group = aws.ec2.SecurityGroup("group", name="small-web", description="Web", vpc_id=vpc.id, opts=mine)
rule = aws.vpc.SecurityGroupIngressRule(
    "rule", security_group_id=group.id, ip_protocol="tcp", from_port=443, to_port=443, cidr_ipv4="10.0.0.0/16",
    opts=mine)
role = aws.iam.Role("role", assume_role_policy=json.dumps(trust), description="Runs", opts=mine)
secret = aws.secretsmanager.Secret("secret", recovery_window_in_days=0, opts=mine)
version = aws.secretsmanager.SecretVersion(
    "version", secret_id=secret.id, secret_string=pulumi.Output.secret("opensesame"), opts=mine)
repository = aws.ecr.Repository("repository", image_tag_mutability="IMMUTABLE", force_delete=True, opts=mine)
pulumi.export("vpc", vpc.id)
pulumi.export("group", group.id)
pulumi.export("rule", rule.id)
pulumi.export("role", role.name)
pulumi.export("repository", repository.name)
pulumi.export("password", version.secret_string)
"""
OPEN, IMPORTED, HIDDEN = "opensesame", "Canary-Imported", "192.0.2.128/25"
"""Secrets: of the program, of an import, and in an error."""
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands in a preview for a value that only the cloud can tell."""


@dataclass
class Small:
    """The clone with the small program, and what its shell is like."""

    clone: Clone
    environ: dict[str, str] = field(default_factory=dict)
    program: str = PROGRAM

    def edit(self, old: str, new: str) -> None:
        """Change the program in one place."""
        assert self.program.count(old) == 1
        self.program = self.program.replace(old, new)
        self.save()

    def save(self) -> None:
        (self.clone.folder / "__main__.py").write_text(self.program)

    def run(self, *command: str, check: bool = True) -> str:
        """A command in the shell of ``make env``: all that it says."""
        program = shutil.which(command[0], path=self.environ["PATH"]) or command[0]
        done = subprocess.run(
            [program, *command[1:]], cwd=self.clone.folder, env=self.environ, capture_output=True, text=True
        )
        assert (done.returncode == 0) == check, done.stdout[-6000:] + done.stderr[-3000:]
        return done.stdout + done.stderr

    def up(self, *arguments: str, check: bool = True) -> str:
        return self.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", *arguments, check=check)

    def steps(self, *arguments: str) -> list[tuple[str, str]]:
        """What a preview would do, in its order: operations and logical names."""
        said = self.run("pulumi", "preview", "--json", "--non-interactive", *arguments)
        steps = json.loads(said[said.index("{") :])["steps"]
        found = [(step["op"], step["urn"].rpartition("::")[2]) for step in steps]
        return [step for step in found if step[0] not in ("same", "refresh")]

    def aws(self, *arguments: str) -> Any:
        said = self.run("aws", *arguments, "--output", "json")
        return json.loads(said) if said.strip() else None

    @property
    def logs(self) -> Path:
        return self.clone.folder / ".sandbox" / "dev" / "logs"

    def output(self, name: str) -> str:
        return self.run("pulumi", "stack", "output", name).strip()

    def unchanged(self) -> None:
        assert self.steps("--refresh") == []


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    clone = clone_into(tmp_path_factory.mktemp("clone"), "dev")
    clone.stack_file.write_text(STACK_FILE)
    # It is here to be changed in every way, not to keep to rules.
    shutil.rmtree(clone.folder / "policies")
    small = Small(clone)
    small.save()
    try:
        clone.sandbox("start")
        small.environ = clone.environ
        yield small
    finally:
        clone.sandbox("reset", check=False)


def test_a_first_preview_knows_what_the_program_says_and_nothing_that_the_cloud_decides(small: Small) -> None:
    said = small.run("pulumi", "preview", "--json", "--non-interactive")
    states = {step["urn"].rpartition("::")[2]: step["newState"] for step in json.loads(said)["steps"]}

    assert states["vpc"]["inputs"]["cidrBlock"] == "10.0.0.0/16"
    assert states["subnet-a"]["inputs"]["vpcId"] == UNKNOWN
    assert states["nat"]["inputs"]["subnetId"] == UNKNOWN
    assert states["version"]["inputs"]["secretId"] == UNKNOWN
    assert OPEN not in said


def test_up_finishes_though_aws_is_slow_throttles_and_fails(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_TIME_SCALE", "50")
    monkeypatch.setenv("SANDBOX_FAULT_RATE", "0.15")

    answer = small.clone.sandbox("up")

    assert "conditions: AWS's waits at 1/50 of their length, 15% of the requests" in answer.stderr
    assert "creating: pending" in answer.stdout
    faults = (small.logs / "cloud.log").read_text().count("as SANDBOX_FAULT_RATE asks: ")
    assert faults > 0


def test_a_next_command_without_these_wishes_finds_aws_as_ever(small: Small) -> None:
    small.clone.sandbox("start")
    small.run("pulumi", "preview", "--expect-no-changes", "--refresh")


def test_the_estimate_names_what_takes_longest(small: Small) -> None:
    said = small.clone.sandbox("critical-path").stdout

    assert "about 1 min 5" in said  # the gateway's 1 min 46 s is behind what it needs; more is not
    assert "nat (aws:ec2/natGateway:NatGateway)" in said


def test_secrets_are_not_in_the_state(small: Small) -> None:
    assert OPEN not in small.run("pulumi", "stack", "export")
    assert small.output("password") == "[secret]"
    assert OPEN in small.run("pulumi", "stack", "output", "password", "--show-secrets")


def test_what_somebody_else_changed_is_seen_and_mended(small: Small) -> None:
    vpc, repository, role = small.output("vpc"), small.output("repository"), small.output("role")
    small.aws("ec2", "create-tags", "--resources", vpc, "--tags", "Key=Name,Value=stolen", "Key=Extra,Value=1")
    small.aws("ecr", "put-image-tag-mutability", "--repository-name", repository, "--image-tag-mutability", "MUTABLE")
    rule = f"SecurityGroupRuleId={small.output('rule')}"
    source = "SecurityGroupRule={IpProtocol=tcp,FromPort=443,ToPort=443,CidrIpv4=0.0.0.0/0}"
    small.aws(
        "ec2", "modify-security-group-rules", "--group-id", small.output("group"),
        "--security-group-rules", f"{rule},{source}",
    )  # fmt: skip
    small.aws("iam", "delete-role", "--role-name", role)

    wanted = {("update", "vpc"), ("update", "repository"), ("update", "rule"), ("create", "role")}
    assert set(small.steps("--refresh")) == wanted

    small.run("pulumi", "refresh", "--yes", "--skip-preview", "--non-interactive")
    states = {each["urn"].rpartition("::")[2]: each for each in _state(small)}
    assert states["vpc"]["inputs"]["tags"] == {"Extra": "1", "Name": "stolen"}
    assert states["rule"]["outputs"]["cidrIpv4"] == "0.0.0.0/0"
    assert "role" not in states
    assert set(small.steps()) == wanted

    small.up()
    (tags,) = [each["Tags"] for each in small.aws("ec2", "describe-vpcs", "--vpc-ids", vpc)["Vpcs"]]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"Name": "small", "Team": "platform"}
    (found,) = small.aws("ecr", "describe-repositories", "--repository-names", repository)["repositories"]
    assert found["imageTagMutability"] == "IMMUTABLE"
    small.unchanged()


def test_changes_update_or_replace_as_on_aws(small: Small) -> None:
    small.edit('image_tag_mutability="IMMUTABLE"', 'image_tag_mutability="MUTABLE"')
    small.edit('"b": "10.0.1.0/24"', '"b": "10.0.2.0/24"')

    assert set(small.steps()) == {("update", "repository"), ("replace", "subnet-b")}

    said = small.up()
    # The new one first: what used the old one moves over in between.
    assert said.index("subnet-b creating replacement") < said.index("subnet-b deleting original")
    small.unchanged()


def test_delete_before_replace_deletes_first_and_takes_what_depends_with_it(small: Small) -> None:
    small.edit(
        'description="Web", vpc_id=vpc.id, opts=mine',
        'description="The web", vpc_id=vpc.id, opts=opts.merge(mine, opts(delete_before_replace=True))',
    )

    assert set(small.steps()) == {("replace", "group"), ("replace", "rule")}

    said = small.up()
    deleted = [said.index(f"{name} deleting original") for name in ("rule", "group")]
    assert deleted == sorted(deleted)
    assert deleted[1] < said.index("group creating replacement")
    (group,) = small.aws("ec2", "describe-security-groups", "--group-ids", small.output("group"))["SecurityGroups"]
    assert group["Description"] == "The web"
    assert [item["FromPort"] for item in group["IpPermissions"]] == [443]


def test_ignored_changes_change_nothing(small: Small) -> None:
    small.edit(
        'description="Runs", opts=mine',
        'description="Walks", opts=opts.merge(mine, opts(ignore_changes=["description"]))',
    )

    assert small.steps() == []


def test_an_alias_lets_a_resource_have_another_name(small: Small) -> None:
    small.edit('aws.ecr.Repository("repository",', 'aws.ecr.Repository("images",')
    assert {op for op, _ in small.steps()} >= {"create", "delete"}

    small.edit("force_delete=True, opts=mine", 'force_delete=True, opts=opts.merge(mine, opts('
        'aliases=[pulumi.Alias(name="repository")]))')  # fmt: skip
    assert small.steps() == []
    small.up()


def test_a_protected_resource_is_not_deleted(small: Small) -> None:
    program = small.program
    small.edit('pulumi.Alias(name="repository")])', 'pulumi.Alias(name="repository")], protect=True)')
    small.up()
    start = small.program.index("repository = aws.ecr")
    small.edit(small.program[start : small.program.index("pulumi.export(")], "")
    small.edit('pulumi.export("repository", repository.name)\n', "")

    said = small.up(check=False)
    assert "images" in said
    assert "protect" in said

    small.program = program
    small.save()
    small.up()


def test_a_retained_resource_outlives_its_stack_and_is_imported_again(small: Small) -> None:
    plain = small.program
    declared = 'aws.ecr.Repository("kept", name="kept-images", opts=opts.merge(mine, opts({options})))\n'
    small.program = plain + declared.format(options="retain_on_delete=True")
    small.save()
    small.up()
    small.program = plain
    small.save()
    small.up()
    assert small.aws("ecr", "describe-repositories", "--repository-names", "kept-images")["repositories"]

    small.program = plain + declared.format(options='import_="kept-images"')
    small.save()
    assert small.steps() == [("import", "kept")]
    small.up()
    assert [each["id"] for each in _state(small) if each["urn"].endswith("::kept")] == ["kept-images"]

    # Imported once, it is a resource like any other: without the option it stays, without its line it goes.
    small.program = plain + declared.format(options="")
    small.save()
    small.unchanged()
    small.program = plain
    small.save()
    assert small.steps() == [("delete", "kept")]
    small.up()


def test_pulumi_import_writes_what_the_program_must_say_and_no_secret_in_plain_text(small: Small) -> None:
    arguments = ("--group-name", "found", "--description", "Found", "--vpc-id", small.output("vpc"))
    group = small.aws("ec2", "create-security-group", *arguments)["GroupId"]
    secret = small.aws("secretsmanager", "create-secret", "--name", "found", "--secret-string", IMPORTED)
    wanted = {
        "found": ("aws:ec2/securityGroup:SecurityGroup", group),
        "word": ("aws:secretsmanager/secretVersion:SecretVersion", f"{secret['ARN']}|{secret['VersionId']}"),
    }
    resources = [{"name": name, "type": type, "id": id} for name, (type, id) in wanted.items()]
    (small.clone.folder / "found.json").write_text(json.dumps({"resources": resources}))

    said = small.run("pulumi", "import", "--file", "found.json", "--yes",
        "--skip-preview", "--protect=false", "--generate-code=false", "--non-interactive")  # fmt: skip

    assert "2 imported" in said
    states = {each["urn"].rpartition("::")[2]: each for each in _state(small)}
    found, word = (states[name] for name in wanted)
    assert found["inputs"]["description"] == "Found"
    assert word["inputs"]["secretId"] == secret["ARN"]
    assert IMPORTED not in said + small.run("pulumi", "stack", "export")
    assert IMPORTED in small.run("pulumi", "stack", "export", "--show-secrets")
    # The program does not know of them: an up deletes them.
    assert {("delete", "found"), ("delete", "word")} <= set(small.steps())
    small.up()
    small.aws("secretsmanager", "delete-secret", "--secret-id", "found", "--force-delete-without-recovery")


def test_an_error_of_aws_names_resource_property_and_quota(small: Small) -> None:
    plain = small.program
    small.program += (
        'for index in range(5):\n    aws.ec2.Vpc(f"more-{index}", cidr_block=f"10.{index + 1}.0.0/16", opts=mine)\n'
        'aws.ec2.SecurityGroup("twin", name="small-web", description="Twin", vpc_id=vpc.id, opts=mine)\n'
        'aws.ec2.Subnet("outside", vpc_id=vpc.id, cidr_block="192.0.2.0/25", opts=mine)\n'
        f'aws.ec2.Subnet("hidden", vpc_id=vpc.id, cidr_block=pulumi.Output.secret("{HIDDEN}"), opts=mine)\n'
    )
    small.save()

    said = small.up("--continue-on-error", check=False)

    assert (
        "(aws:ec2/vpc:Vpc): CreateVpc: VpcLimitExceeded: The maximum number of VPCs has been reached. "
        "The quota is «VPCs per Region» (L-F678F1CE), 5 by default" in said
    )
    assert (
        "twin (aws:ec2/securityGroup:SecurityGroup, property name): CreateSecurityGroup: InvalidGroup.Duplicate" in said
    )
    for name, told in (("outside", "192.0.2.0/25"), ("hidden", "[secret]")):
        assert f"{name} (aws:ec2/subnet:Subnet, property cidrBlock): CreateSubnet: InvalidSubnet.Range: The CIDR " \
            f"'{told}' is invalid." in said  # fmt: skip
    assert HIDDEN not in said
    small.program = plain
    small.save()
    small.up()


def test_no_log_has_a_secret(small: Small) -> None:
    """Those of the program, of an import, and of an error that repeats what it refuses."""
    logs = {log: log.read_text() for log in small.logs.iterdir()}
    assert {log.name for log in logs} >= {"cloud.log", "plugins.log"}
    for log, text in logs.items():
        for word in (OPEN, IMPORTED, HIDDEN):
            assert word not in text, log
            assert base64.b64encode(word.encode()).decode() not in text, log


def test_destroy_names_what_something_else_depends_on_and_then_leaves_nothing(small: Small) -> None:
    arguments = ("--group-name", "foreign", "--description", "Of somebody else", "--vpc-id", small.output("vpc"))
    group = small.aws("ec2", "create-security-group", *arguments)["GroupId"]

    said = small.run("pulumi", "destroy", "--yes", "--skip-preview", "--non-interactive", check=False)
    assert "vpc (aws:ec2/vpc:Vpc): DeleteVpc: DependencyViolation: The vpc 'vpc-" in said

    small.aws("ec2", "delete-security-group", "--group-id", group)
    small.run("pulumi", "destroy", "--yes", "--skip-preview", "--non-interactive")

    answer = small.clone.sandbox("down")
    assert "nothing left in AWS nor in Kubernetes" in answer.stdout + answer.stderr


def _state(small: Small) -> list[dict[str, Any]]:
    return json.loads(small.run("pulumi", "stack", "export"))["deployment"].get("resources", [])
