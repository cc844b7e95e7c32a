"""The other services: what moto lacks, through the SDK that users have."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.cloud_server import REGION, Served, served


@pytest.fixture
def cloud() -> Iterator[Served]:
    with served() as running:
        yield running


def refused(code: str, match: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{match}")


class TestElastiCache:
    @pytest.fixture
    def cache(self, cloud: Served) -> Any:
        cache = cloud.client("elasticache")
        subnets = cloud.subnets(3)
        cache.create_cache_subnet_group(
            CacheSubnetGroupName="cache", CacheSubnetGroupDescription="d", SubnetIds=subnets
        )
        return cache

    GROUP: dict[str, Any] = {  # noqa: RUF012
        "ReplicationGroupId": "cache",
        "ReplicationGroupDescription": "d",
        "Engine": "redis",
        "EngineVersion": "7.1",
        "CacheNodeType": "cache.t4g.micro",
        "NumCacheClusters": 2,
        "AutomaticFailoverEnabled": True,
        "MultiAZEnabled": True,
        "TransitEncryptionEnabled": True,
        "AuthToken": "0123456789abcdef",
        "CacheSubnetGroupName": "cache",
        "Tags": [{"Key": "team", "Value": "data"}],
    }

    def test_a_group_spreads_over_the_zones_of_its_subnets(self, cache: Any) -> None:
        group = cache.create_replication_group(**self.GROUP)["ReplicationGroup"]
        (nodes,) = group["NodeGroups"]
        zones = [member["PreferredAvailabilityZone"] for member in nodes["NodeGroupMembers"]]
        assert zones == [f"{REGION}a", f"{REGION}b"]
        assert nodes["PrimaryEndpoint"]["Address"].endswith(".euw1.cache.amazonaws.com")
        assert nodes["ReaderEndpoint"]["Address"].startswith("replica.cache.")
        members = cache.describe_cache_clusters(ShowCacheNodeInfo=True)["CacheClusters"]
        assert [each["CacheParameterGroup"]["CacheParameterGroupName"] for each in members] == ["default.redis7"] * 2
        assert cache.list_tags_for_resource(ResourceName=group["ARN"])["TagList"] == self.GROUP["Tags"]

    def test_a_group_changes_and_goes(self, cache: Any) -> None:
        cache.create_replication_group(**self.GROUP)
        cache.modify_replication_group(
            ReplicationGroupId="cache",
            SnapshotRetentionLimit=7,
            CacheNodeType="cache.m7g.large",
            ApplyImmediately=True,
        )
        cache.increase_replica_count(ReplicationGroupId="cache", NewReplicaCount=2, ApplyImmediately=True)
        (group,) = cache.describe_replication_groups(ReplicationGroupId="cache")["ReplicationGroups"]
        assert (group["SnapshotRetentionLimit"], group["CacheNodeType"]) == (7, "cache.m7g.large")
        assert len(group["MemberClusters"]) == 3
        with refused("CacheSubnetGroupInUse", "in use"):
            cache.delete_cache_subnet_group(CacheSubnetGroupName="cache")
        cache.delete_replication_group(ReplicationGroupId="cache")
        with refused("ReplicationGroupNotFoundFault", "cache not found"):
            cache.describe_replication_groups(ReplicationGroupId="cache")
        cache.delete_cache_subnet_group(CacheSubnetGroupName="cache")

    @pytest.mark.parametrize(
        ("change", "code", "match"),
        [
            ({"NumCacheClusters": 1}, "InvalidParameterCombination", "less than 2"),
            ({"AutomaticFailoverEnabled": False}, "InvalidParameterCombination", "Multi-AZ requires"),
            ({"TransitEncryptionEnabled": False}, "InvalidParameterCombination", "AuthToken requires"),
            ({"AuthToken": "short"}, "InvalidParameterValue", "16 to 128"),
            ({"AuthToken": "with a space in it"}, "InvalidParameterValue", "symbols"),
            ({"EngineVersion": "9.9"}, "InvalidParameterValue", "9.9 of redis is not one of"),
            ({"CacheParameterGroupName": "default.valkey8"}, "InvalidParameterCombination", "family redis7"),
            ({"CacheSubnetGroupName": "none"}, "CacheSubnetGroupNotFoundFault", "none not found"),
        ],
    )
    def test_what_aws_refuses(self, cache: Any, change: dict[str, Any], code: str, match: str) -> None:
        with refused(code, match):
            cache.create_replication_group(**{**self.GROUP, **change})

    def test_parameter_groups(self, cache: Any) -> None:
        cache.create_cache_parameter_group(
            CacheParameterGroupName="own", CacheParameterGroupFamily="redis7", Description="d"
        )
        change = [{"ParameterName": "maxmemory-policy", "ParameterValue": "allkeys-lru"}]
        cache.modify_cache_parameter_group(CacheParameterGroupName="own", ParameterNameValues=change)
        (found,) = cache.describe_cache_parameters(CacheParameterGroupName="own", Source="user")["Parameters"]
        assert (found["ParameterName"], found["ParameterValue"]) == ("maxmemory-policy", "allkeys-lru")
        with refused("InvalidParameterValue", "bogus cannot be modified"):
            cache.modify_cache_parameter_group(
                CacheParameterGroupName="own",
                ParameterNameValues=[{"ParameterName": "bogus", "ParameterValue": "1"}],
            )
        cache.create_replication_group(**{**self.GROUP, "CacheParameterGroupName": "own"})
        with refused("InvalidCacheParameterGroupState", "still members"):
            cache.delete_cache_parameter_group(CacheParameterGroupName="own")

    def test_an_interrupting_change_waits_for_the_window_and_goes_with_the_next_that_does_not(self, cache: Any) -> None:
        cache.create_replication_group(**self.GROUP)
        cache.modify_replication_group(
            ReplicationGroupId="cache", SnapshotRetentionLimit=7, CacheNodeType="cache.m7g.large"
        )
        (group,) = cache.describe_replication_groups(ReplicationGroupId="cache")["ReplicationGroups"]
        assert (group["SnapshotRetentionLimit"], group["CacheNodeType"]) == (7, "cache.t4g.micro")
        member = cache.describe_cache_clusters()["CacheClusters"][0]
        assert member["PendingModifiedValues"] == {"CacheNodeType": "cache.m7g.large"}
        cache.modify_replication_group(ReplicationGroupId="cache", ApplyImmediately=True)
        (group,) = cache.describe_replication_groups(ReplicationGroupId="cache")["ReplicationGroups"]
        assert group["CacheNodeType"] == "cache.m7g.large"
        assert cache.describe_cache_clusters()["CacheClusters"][0]["PendingModifiedValues"] == {}


class TestRds:
    @pytest.fixture
    def rds(self, cloud: Served) -> Any:
        rds = cloud.client("rds")
        for major in ("16", "17"):
            rds.create_db_parameter_group(
                DBParameterGroupName=f"own{major}", DBParameterGroupFamily=f"postgres{major}", Description="d"
            )
        rds.create_db_instance(
            DBInstanceIdentifier="writer",
            Engine="postgres",
            EngineVersion="16",
            DBInstanceClass="db.t4g.micro",
            AllocatedStorage=20,
            MasterUsername="app",
            MasterUserPassword="correct-horse",
            DBParameterGroupName="own16",
            BackupRetentionPeriod=1,
        )
        rds.create_db_instance_read_replica(
            DBInstanceIdentifier="reader", SourceDBInstanceIdentifier="writer", DBParameterGroupName="own16"
        )
        return rds

    @staticmethod
    def instance(rds: Any, name: str = "writer") -> dict[str, Any]:
        return rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]

    def test_an_interrupting_change_waits_for_the_window_and_goes_with_the_next_that_does_not(self, rds: Any) -> None:
        change = {"DBInstanceClass": "db.r6g.large", "BackupRetentionPeriod": 3}
        rds.modify_db_instance(DBInstanceIdentifier="writer", **change)
        writer = self.instance(rds)
        assert (writer["DBInstanceClass"], writer["BackupRetentionPeriod"]) == ("db.t4g.micro", 3)
        assert writer["PendingModifiedValues"] == {"DBInstanceClass": "db.r6g.large"}
        rds.modify_db_instance(DBInstanceIdentifier="writer", ApplyImmediately=True)
        writer = self.instance(rds)
        assert writer["DBInstanceClass"] == "db.r6g.large"
        assert not writer["PendingModifiedValues"]

    @pytest.mark.parametrize(
        ("change", "match"),
        [
            ({"EngineVersion": "17"}, "AllowMajorVersionUpgrade flag must be present"),
            ({"EngineVersion": "17", "AllowMajorVersionUpgrade": True}, "own16 is non-default"),
            (
                {"EngineVersion": "17", "AllowMajorVersionUpgrade": True, "DBParameterGroupName": "own16"},
                "use a parameter group with DBParameterGroupFamily postgres17",
            ),
            ({"EngineVersion": "15", "AllowMajorVersionUpgrade": True}, "Cannot upgrade postgres from 16 to 15"),
            ({"DBParameterGroupName": "own17"}, "use a parameter group with DBParameterGroupFamily postgres16"),
        ],
    )
    def test_an_upgrade_that_aws_refuses(self, rds: Any, change: dict[str, Any], match: str) -> None:
        with refused("InvalidParameterCombination", match):
            rds.modify_db_instance(DBInstanceIdentifier="writer", ApplyImmediately=True, **change)

    def test_a_major_upgrade_takes_the_replicas_along(self, rds: Any) -> None:
        with refused("InvalidParameterCombination", "with its source only"):
            rds.modify_db_instance(
                DBInstanceIdentifier="reader", EngineVersion="17", AllowMajorVersionUpgrade=True, ApplyImmediately=True
            )
        rds.modify_db_instance(
            DBInstanceIdentifier="writer",
            EngineVersion="17",
            AllowMajorVersionUpgrade=True,
            DBParameterGroupName="own17",
            ApplyImmediately=True,
        )
        assert [self.instance(rds, name)["EngineVersion"] for name in ("writer", "reader")] == ["17", "17"]
        rds.modify_db_instance(DBInstanceIdentifier="reader", DBParameterGroupName="own17", ApplyImmediately=True)
        with refused("InvalidDBParameterGroupState", "still members of this parameter group own17"):
            rds.delete_db_parameter_group(DBParameterGroupName="own17")
        rds.delete_db_parameter_group(DBParameterGroupName="own16")

    @pytest.mark.parametrize(
        ("parameter", "method", "code"),
        [
            ("no_such_parameter", "immediate", "InvalidParameterValue"),
            ("max_connections", "immediate", "InvalidParameterCombination"),
            ("max_connections", "pending-reboot", None),
            ("log_min_duration_statement", "immediate", None),
        ],
    )
    def test_parameters(self, rds: Any, parameter: str, method: str, code: str | None) -> None:
        entry = {"ParameterName": parameter, "ParameterValue": "500", "ApplyMethod": method}

        def change() -> None:
            rds.modify_db_parameter_group(DBParameterGroupName="own16", Parameters=[entry])

        if code is None:
            change()
            return
        with refused(code, parameter):
            change()


class TestGaps:
    def test_a_key_keeps_its_rotation_period(self, cloud: Served) -> None:
        kms = cloud.client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
        assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 180

    def test_a_log_group_changes_its_key(self, cloud: Served) -> None:
        logs = cloud.client("logs")
        logs.create_log_group(logGroupName="/app")
        logs.associate_kms_key(logGroupName="/app", kmsKeyId=f"arn:aws:kms:{REGION}:123456789012:key/k")
        assert logs.describe_log_groups()["logGroups"][0]["kmsKeyId"].endswith("key/k")

    def test_a_rule_for_a_security_group_keeps_its_description(self, cloud: Served) -> None:
        ec2 = cloud.client("ec2")
        group = ec2.create_security_group(GroupName="db", Description="d")["GroupId"]
        pair = {"GroupId": group, "Description": "members"}
        permission = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [pair]}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
        rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
        assert "members" in [rule.get("Description") for rule in rules["SecurityGroupRules"]]

    def test_a_database_subnet_group_survives_a_change(self, cloud: Served) -> None:
        rds, subnets = cloud.client("rds"), cloud.subnets(3)
        rds.create_db_subnet_group(DBSubnetGroupName="db", DBSubnetGroupDescription="d", SubnetIds=subnets)
        rds.modify_db_subnet_group(DBSubnetGroupName="db", SubnetIds=subnets[:2])
        (group,) = rds.describe_db_subnet_groups(DBSubnetGroupName="db")["DBSubnetGroups"]
        assert len(group["Subnets"]) == 2

    def test_the_images_of_nodes_are_published(self, cloud: Served) -> None:
        ssm, path = cloud.client("ssm"), "/aws/service/eks/optimized-ami"
        name = f"{path}/1.35/amazon-linux-2023/x86_64/standard/recommended/image_id"
        assert ssm.get_parameter(Name=name)["Parameter"]["Value"].startswith("ami-")
        with refused("ParameterNotFound", ""):
            ssm.get_parameter(Name=name.replace("1.35", "1.20"))

    def test_what_moto_lacks_is_an_error_that_sdks_can_read(self, cloud: Served) -> None:
        with refused("NotImplemented", "moto does not have this operation of elasticache"):
            cloud.client("elasticache").create_cache_security_group(CacheSecurityGroupName="x", Description="d")


def test_leftovers_are_what_was_made_and_not_what_aws_has(cloud: Served) -> None:
    ec2 = cloud.client("ec2")
    ec2.describe_vpcs()
    assert cloud.inventory.left() == []
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    key = cloud.client("kms").create_key()["KeyMetadata"]
    secret = cloud.client("secretsmanager").create_secret(Name="s", SecretString="x")["ARN"]
    left = cloud.inventory.left()
    assert {f"ec2 VPC {vpc}", f"kms Key key/{key['KeyId']}"} <= set(left)
    ec2.delete_vpc(VpcId=vpc)
    cloud.client("kms").schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    cloud.client("secretsmanager").delete_secret(SecretId=secret)
    assert cloud.inventory.left() == []


def test_what_a_service_keeps_by_itself_is_no_leftover(cloud: Served) -> None:
    """A database that names no parameter group gets RDS's own, which stays on AWS too."""
    rds = cloud.client("rds")
    rds.create_db_instance(
        DBInstanceIdentifier="writer", DBInstanceClass="db.t4g.micro", Engine="postgres", AllocatedStorage=20,
        MasterUsername="app", MasterUserPassword="correct-horse",
    )  # fmt: skip
    assert cloud.inventory.left() != []
    rds.delete_db_instance(DBInstanceIdentifier="writer", SkipFinalSnapshot=True)
    assert cloud.inventory.left() == []


def test_the_sandboxs_own_pages(cloud: Served) -> None:
    with urllib.request.urlopen(f"{cloud.url}/_sandbox/health") as answer:
        assert json.load(answer) == "ok"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{cloud.url}/_sandbox/none")
