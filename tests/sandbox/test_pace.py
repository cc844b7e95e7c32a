"""What takes its time on AWS takes it here, by a clock that these tests turn on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.cloud.conditions.kinds import KINDS
from sandbox.conditions import Conditions
from sandbox.creation_times import duration_of
from sandbox.plugins.aws.cloud import Cloud
from tests.sandbox.cloud_server import REGION, Served, served

SCALE = 100


@dataclass
class Clock:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds

    def after(self, token: str, doing: str, share: float) -> None:
        """Let ``share`` of the time pass that AWS takes."""
        # A little more, as sums of fractions come out a little less.
        self.seconds += 1.001 * share * getattr(duration_of(token, {}), doing) / SCALE


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cloud(clock: Clock) -> Iterator[Served]:
    with served(conditions=Conditions(time_scale=SCALE), clock=clock) as running:
        yield running


def refused(code: str, match: str = "") -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{match}")


def test_every_kind_has_its_times_in_the_table() -> None:
    for kind in KINDS:
        row = duration_of(kind.token, {})
        assert row.create > 2
        assert row.delete > 2
        assert row.change > 2 or not kind.change


class TestDatabase:
    TOKEN = "aws:rds/instance:Instance"

    @pytest.fixture
    def rds(self, cloud: Served) -> Any:
        rds = cloud.client("rds")
        made = rds.create_db_instance(
            DBInstanceIdentifier="writer", DBInstanceClass="db.t4g.micro", Engine="postgres", AllocatedStorage=20,
            MasterUsername="app", MasterUserPassword="correct-horse", BackupRetentionPeriod=7,
        )["DBInstance"]  # fmt: skip
        assert made["DBInstanceStatus"] == "creating"
        return rds

    @staticmethod
    def status(rds: Any) -> str:
        (found,) = rds.describe_db_instances(DBInstanceIdentifier="writer")["DBInstances"]
        return found["DBInstanceStatus"]

    def test_it_is_creating_for_as_long_as_on_aws_by_the_scale(self, rds: Any, clock: Clock) -> None:
        clock.after(self.TOKEN, "create", 0.9)
        assert self.status(rds) == "creating"
        clock.after(self.TOKEN, "create", 0.2)
        assert self.status(rds) == "available"

    def test_a_creation_that_is_asked_for_again_is_neither_refused_nor_begun_again(
        self, cloud: Served, clock: Clock
    ) -> None:
        """Its provider was killed before the answer reached it. A refusal would say that it is somebody else's."""
        provider = Cloud(cloud.url)
        wanted = {
            "DBInstanceIdentifier": "writer",
            "DBInstanceClass": "db.t4g.micro",
            "Engine": "postgres",
            "AllocatedStorage": 20,
            "MasterUsername": "app",
            "MasterUserPassword": "correct-horse",
        }
        made = provider.call("rds", REGION, "CreateDBInstance", wanted, token="its token")["DBInstance"]
        clock.after(self.TOKEN, "create", 0.9)
        again = provider.call("rds", REGION, "CreateDBInstance", wanted, token="its token")["DBInstance"]
        assert again["DBInstanceArn"] == made["DBInstanceArn"]
        assert self.status(cloud.client("rds")) == "creating"
        clock.after(self.TOKEN, "create", 0.2)
        assert self.status(cloud.client("rds")) == "available"
        with refused("DBInstanceAlreadyExists"):
            cloud.client("rds").create_db_instance(**wanted)

    def test_it_has_no_address_before_it_is_there(self, rds: Any, clock: Clock) -> None:
        (creating,) = rds.describe_db_instances()["DBInstances"]
        clock.after(self.TOKEN, "create", 1)
        (there,) = rds.describe_db_instances()["DBInstances"]
        assert "Endpoint" not in creating
        assert there["Endpoint"]["Address"].startswith("writer.")
        # Nothing else was touched on the way through; the last one of these is always now.
        changes = {"DBInstanceStatus", "Endpoint", "LatestRestorableTime"}
        assert {**creating, **{member: there[member] for member in changes}} == there

    def test_what_is_not_there_yet_is_not_changed(self, rds: Any, clock: Clock) -> None:
        with refused("InvalidDBInstanceState", "not in available state"):
            rds.modify_db_instance(DBInstanceIdentifier="writer", AllocatedStorage=30)
        clock.after(self.TOKEN, "create", 1)
        rds.modify_db_instance(DBInstanceIdentifier="writer", AllocatedStorage=30)
        assert self.status(rds) == "modifying"
        clock.after(self.TOKEN, "change", 1)
        assert self.status(rds) == "available"

    def test_it_goes_slowly_and_its_name_with_it(self, rds: Any, clock: Clock) -> None:
        clock.after(self.TOKEN, "create", 1)
        rds.delete_db_instance(DBInstanceIdentifier="writer", SkipFinalSnapshot=True)
        assert self.status(rds) == "deleting"
        assert [each["DBInstanceStatus"] for each in rds.describe_db_instances()["DBInstances"]] == ["deleting"]
        with refused("DBInstanceAlreadyExists"):
            rds.create_db_instance(DBInstanceIdentifier="writer", DBInstanceClass="db.t4g.micro", Engine="postgres")
        clock.after(self.TOKEN, "delete", 1)
        with refused("DBInstanceNotFound"):
            self.status(rds)
        assert rds.describe_db_instances()["DBInstances"] == []


def test_a_cluster_is_creating_and_has_no_endpoint_meanwhile(cloud: Served, clock: Clock) -> None:
    eks, iam_role, subnets = cloud.client("eks"), cloud.role(), cloud.subnets()
    eks.create_cluster(name="main", roleArn=iam_role, resourcesVpcConfig={"subnetIds": subnets})
    cluster = eks.describe_cluster(name="main")["cluster"]
    assert cluster["status"] == "CREATING"
    assert not cluster.get("endpoint")
    with refused("InvalidRequestException", "not in ACTIVE status"):
        eks.create_addon(clusterName="main", addonName="vpc-cni")
    with refused("ResourceInUseException", "Cluster has status CREATING"):
        eks.delete_cluster(name="main")
    clock.after("aws:eks/cluster:Cluster", "create", 1)
    assert eks.describe_cluster(name="main")["cluster"]["endpoint"].startswith("https://127.0.0.1:")

    eks.delete_cluster(name="main")
    assert eks.describe_cluster(name="main")["cluster"]["status"] == "DELETING"
    clock.after("aws:eks/cluster:Cluster", "delete", 1)
    with refused("ResourceNotFoundException"):
        eks.describe_cluster(name="main")


def test_a_nat_gateway_is_pending_and_then_deleting(cloud: Served, clock: Clock) -> None:
    ec2, (subnet, _) = cloud.client("ec2"), cloud.subnets()
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]

    def state() -> str:
        return ec2.describe_nat_gateways(NatGatewayIds=[made["NatGatewayId"]])["NatGateways"][0]["State"]

    assert made["State"] == state() == "pending"
    clock.after("aws:ec2/natGateway:NatGateway", "create", 1)
    assert state() == "available"
    ec2.delete_nat_gateway(NatGatewayId=made["NatGatewayId"])
    assert state() == "deleting"
    clock.after("aws:ec2/natGateway:NatGateway", "delete", 1)
    assert state() == "deleted"


def test_a_cache_comes_and_changes_slowly(cloud: Served, clock: Clock) -> None:
    cache = cloud.client("elasticache")
    token = "aws:elasticache/replicationGroup:ReplicationGroup"
    cache.create_replication_group(
        ReplicationGroupId="Sessions", ReplicationGroupDescription="d", CacheNodeType="cache.t4g.micro"
    )

    def status() -> str:
        return cache.describe_replication_groups(ReplicationGroupId="sessions")["ReplicationGroups"][0]["Status"]

    assert status() == "creating"
    with refused("InvalidReplicationGroupState", "must be in available state, not creating"):
        cache.modify_replication_group(ReplicationGroupId="sessions", SnapshotRetentionLimit=1)
    clock.after(token, "create", 1)
    assert status() == "available"
    cache.modify_replication_group(ReplicationGroupId="sessions", SnapshotRetentionLimit=1)
    assert status() == "modifying"
    clock.after(token, "change", 1)
    cache.delete_replication_group(ReplicationGroupId="sessions")
    assert status() == "deleting"


def test_without_a_scale_all_is_there_at_once(cloud: Served) -> None:
    cloud.climate.change(Conditions().record())
    rds = cloud.client("rds")
    made = rds.create_db_instance(
        DBInstanceIdentifier="writer", DBInstanceClass="db.t4g.micro", Engine="postgres", AllocatedStorage=20
    )
    assert made["DBInstance"]["DBInstanceStatus"] == "available"
