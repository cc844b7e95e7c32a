"""docs/aws.md, sections 2 and 3, as they stand there: state in S3 with versions and a lock, secrets under a KMS key.

The commands run against the sandbox's AWS. The tests run in the order of the file: they are the days of one stack.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml

from tests.engine.conftest import Clone
from tests.engine.small_stacks import client, small_stack
from tests.guides import block

pytestmark = pytest.mark.engine

CANARY, NEXT_CANARY = "Canary-in-the-bucket", "Canary-that-came-later"
STACK_FILE = """\
# dev: what stands here stays here.
config:
  small:aws:
    region: eu-central-1
"""
SECRET = b"aws:secretsmanager/secretVersion:SecretVersion"
STATE, LOCKS = ".pulumi/stacks/small/dev.json", ".pulumi/locks/organization/small/dev/"
# What `make env` says of the sandbox's own backend, and a user's shell does not.
NOT_OF_A_USER = ("PULUMI_BACKEND_URL", "PULUMI_STACK", "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER")


@dataclass
class Account:
    """A shell in which `aws` and `pulumi` reach one emulated account, and what it has learned on the way."""

    clone: Clone
    environ: dict[str, str] = field(default_factory=dict)

    def run(self, script: str) -> None:
        """Lines as a user types them; what they set is there for the next ones."""
        heard = self.clone.folder / "environment"
        done = subprocess.run(
            # -e: it ends where a line fails; -u: a name that is not set is a mistake; -a: what is set is kept.
            ["bash", "-eua", "-c", f"{script}\nenv -0 > {heard}"],
            **self.how(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        self.environ = dict(entry.split("=", 1) for entry in heard.read_text().split("\0") if "=" in entry)

    def pulumi(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(self.command(*arguments), **self.how(), capture_output=True, text=True)
        assert (done.returncode == 0) == check, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout + done.stderr

    def command(self, *arguments: str) -> list[str]:
        return [str(self.clone.home.root / "engine" / "pulumi"), *arguments, "--non-interactive"]

    def how(self) -> dict[str, Any]:
        return {"cwd": self.clone.folder, "env": self.environ}

    def up(self, canary: str) -> None:
        (self.clone.folder / "canary").write_text(canary)
        self.pulumi("up", "--yes", "--skip-preview")

    @property
    def s3(self) -> Any:
        return client(self.clone, "s3")

    @property
    def bucket(self) -> str:
        return self.environ["BUCKET"]

    def versions(self, prefix: str) -> list[str]:
        """The ids of an object's versions, the latest first."""
        listed = self.s3.list_object_versions(Bucket=self.bucket, Prefix=prefix)
        return [version["VersionId"] for version in listed.get("Versions", ())]

    def body(self, key: str, version: str) -> bytes:
        return self.s3.get_object(Bucket=self.bucket, Key=key, VersionId=version)["Body"].read()

    def locks(self) -> list[dict[str, Any]]:
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=LOCKS).get("Contents", ())
        bodies = [self.s3.get_object(Bucket=self.bucket, Key=one["Key"])["Body"].read() for one in found]
        return [json.loads(body) for body in bodies]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    (clone,) = small_stack(tmp_path_factory.mktemp("clone"), "that_keeps_a_secret", "dev")
    clone.stack_file.write_text(STACK_FILE)
    account = Account(clone)
    try:
        clone.sandbox("start")
        account.environ = {name: value for name, value in clone.environ.items() if name not in NOT_OF_A_USER}
        # The engine itself: in the sandbox's shell `pulumi` looks after the sandbox's own state first.
        account.environ["PATH"] = f"{clone.home.root / 'engine'}{os.pathsep}{account.environ['PATH']}"
        yield account
    finally:
        clone.sandbox("reset", check=False)


def test_the_commands_make_a_bucket_that_keeps_versions_encrypts_and_is_closed(account: Account) -> None:
    account.run(block("executed: state"))

    bucket, s3 = account.bucket, account.s3
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == account.environ["KEY_ID"]
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert statement["Resource"] == [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    (old,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert old["NoncurrentVersionExpiration"]["NoncurrentDays"] == 180
    # moto takes the condition of any statement for met, and nobody gets in any more.
    s3.delete_bucket_policy(Bucket=bucket)


def test_the_stack_file_gets_its_two_lines_and_stays_as_it_was(account: Account) -> None:
    account.run(block("executed: stack"))

    text = account.clone.stack_file.read_text()
    lines = [line for line in text.splitlines() if line not in STACK_FILE.splitlines()]
    assert sorted(line.partition(":")[0] for line in lines) == ["encryptedkey", "secretsprovider"]
    assert all(line in text for line in STACK_FILE.splitlines())
    assert yaml.safe_load(text)["secretsprovider"] == "awskms://alias/platform-state?region=eu-central-1"
    assert account.versions(STATE)


def test_a_secret_is_in_plain_text_in_no_version_of_the_state(account: Account) -> None:
    account.up(CANARY)
    account.up(NEXT_CANARY)

    assert account.pulumi("stack", "output", "kept", "--show-secrets").strip() == NEXT_CANARY
    assert len(account.versions(STATE)) > 2
    listed = account.s3.list_object_versions(Bucket=account.bucket)["Versions"]
    for one in listed:
        body = account.body(one["Key"], one["VersionId"])
        for canary in (CANARY, NEXT_CANARY):
            assert canary.encode() not in body, one["Key"]
            assert base64.b64encode(canary.encode()) not in body, one["Key"]
    assert account.locks() == []


def test_a_new_data_key_leaves_all_secrets_readable(account: Account) -> None:
    before = yaml.safe_load(account.clone.stack_file.read_text())

    account.run(block("executed: data key"))

    after = yaml.safe_load(account.clone.stack_file.read_text())
    assert {**before, "encryptedkey": ""} == {**after, "encryptedkey": ""}
    assert before["encryptedkey"] != after["encryptedkey"]
    assert account.pulumi("stack", "output", "kept", "--show-secrets").strip() == NEXT_CANARY


def test_a_lock_keeps_others_out_until_its_command_ends_or_is_cancelled(account: Account) -> None:
    folder = account.clone.folder
    (folder / "came").unlink()
    (folder / "wait").touch()
    command = account.command("up", "--yes", "--skip-preview")
    working = subprocess.Popen(command, **account.how(), stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while not (folder / "came").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        (lock,) = account.locks()
        assert lock["pid"] == working.pid
        refused = account.pulumi("up", "--yes", "--skip-preview", check=False)
        assert "the stack is currently locked by 1 lock(s)" in refused
        assert f"s3://{account.bucket}/{LOCKS}" in refused
        assert f"(pid {working.pid})" in refused
    finally:
        working.send_signal(signal.SIGKILL)
        working.wait()
        (folder / "wait").unlink()

    assert account.locks() == [lock]
    account.pulumi("cancel", "--yes")
    assert account.locks() == []


def test_an_older_version_of_the_state_can_be_made_the_latest(account: Account) -> None:
    account.pulumi("destroy", "--yes", "--skip-preview")
    old = next(version for version in account.versions(STATE) if SECRET in account.body(STATE, version))

    account.run(block("executed: older state").replace("platform/dev", "small/dev").replace("<version>", old))

    assert SECRET in account.pulumi("stack", "export").encode()
    # What AWS has did not change with it.
    account.pulumi("refresh", "--yes", "--skip-preview")
    assert SECRET not in account.pulumi("stack", "export").encode()


def test_the_sandbox_brings_the_stack_file_up_though_the_key_is_elsewhere(account: Account) -> None:
    clone = account.clone
    # As KMS returns it: the key that encrypted this is in no sandbox.
    sealed = base64.b64encode(b"\x01\x02\x02\x00\x78" + os.urandom(179)).decode()
    written = {**yaml.safe_load(clone.stack_file.read_text()), "encryptedkey": sealed}
    clone.stack_file.write_text(yaml.safe_dump(written))
    before = clone.stack_file.read_bytes()

    clone.sandbox("up")

    assert clone.outputs()["kept"] == NEXT_CANARY
    clone.pulumi("preview", "--expect-no-changes")
    assert NEXT_CANARY not in json.dumps(clone.state())
    assert clone.stack_file.read_bytes() == before
