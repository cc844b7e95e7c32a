"""Time, faults and quotas: what the user asks for, and what the SDK that users have then sees."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.cloud.conditions.faults import Faults
from sandbox.conditions import Conditions, ConditionsError
from sandbox.quotas import QUOTAS
from tests.sandbox.cloud_server import REGION, Served, served


def refused(code: str, match: str = "") -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{match}")


class TestAsking:
    def test_without_a_variable_nothing_is_slow_and_nothing_fails(self) -> None:
        conditions = Conditions.from_environ({})
        assert (conditions.time_scale, conditions.fault_rate, conditions.enforce_quotas) == (None, 0, True)
        assert conditions.told() == ""

    def test_what_is_asked_for_is_said(self) -> None:
        environ = {"SANDBOX_TIME_SCALE": "100", "SANDBOX_FAULT_RATE": "0.1", "SANDBOX_QUOTAS": "L-F678F1CE=20"}
        conditions = Conditions.from_environ(environ)
        assert Conditions.from_record(conditions.record()) == conditions
        said = conditions.told()
        assert said == "AWS's waits at 1/100 of their length, 10% of the requests throttled or failing (seed 0), " \
            "quota L-F678F1CE at 20"  # fmt: skip

    @pytest.mark.parametrize(
        ("name", "value", "why"),
        [
            ("SANDBOX_TIME_SCALE", "fast", "SANDBOX_TIME_SCALE=fast is not a number"),
            ("SANDBOX_TIME_SCALE", "-1", "not between 0 and"),
            ("SANDBOX_FAULT_RATE", "1", "SANDBOX_FAULT_RATE=1 is not between 0 and 0.9"),
            ("SANDBOX_FAULT_SEED", "1.5", "SANDBOX_FAULT_SEED=1.5 is not a whole number"),
            ("SANDBOX_QUOTAS", "vpcs=many", "neither «off» nor a list such as L-F678F1CE=20"),
            ("SANDBOX_QUOTAS", "vpcs=3", "vpcs is none of the quotas that hold here: L-F678F1CE, "),
            ("SANDBOX_QUOTAS", "L-F678F1CE=3,L-00000000=3", "L-00000000 is none of the quotas"),
        ],
    )
    def test_nonsense_is_refused(self, name: str, value: str, why: str) -> None:
        with pytest.raises(ConditionsError, match=why):
            Conditions.from_environ({name: value})


class TestFaults:
    @staticmethod
    def drawn(seed: int, rate: float, requests: int) -> list[str | None]:
        faults = Faults(lambda: Conditions(fault_rate=rate, fault_seed=seed))
        found = [faults.of("ec2", "DescribeVpcs") for _ in range(requests)]
        return [fault.code if fault else None for fault in found]

    def test_a_seed_decides_which_requests_fail(self) -> None:
        assert self.drawn(1, 0.3, 50) == self.drawn(1, 0.3, 50)
        assert self.drawn(1, 0.3, 50) != self.drawn(2, 0.3, 50)

    def test_requests_for_other_operations_in_between_change_nothing(self) -> None:
        faults = Faults(lambda: Conditions(fault_rate=0.3, fault_seed=1))
        found: list[str | None] = []
        for _ in range(50):
            faults.of("iam", "GetRole")
            fault = faults.of("ec2", "DescribeVpcs")
            found.append(fault.code if fault else None)
        assert found == self.drawn(1, 0.3, 50)

    def test_as_many_fail_as_the_rate_says_half_of_them_throttled(self) -> None:
        counts = Counter(self.drawn(3, 0.2, 5000))
        failed = 5000 - counts[None]
        assert 900 < failed < 1100
        assert 0.4 < counts["RequestLimitExceeded"] / failed < 0.6
        assert counts["InternalError"] > 0

    @pytest.mark.parametrize(
        ("service", "ask", "codes"),
        [
            ("ec2", lambda client: client.describe_vpcs(), {"RequestLimitExceeded", "InternalError"}),
            ("iam", lambda client: client.list_roles(), {"Throttling", "InternalFailure"}),
            ("rds", lambda client: client.describe_db_instances(), {"Throttling", "InternalFailure"}),
            ("eks", lambda client: client.list_clusters(), {"ThrottlingException", "ServerException"}),
            ("kms", lambda client: client.list_keys(), {"ThrottlingException", "KMSInternalException"}),
            ("elbv2", lambda client: client.describe_load_balancers(), {"Throttling", "InternalFailure"}),
        ],
    )
    def test_each_service_throttles_and_fails_with_its_own_codes(
        self, service: str, ask: Callable[[Any], Any], codes: set[str]
    ) -> None:
        seen: set[str] = set()
        with served(conditions=Conditions(fault_rate=0.9)) as cloud:
            client = cloud.client(service)
            for _ in range(30):
                try:
                    ask(client)
                except ClientError as error:
                    seen.add(error.response["Error"]["Code"])
        assert seen >= codes | {"ServiceUnavailable"}

    def test_the_sandboxs_own_pages_never_fail(self) -> None:
        with served(conditions=Conditions(fault_rate=0.9)) as cloud:
            for _ in range(50):
                with urllib.request.urlopen(f"{cloud.url}/_sandbox/health") as answer:
                    assert answer.status == 200

    def test_what_failed_was_not_done(self) -> None:
        with served(conditions=Conditions(fault_rate=0.9, enforce_quotas=False)) as cloud:
            ec2, made = cloud.client("ec2"), 0
            for _ in range(40):
                try:
                    ec2.create_vpc(CidrBlock="10.0.0.0/16")
                    made += 1
                except ClientError:
                    pass
            cloud.climate.change(Conditions().record())
            vpcs = [vpc for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
        assert 0 < made < 40
        assert len(vpcs) == made


class TestQuotas:
    @pytest.fixture
    def cloud(self) -> Iterator[Served]:
        with served() as running:
            yield running

    def test_the_table_names_each_quota_once(self) -> None:
        assert len({quota.code for quota in QUOTAS}) == len(QUOTAS)

    def test_a_region_has_five_networks_the_default_one_among_them(self, cloud: Served) -> None:
        ec2 = cloud.client("ec2")
        for index in range(4):
            ec2.create_vpc(CidrBlock=f"10.{index}.0.0/16")
        with refused("VpcLimitExceeded", "maximum number of VPCs"):
            ec2.create_vpc(CidrBlock="10.9.0.0/16")

    def test_of_many_at_once_no_more_come_through(self, cloud: Served) -> None:
        ec2 = cloud.client("ec2")
        ec2.describe_vpcs()

        def attempt(index: int) -> bool:
            try:
                ec2.create_vpc(CidrBlock=f"10.{index}.0.0/16")
            except ClientError:
                return False
            return True

        with ThreadPoolExecutor(12) as pool:
            assert sum(pool.map(attempt, range(12))) == 4

    def test_a_raised_quota_holds_and_so_does_none(self, cloud: Served) -> None:
        ec2 = cloud.client("ec2")
        cloud.climate.change(Conditions(quotas={"L-F678F1CE": 2}).record())
        ec2.create_vpc(CidrBlock="10.0.0.0/16")
        with refused("VpcLimitExceeded"):
            ec2.create_vpc(CidrBlock="10.1.0.0/16")
        cloud.climate.change(Conditions(enforce_quotas=False).record())
        for index in range(6):
            ec2.create_vpc(CidrBlock=f"10.{index}.0.0/16")

    def test_five_addresses_and_five_gateways_for_a_zone(self, cloud: Served) -> None:
        ec2, (one, other) = cloud.client("ec2"), cloud.subnets()
        for _ in range(5):
            ec2.create_nat_gateway(SubnetId=one, ConnectivityType="private")
        with refused("NatGatewayLimitExceeded", "limit of 5 NAT gateways"):
            ec2.create_nat_gateway(SubnetId=one, ConnectivityType="private")
        ec2.create_nat_gateway(SubnetId=other, ConnectivityType="private")
        for _ in range(5):
            ec2.allocate_address(Domain="vpc")
        with refused("AddressLimitExceeded"):
            ec2.allocate_address(Domain="vpc")

    def test_sixty_rules_for_each_direction_of_a_group(self, cloud: Served) -> None:
        ec2 = cloud.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        group = ec2.create_security_group(GroupName="web", Description="d", VpcId=vpc)["GroupId"]

        def rules(first: int, count: int) -> list[dict[str, Any]]:
            ranges = [{"CidrIp": f"192.0.2.{index}/32"} for index in range(first, first + count)]
            return [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": ranges}]

        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rules(0, 60))
        with refused("RulesPerSecurityGroupLimitExceeded"):
            ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rules(60, 1))
        ec2.authorize_security_group_egress(GroupId=group, IpPermissions=rules(60, 1))
        cloud.climate.change(Conditions(quotas={"L-0EA8095F": 120}).record())
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rules(60, 60))

    def test_ten_policies_for_a_role_however_often_each_is_attached(self, cloud: Served) -> None:
        iam, _ = cloud.client("iam"), cloud.role()
        names = [policy["Arn"] for policy in iam.list_policies(Scope="AWS", MaxItems=11)["Policies"]]
        for arn in names[:10]:
            iam.attach_role_policy(RoleName="role", PolicyArn=arn)
        iam.attach_role_policy(RoleName="role", PolicyArn=names[0])
        with refused("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10"):
            iam.attach_role_policy(RoleName="role", PolicyArn=names[10])

    def test_a_node_group_has_at_most_450_nodes(self, cloud: Served) -> None:
        cluster = cloud.cluster()
        wanted = {"minSize": 1, "desiredSize": 1, "maxSize": 451}
        with refused("ResourceLimitExceededException", "limit of 450 nodes"):
            cloud.client("eks").create_nodegroup(
                clusterName="main", nodegroupName="big", nodeRole=cluster["roleArn"], scalingConfig=wanted,
                subnets=cluster["resourcesVpcConfig"]["subnetIds"],
            )  # fmt: skip

    def test_a_cache_may_not_grow_beyond_the_regions_nodes_either(self, cloud: Served) -> None:
        cache = cloud.client("elasticache")
        cloud.climate.change(Conditions(quotas={"L-DFE45DF3": 6}).record())
        common = {"ReplicationGroupDescription": "d", "CacheNodeType": "cache.t4g.small"}
        cache.create_replication_group(ReplicationGroupId="one", NumCacheClusters=2, **common)
        cache.create_replication_group(
            ReplicationGroupId="many", NumNodeGroups=1, ReplicasPerNodeGroup=1, AutomaticFailoverEnabled=True, **common
        )
        with refused("NodeQuotaForCustomerExceeded", "limit of 6 nodes"):
            cache.increase_replica_count(ReplicationGroupId="one", NewReplicaCount=4, ApplyImmediately=True)
        with refused("NodeQuotaForCustomerExceeded", "limit of 6 nodes"):
            cache.modify_replication_group_shard_configuration(
                ReplicationGroupId="many", NodeGroupCount=3, ApplyImmediately=True
            )
        cache.increase_replica_count(ReplicationGroupId="one", NewReplicaCount=3, ApplyImmediately=True)
        cache.decrease_replica_count(ReplicationGroupId="one", NewReplicaCount=1, ApplyImmediately=True)


class TestDependencies:
    @pytest.fixture
    def cloud(self) -> Iterator[Served]:
        with served() as running:
            yield running

    def test_a_network_stays_while_something_is_in_it(self, cloud: Served) -> None:
        ec2 = cloud.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        group = ec2.create_security_group(GroupName="web", Description="d", VpcId=vpc)["GroupId"]
        with refused("DependencyViolation", f"'{vpc}' has dependencies"):
            ec2.delete_vpc(VpcId=vpc)
        ec2.delete_security_group(GroupId=group)
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        with refused("DependencyViolation"):
            ec2.delete_vpc(VpcId=vpc)
        ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        ec2.delete_vpc(VpcId=vpc)

    def test_what_a_nat_gateway_uses_stays(self, cloud: Served) -> None:
        ec2, (subnet, _) = cloud.client("ec2"), cloud.subnets()
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]
        internet = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=internet, VpcId=nat["VpcId"])
        with refused("DependencyViolation", f"'{subnet}' has dependencies"):
            ec2.delete_subnet(SubnetId=subnet)
        with refused("InvalidIPAddress.InUse", address):
            ec2.release_address(AllocationId=address)
        with refused("DependencyViolation", "mapped public address"):
            ec2.detach_internet_gateway(InternetGatewayId=internet, VpcId=nat["VpcId"])
        ec2.delete_nat_gateway(NatGatewayId=nat["NatGatewayId"])
        ec2.release_address(AllocationId=address)
        ec2.delete_subnet(SubnetId=subnet)
        ec2.detach_internet_gateway(InternetGatewayId=internet, VpcId=nat["VpcId"])

    def test_a_group_that_another_ones_rule_names_stays(self, cloud: Served) -> None:
        ec2 = cloud.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        app, data = (
            ec2.create_security_group(GroupName=name, Description="d", VpcId=vpc)["GroupId"] for name in ("app", "db")
        )
        pair = [{"GroupId": app}]
        rule = [{"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": pair}]
        ec2.authorize_security_group_ingress(GroupId=data, IpPermissions=rule)
        with refused("DependencyViolation", f"{app} has a dependent object"):
            ec2.delete_security_group(GroupId=app)
        ec2.delete_security_group(GroupId=data)
        ec2.delete_security_group(GroupId=app)

    def test_what_a_database_uses_stays(self, cloud: Served) -> None:
        rds, ec2, subnets = cloud.client("rds"), cloud.client("ec2"), cloud.subnets()
        rds.create_db_subnet_group(DBSubnetGroupName="db", DBSubnetGroupDescription="d", SubnetIds=subnets)
        rds.create_db_parameter_group(DBParameterGroupName="db", DBParameterGroupFamily="postgres16", Description="d")
        rds.create_db_instance(
            DBInstanceIdentifier="writer", DBInstanceClass="db.t4g.micro", Engine="postgres", AllocatedStorage=20,
            MasterUsername="app", MasterUserPassword="correct-horse", DBSubnetGroupName="db",
            DBParameterGroupName="db",
        )  # fmt: skip
        with refused("InvalidDBSubnetGroupStateFault", "writer is still using it"):
            rds.delete_db_subnet_group(DBSubnetGroupName="db")
        with refused("InvalidDBParameterGroupState", "still members of this parameter group"):
            rds.delete_db_parameter_group(DBParameterGroupName="db")
        with refused("DependencyViolation"):
            ec2.delete_subnet(SubnetId=subnets[0])
        rds.delete_db_instance(DBInstanceIdentifier="writer", SkipFinalSnapshot=True)
        rds.delete_db_subnet_group(DBSubnetGroupName="db")
        rds.delete_db_parameter_group(DBParameterGroupName="db")
        ec2.delete_subnet(SubnetId=subnets[0])

    def test_what_a_load_balancer_uses_stays(self, cloud: Served) -> None:
        ec2, elb, subnets = cloud.client("ec2"), cloud.client("elbv2"), cloud.subnets()
        vpc = ec2.describe_subnets(SubnetIds=subnets)["Subnets"][0]["VpcId"]
        group = ec2.create_security_group(GroupName="web", Description="d", VpcId=vpc)["GroupId"]
        (made,) = elb.create_load_balancer(Name="web", Subnets=subnets, SecurityGroups=[group])["LoadBalancers"]
        with refused("DependencyViolation", f"{group} has a dependent object"):
            ec2.delete_security_group(GroupId=group)
        with refused("DependencyViolation", f"'{subnets[0]}' has dependencies"):
            ec2.delete_subnet(SubnetId=subnets[0])
        elb.delete_load_balancer(LoadBalancerArn=made["LoadBalancerArn"])
        ec2.delete_security_group(GroupId=group)
        ec2.delete_subnet(SubnetId=subnets[0])

    @pytest.mark.parametrize("holder", ["role", "user", "group"])
    def test_a_policy_stays_as_long_as_somebody_has_it(self, cloud: Served, holder: str) -> None:
        iam = cloud.client("iam")
        allowed = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        policy = iam.create_policy(PolicyName="reads", PolicyDocument=document)
        which = {f"{holder.title()}Name": holder}
        cloud.role() if holder == "role" else getattr(iam, f"create_{holder}")(**which)
        named = {"PolicyArn": policy["Policy"]["Arn"]}
        getattr(iam, f"attach_{holder}_policy")(**which, **named)
        with refused("DeleteConflict", "Cannot delete a policy attached to entities"):
            iam.delete_policy(**named)
        getattr(iam, f"detach_{holder}_policy")(**which, **named)
        iam.delete_policy(**named)

    def test_a_cluster_keeps_its_subnets(self, cloud: Served) -> None:
        cluster = cloud.cluster()
        with refused("DependencyViolation"):
            cloud.client("ec2").delete_subnet(SubnetId=cluster["resourcesVpcConfig"]["subnetIds"][0])
        assert REGION in cluster["arn"]
