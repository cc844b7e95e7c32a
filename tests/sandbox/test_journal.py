"""The cloud's journal: what was answered is kept, whatever ends the process and whatever the disk does."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.cloud import repeatable
from sandbox.cloud.eks.progress import Progress
from sandbox.cloud.eks.state import Clusters
from sandbox.cloud.journal import Journal, JournalError, Record
from sandbox.cloud.kept_requests import changes
from sandbox.conditions import Conditions
from sandbox.plugins.aws.cloud import Cloud
from sandbox.processes import KilledError
from tests.sandbox.cloud_server import REGION, Served, served


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "prod" / "cloud.journal"


class Numbers:
    """A memory that a journal keeps: numbers, with the moment at which each came."""

    def __init__(self, path: Path, broken: Any = None) -> None:
        self.journal = Journal(path, broken=broken)
        self.kept: list[int] = []
        self.moments: list[float] = []
        self.journal.register("number", self._take, lambda sum: {"sum": sum})

    def _take(self, record: Record) -> int:
        if record["number"] < 0:
            raise ValueError("no such number")
        self.kept.append(record["number"])
        self.moments.append(time.time())
        return sum(self.kept)

    def take(self, *numbers: int) -> None:
        for number in numbers:
            self.journal.perform("number", {"number": number})


@pytest.fixture
def numbers(path: Path) -> Iterator[Numbers]:
    numbers = Numbers(path)
    yield numbers
    numbers.journal.close()


def again(path: Path) -> Numbers:
    """The memory as the next process has it."""
    numbers = Numbers(path)
    numbers.journal.replay()
    numbers.journal.close()
    return numbers


class TestFile:
    def test_what_was_done_is_done_again_at_the_same_moments(self, path: Path, numbers: Numbers) -> None:
        undo = repeatable.install()
        try:
            numbers.take(1, 2)
            numbers.journal.close()
            later = again(path)
        finally:
            undo()
        assert (later.kept, later.moments) == (numbers.kept, numbers.moments)

    def test_only_its_owner_may_read_it_and_nobody_without_the_key(self, path: Path, numbers: Numbers) -> None:
        numbers.journal.register("word", lambda _: None)
        numbers.journal.perform("word", {"word": "canary"})
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert b"canary" not in path.read_bytes()

        numbers.journal.close()
        path.with_name("secrets.key").write_bytes(b"0" * 32)
        with pytest.raises(JournalError, match="line 2 was sealed with another key"):
            Journal(path)

    def test_what_was_refused_is_not_kept(self, path: Path, numbers: Numbers) -> None:
        with pytest.raises(ValueError, match="no such number"):
            numbers.take(-1)
        numbers.take(1)
        numbers.journal.close()
        assert again(path).kept == [1]

    def test_a_line_that_a_kill_cut_off_never_was(self, path: Path, numbers: Numbers) -> None:
        numbers.take(1, 2)
        numbers.journal.close()
        path.write_bytes(path.read_bytes()[:-7])
        later = Numbers(path)
        later.journal.replay()
        assert later.kept == [1]
        later.take(3)
        later.journal.close()
        assert again(path).kept == [1, 3]

    def test_damage_in_the_middle_is_refused_with_what_to_do(self, path: Path, numbers: Numbers) -> None:
        numbers.take(1, 2)
        numbers.journal.close()
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join([lines[0], lines[1].replace(b'"sum":1', b'"sum":7'), lines[2]]))
        with pytest.raises(JournalError, match=r"line 2 is damaged\. `make reset STACK=prod` throws"):
            Journal(path)

    @pytest.mark.parametrize(
        ("head", "problem"),
        [
            ({"format": 99, "began": 1, "seed": "a"}, "its format is 99, and not 1"),
            ({"kind": "number"}, "its format is None"),
        ],
    )
    def test_another_format_is_refused(self, path: Path, numbers: Numbers, head: Record, problem: str) -> None:
        numbers.journal.close()
        path.write_bytes(b"")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Journal, "_write", lambda *_: None)
            journal = Journal(path)
        journal._write(head)
        journal.close()
        with pytest.raises(JournalError, match=problem):
            Journal(path)

    def test_a_kind_that_nobody_knows_is_refused(self, path: Path, numbers: Numbers) -> None:
        numbers.take(1)
        numbers.journal.close()
        stranger = Journal(path)
        with pytest.raises(JournalError, match="line 2 has the unknown kind number"):
            stranger.replay()
        stranger.close()

    def test_two_clouds_never_have_one_journal(self, path: Path, numbers: Numbers) -> None:
        with pytest.raises(JournalError, match=f"another cloud has {path}"):
            Journal(path)
        numbers.journal.close()
        Journal(path).close()

    def test_a_full_disk_ends_the_process_and_the_file_stays_whole(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is in memory and not on disk is never answered."""
        said: list[str] = []
        numbers = Numbers(path, said.append)
        numbers.take(1)
        size, write = path.stat().st_size, os.write

        def full(file: int, content: Any) -> int:
            if path.stat().st_size == size:
                return write(file, content[:5])
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.raises(JournalError, match="No space left on device"):
                numbers.take(2)
        assert said == [f"the cloud ends, as it cannot keep what it is told: {path}: No space left on device"]
        assert path.stat().st_size == size
        numbers.journal.close()
        assert again(path).kept == [1]

    def test_a_closed_journal_takes_nothing(self, numbers: Numbers) -> None:
        numbers.journal.close()
        with pytest.raises(JournalError, match="the cloud is being stopped"):
            numbers.take(1)
        assert numbers.kept == []


class TestReplay:
    def test_what_comes_out_differently_is_counted_and_named(
        self, path: Path, numbers: Numbers, capsys: pytest.CaptureFixture[str]
    ) -> None:
        numbers.take(1, 2)
        numbers.journal.close()
        later = Numbers(path)
        later.kept.append(10)
        replayed = later.journal.replay()
        assert (replayed.entries, replayed.different) == (2, 2)
        assert "journal: line 3 comes out as {'sum': 13}, and not as {'sum': 3}" in capsys.readouterr().err

    def test_what_cannot_be_done_again_is_counted_and_the_rest_is_done(
        self, path: Path, numbers: Numbers, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A newer version of the sandbox may refuse what an older one did."""
        numbers.take(1, 2, 3)
        numbers.journal.close()
        take = Numbers._take

        def pickier(self: Numbers, record: Record) -> int:
            if record["number"] == 2:
                raise LookupError("there is no two any more")
            return take(self, record)

        monkeypatch.setattr(Numbers, "_take", pickier)
        later = Numbers(path)
        replayed = later.journal.replay()
        assert later.kept == [1, 3]
        assert (replayed.entries, replayed.different) == (3, 2)
        said = capsys.readouterr().err
        assert "journal: line 3 (number) could not be done again" in said
        assert "there is no two any more" in said

    def test_what_a_mutation_sets_off_is_set_off_once(self, path: Path) -> None:
        """Such as the start of a control plane: it follows from the state after a replay, and not from each line."""
        set_off: list[str] = []

        def journal(name: str) -> Journal:
            made = Journal(path)
            made.register("cluster", lambda _: made.afterwards(lambda: set_off.append(name)))
            return made

        first = journal("first")
        first.perform("cluster", {})
        first.close()
        second = journal("second")
        second.replay()
        second.close()
        assert set_off == ["first"]


class TestCloud:
    """A cloud that is stopped and started again."""

    @pytest.fixture
    def journal(self, path: Path) -> Path:
        return path

    def test_conditions_hold_again_before_what_they_decided(self, journal: Path) -> None:
        with served(journal) as cloud:
            ec2 = cloud.client("ec2")
            for number in range(1, 5):
                ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")
            with pytest.raises(ClientError, match="VpcLimitExceeded"):
                ec2.create_vpc(CidrBlock="10.5.0.0/16")
            cloud.climate.change(Conditions(enforce_quotas=False).record())
            ec2.create_vpc(CidrBlock="10.6.0.0/16")
            cloud.climate.change(Conditions().record())
            said = ec2.describe_vpcs()["Vpcs"]
        with served(journal) as cloud:
            assert cloud.replayed.different == 0
            assert cloud.climate.conditions.enforce_quotas
            assert cloud.client("ec2").describe_vpcs()["Vpcs"] == said

    def test_a_cluster_is_active_or_failed_as_it_was(self, journal: Path) -> None:
        with served(journal) as cloud:
            active = cloud.cluster()
        with served(journal) as cloud:
            assert cloud.client("eks").describe_cluster(name="main")["cluster"] == active
            # Its plane is started with all that it holds, and not begun anew.
            assert (len(cloud.plane.starts), cloud.plane.resets) == (1, 0)
            cloud.client("eks").delete_cluster(name="main")
            cloud.plane.fails_with = ValueError("no")
            cloud.plane.running = True
            eks, subnets = cloud.client("eks"), active["resourcesVpcConfig"]["subnetIds"]
            eks.create_cluster(name="second", roleArn=active["roleArn"], resourcesVpcConfig={"subnetIds": subnets})
            while (failed := eks.describe_cluster(name="second")["cluster"])["status"] == "CREATING":
                time.sleep(0.005)
        with served(journal) as cloud:
            assert cloud.client("eks").describe_cluster(name="second")["cluster"] == failed
            assert failed["status"] == "FAILED"
            assert cloud.plane.starts == []

    def test_a_cluster_that_nobody_saw_come_comes_now(self, journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The cloud was killed while it made the plane."""
        with monkeypatch.context() as patch, served(journal) as cloud:
            patch.setattr(cloud.keeper, "bring_up", lambda _: None)
            eks = cloud.client("eks")
            access = {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}
            subnets = {"subnetIds": cloud.subnets()}
            eks.create_cluster(name="main", roleArn=cloud.role(), resourcesVpcConfig=subnets, accessConfig=access)
        with served(journal) as cloud:
            becomes_active(cloud)
            assert (len(cloud.plane.starts), cloud.plane.resets) == (1, 1)

    def test_a_cluster_whose_plane_was_killed_comes_with_the_next_start(self, journal: Path) -> None:
        with served(journal) as cloud:
            cloud.plane.fails_with = KilledError("etcd was killed")
            assert cloud.cluster()["status"] == "FAILED"
        with served(journal) as cloud:
            becomes_active(cloud)

    def test_parts_of_a_cluster_are_as_they_were_and_those_that_departed_too(self, journal: Path) -> None:
        with served(journal) as cloud:
            eks = cloud.client("eks")
            cloud.cluster()
            for name in ("coredns", "kube-proxy", "vpc-cni"):
                eks.create_addon(clusterName="main", addonName=name)
            (cluster,) = cloud.clusters
            first, second, third = cloud.progress.add_ons(cluster)
            cloud.progress.add_on(cluster, first, "ACTIVE")
            cloud.progress.add_on(cluster, second, "DEGRADED", {"code": "a", "message": "b"})
            cloud.progress.add_on_gone(cluster, third)
            said = [eks.describe_addon(clusterName="main", addonName=n)["addon"] for n in ("coredns", "kube-proxy")]
            assert [each["status"] for each in said] == ["ACTIVE", "DEGRADED"]
        with served(journal) as cloud:
            eks = cloud.client("eks")
            assert [
                eks.describe_addon(clusterName="main", addonName=n)["addon"] for n in ("coredns", "kube-proxy")
            ] == said
            eks.delete_cluster(name="main")
            (gone, _) = cloud.progress.departed()
            cloud.progress.departed_gone(gone)
        with served(journal) as cloud:
            assert [record["addonName"] for record in cloud.progress.departed()] == ["kube-proxy"]
            assert cloud.replayed.different == 0

    def test_an_answer_is_given_again_also_by_the_next_cloud(self, journal: Path) -> None:
        with served(journal) as cloud:
            made = Cloud(cloud.url).call("ec2", REGION, "CreateVpc", {"CidrBlock": "10.1.0.0/16"}, token="t")
        with served(journal) as cloud:
            again = Cloud(cloud.url).call("ec2", REGION, "CreateVpc", {"CidrBlock": "10.1.0.0/16"}, token="t")
        assert again["Vpc"]["VpcId"] == made["Vpc"]["VpcId"]

    def test_a_services_own_key_is_the_same_once_somebody_has_looked_at_it(self, journal: Path) -> None:
        def look(cloud: Served) -> Any:
            return cloud.client("kms").describe_key(KeyId="alias/aws/rds")["KeyMetadata"]

        with served(journal) as cloud:
            key = look(cloud)
        with served(journal) as cloud:
            assert look(cloud) == key


def becomes_active(cloud: Served) -> None:
    deadline = time.monotonic() + 5
    while (status := cloud.client("eks").describe_cluster(name="main")["cluster"]["status"]) == "CREATING":
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert status == "ACTIVE"


def test_another_kubernetes_than_that_of_a_cluster_that_is_gone(path: Path) -> None:
    """The stack file asks for a newer one, and there is no cluster: the sandbox starts, and knows what was before."""
    with served(path) as cloud:
        cloud.progress.offered("1.34")
        made = cloud.cluster(version="1.34")
        cloud.client("eks").delete_cluster(name="main")
    with served(path) as cloud:
        assert cloud.replayed.different == 0
        cloud.progress.offered("1.35")
        with pytest.raises(ClientError, match=r"1\.34: this sandbox was started for 1\.35"):
            cloud.client("eks").create_cluster(
                name="main",
                version="1.34",
                roleArn=made["roleArn"],
                resourcesVpcConfig={"subnetIds": made["resourcesVpcConfig"]["subnetIds"]},
            )


def test_a_version_is_told_to_the_journal_when_it_is_another_one(path: Path) -> None:
    for version in ("1.34", "1.34", "1.35"):
        journal = Journal(path)
        progress = Progress(Clusters(), journal)
        journal.replay()
        progress.offered(version)
        journal.close()
    assert len(path.read_bytes().splitlines()) == 3


@pytest.mark.parametrize(
    ("target", "body", "expected"),
    [
        ("TrentService.DescribeKey", b'{"KeyId": "alias/aws/rds"}', True),
        ("TrentService.DescribeKey", b'{"KeyId": "alias/ours"}', False),
        ("TrentService.CreateKey", b"{}", True),
    ],
)
def test_what_moto_makes_when_it_is_looked_for_is_a_change(target: str, body: bytes, expected: bool) -> None:
    assert changes({"REQUEST_METHOD": "POST", "HTTP_X_AMZ_TARGET": target}, body) is expected


def test_decrypting_is_no_change() -> None:
    assert not changes({"REQUEST_METHOD": "POST", "HTTP_X_AMZ_TARGET": "TrentService.Decrypt"}, b"{}")
