"""What AWS refuses comes back with the resource's name, the property, AWS's code and message, and the quota."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import pytest

from sandbox.conditions import Conditions
from sandbox.plugins.aws.cloud import AwsError, Cloud
from sandbox.plugins.aws.errors import blamed
from sandbox.plugins.aws.provider import AwsProvider
from sandbox.plugins.aws.tables import RESOURCES
from sandbox.plugins.protocol import ProviderError, Unanswered
from sandbox.quotas import QUOTAS, Quota, quota_of
from tests.sandbox.aws.emulated_cloud import UNLIMITED
from tests.sandbox.aws.estate import (
    CACHE_SUBNETS,
    CLUSTER,
    DB_PARAMETERS,
    DB_SUBNETS,
    EIP,
    GATEWAY,
    GROUP,
    LOGS,
    NAT,
    REPOSITORY,
    ROLE,
    SAMPLES,
    SECRET,
    SUBNET,
    TABLE,
    TEMPLATE,
    VPC,
    Estate,
)
from tests.sandbox.cloud_server import reset

INSTANCE, ALIAS = "aws:rds/instance:Instance", "aws:kms/alias:Alias"
NODES, CACHE = "aws:eks/nodeGroup:NodeGroup", "aws:elasticache/replicationGroup:ReplicationGroup"
ENDPOINT, ATTACHMENT = "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
POLICY, RULE = "aws:iam/rolePolicy:RolePolicy", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


@pytest.fixture(scope="module")
def estate(make_provider: Callable[..., AwsProvider]) -> Iterator[Estate]:
    reset()
    yield Estate(make_provider())
    reset()  # moto would keep it for the modules that follow


def refusal(estate: Estate, token: str, program: dict[str, Any]) -> str:
    with pytest.raises(ProviderError) as raised:
        estate.create(token, "second", program)
    return str(raised.value)


@pytest.mark.parametrize(
    ("token", "prop", "code"),
    [
        (REPOSITORY, "name", "RepositoryAlreadyExistsException"),
        (ROLE, "name", "EntityAlreadyExists"),
        (LOGS, "name", "ResourceAlreadyExistsException"),
        (SECRET, "name", "ResourceExistsException"),
        (GROUP, "name", "InvalidGroup.Duplicate"),
        (TEMPLATE, "name", "InvalidLaunchTemplateName.AlreadyExistsException"),
        (DB_SUBNETS, "name", "DBSubnetGroupAlreadyExists"),
        (DB_PARAMETERS, "name", "DBParameterGroupAlreadyExists"),
        (INSTANCE, "identifier", "DBInstanceAlreadyExists"),
        (CACHE_SUBNETS, "name", "CacheSubnetGroupAlreadyExists"),
        (ALIAS, "name", "AlreadyExistsException"),
        (CLUSTER, "name", "ResourceInUseException"),
    ],
)
def test_a_name_that_is_taken(estate: Estate, token: str, prop: str, code: str) -> None:
    first = estate[token]
    said = refusal(estate, token, {**first.program, prop: first[prop]})
    assert said.startswith(f"second ({token}, property {prop}): ")
    assert f"{code}" in said


@pytest.mark.parametrize(
    ("token", "needs", "code"),
    [
        (VPC, SUBNET, "DeleteVpc: DependencyViolation"),
        (SUBNET, NAT, "DeleteSubnet: DependencyViolation"),
        (EIP, NAT, "ReleaseAddress: InvalidIPAddress.InUse"),
        (ROLE, POLICY, "DeleteRole: DeleteConflict"),
        (DB_SUBNETS, INSTANCE, "DeleteDBSubnetGroup: InvalidDBSubnetGroupStateFault"),
        (DB_PARAMETERS, INSTANCE, "DeleteDBParameterGroup: InvalidDBParameterGroupState"),
        (GROUP, INSTANCE, "DeleteSecurityGroup: DependencyViolation"),
        (
            CACHE_SUBNETS,
            "aws:elasticache/replicationGroup:ReplicationGroup",
            "DeleteCacheSubnetGroup: CacheSubnetGroupInUse",
        ),
        (CLUSTER, NODES, "DeleteCluster: ResourceInUseException"),
    ],
)
def test_what_something_depends_on(estate: Estate, token: str, needs: str, code: str) -> None:
    estate[needs]
    made = estate[token]
    with pytest.raises(ProviderError) as raised:
        estate.provider.delete(made.call, made.id, made.inputs, made.outputs)
    assert str(raised.value).startswith(f"{made.call.name} ({token}): {code}: ")


@pytest.mark.parametrize(
    ("token", "change", "prop", "code"),
    [
        (SUBNET, {"cidrBlock": "192.0.2.0/24"}, "cidrBlock", "InvalidSubnet.Range"),
        (SUBNET, {"availabilityZone": "eu-central-1x", "cidrBlock": "10.0.200.0/24"}, "availabilityZone",
         "InvalidParameterValue"),
        (NODES, {"nodeRoleArn": "arn:aws:iam::123456789012:role/none"}, "nodeRoleArn", "InvalidParameterException"),
        (INSTANCE, {"dbSubnetGroupName": "missing-group"}, "dbSubnetGroupName", "DBSubnetGroupNotFoundFault"),
        (RULE, {"referencedSecurityGroupId": "sg-0123456789abcdef0", "cidrIpv4": None}, "referencedSecurityGroupId",
         "InvalidGroup.NotFound"),
        (NAT, {"subnetId": "subnet-0123456789abcdef0"}, "subnetId", "InvalidSubnetID.NotFound"),
    ],
)  # fmt: skip
def test_a_value_that_is_wrong(estate: Estate, token: str, change: dict[str, Any], prop: str, code: str) -> None:
    program = {key: value for key, value in {**estate[token].program, **change}.items() if value is not None}
    said = refusal(estate, token, program)
    assert said.startswith(f"second ({token}, property {prop}): ")
    assert code in said


TOO_MANY = [
    (VPC, "VpcLimitExceeded", "L-F678F1CE", "«VPCs per Region» (L-F678F1CE), 5"),
    (SUBNET, "SubnetLimitExceeded", "L-407747CB", "«Subnets per VPC» (L-407747CB), 200"),
    (GATEWAY, "InternetGatewayLimitExceeded", "L-A4707A72", "«Internet gateways per Region» (L-A4707A72), 5"),
    (EIP, "AddressLimitExceeded", "L-0263D0A3", "«EC2-VPC Elastic IPs» (L-0263D0A3), 5"),
    (NAT, "NatGatewayLimitExceeded", "L-FE5A380F", "«NAT gateways per Availability Zone» (L-FE5A380F), 5"),
    (TABLE, "RouteTableLimitExceeded", "L-589F43AA", "«Route tables per VPC» (L-589F43AA), 200"),
    (GROUP, "SecurityGroupLimitExceeded", "L-E79EC296", "«VPC security groups per Region» (L-E79EC296), 2500"),
    (
        RULE,
        "RulesPerSecurityGroupLimitExceeded",
        "L-0EA8095F",
        "«Inbound or outbound rules per security group» (L-0EA8095F), 60",
    ),
    (ENDPOINT, "VpcEndpointLimitExceeded", "L-1B52E74A", "«Gateway VPC endpoints per Region» (L-1B52E74A), 20"),
    (ATTACHMENT, "LimitExceeded", "L-0DA4ABF3", "«Managed policies attached to an IAM role» (L-0DA4ABF3), 10"),
    (ROLE, "LimitExceeded", "L-FE177D64", "«Roles per account» (L-FE177D64), 1000"),
    (INSTANCE, "InstanceQuotaExceeded", "L-7B6409FD", "«DB instances» (L-7B6409FD), 40"),
    (DB_SUBNETS, "DBSubnetGroupQuotaExceeded", "L-48C6BF61", "«DB subnet groups» (L-48C6BF61), 50"),
    (DB_PARAMETERS, "DBParameterGroupQuotaExceeded", "L-DE55804A", "«Parameter groups» (L-DE55804A), 50"),
    (NODES, "ResourceLimitExceededException", "L-6D54EA21", "«Managed node groups per cluster» (L-6D54EA21), 30"),
]
"""Type to the quota of how many there may be."""
TOO_MUCH = [
    (NODES, {"scalingConfig": {"minSize": 1, "desiredSize": 1, "maxSize": 451}}, "L-BD136A63", "scalingConfig"),
    (CACHE, {"numCacheClusters": 3}, "L-DFE45DF3", "numCacheClusters"),
]
"""Type to the quota of what one property may ask for."""


class TestQuotas:
    @pytest.fixture(autouse=True)
    def _as_many_as_there_are(self, cloud: str) -> Any:
        yield
        _conditions(cloud, UNLIMITED)

    def test_none_is_left_out(self) -> None:
        assert {row[2] for row in (*TOO_MANY, *TOO_MUCH)} == {quota.code for quota in QUOTAS}

    @pytest.mark.parametrize(("token", "error", "code", "quota"), TOO_MANY, ids=[row[2] for row in TOO_MANY])
    def test_a_quota_is_named(self, cloud: str, estate: Estate, token: str, error: str, code: str, quota: str) -> None:
        program = SAMPLES[token].create(estate)  # makes what it needs
        _conditions(cloud, Conditions(quotas={code: 0}))
        said = refusal(estate, token, program)
        assert said.startswith(f"second ({token}): ")
        assert f"{error}: " in said
        assert f"The quota is {quota}" in said
        assert ".." not in said

    def test_replicas_of_databases_count(self, cloud: str, estate: Estate) -> None:
        source = estate[INSTANCE]
        _conditions(cloud, Conditions(quotas={"L-7B6409FD": 1}))
        replica = {"replicateSourceDb": source["identifier"], "instanceClass": "db.t4g.medium"}
        assert "CreateDBInstanceReadReplica: InstanceQuotaExceeded: " in refusal(estate, INSTANCE, replica)

    def test_the_whole_sentence(self, cloud: str, estate: Estate) -> None:
        _conditions(cloud, Conditions(quotas={"L-F678F1CE": 0}))
        assert refusal(estate, VPC, {"cidrBlock": "10.0.0.0/16"}) == (
            "second (aws:ec2/vpc:Vpc): CreateVpc: VpcLimitExceeded: The maximum number of VPCs has been reached. "
            "The quota is «VPCs per Region» (L-F678F1CE), 5 by default"
        )

    @pytest.mark.parametrize(("token", "change", "code", "prop"), TOO_MUCH)
    def test_a_property_that_asks_for_too_much_is_named(
        self, cloud: str, estate: Estate, token: str, change: dict[str, Any], code: str, prop: str
    ) -> None:
        made = estate[token]
        inputs, _ = estate.diff(made, change)
        quotas = {quota.code: 100 for quota in QUOTAS} | {code: 2}
        _conditions(cloud, Conditions(quotas=quotas))
        with pytest.raises(ProviderError) as raised:
            estate.provider.update(made.call, made.id, made.inputs, dict(made.outputs), inputs)
        assert str(raised.value).startswith(f"{made.call.name} ({token}, property {prop}): ")
        assert f"({code})" in str(raised.value)


@pytest.mark.parametrize("quota", QUOTAS, ids=lambda quota: quota.code)
@pytest.mark.parametrize("limit", [None, 7])
def test_each_refusal_leads_to_its_own_quota(quota: Quota, limit: int | None) -> None:
    """Whatever else the operation may exceed, and whatever the account's own value is."""
    message = quota.message.format(limit=quota.default if limit is None else limit)
    assert [quota_of(operation, quota.error, message) for operation in quota.operations] == [quota] * len(
        quota.operations
    )


def test_an_error_that_is_no_quotas_names_none() -> None:
    assert quota_of("CreateRole", "LimitExceeded", "Cannot exceed quota for something else: 3") is None


class TestDeadCloud:
    """The cloud was killed, and nobody starts it before the next command."""

    def test_it_is_told_soon_and_that_nothing_was_made(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        began = time.monotonic()
        with pytest.raises(ProviderError) as raised:
            Cloud(f"http://127.0.0.1:{port}", log=tmp_path / "cloud.log").call("ec2", "eu-west-3", "CreateVpc", {})
        assert time.monotonic() - began < 6
        assert not isinstance(raised.value, Unanswered)
        assert "the sandbox's cloud has ended: run the command again" in str(raised.value)
        assert f"its log is {tmp_path / 'cloud.log'}" in str(raised.value)

    @pytest.mark.parametrize("told", [True, False])
    def test_a_full_disk_is_why(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: bool) -> None:
        """The cloud ends when it can't write down what it is told, and may not be able to say so."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        log = tmp_path / "cloud.log"
        log.write_text("error: the cloud ends: cloud.journal: No space left on device\n" if told else "")
        if not told:
            monkeypatch.setattr("sandbox.causes.shutil.disk_usage", lambda _: SimpleNamespace(free=0))
        with pytest.raises(ProviderError, match="has ended, as there is no space left on the disk: free some, and run"):
            Cloud(f"http://127.0.0.1:{port}", log=log).call("ec2", "eu-west-3", "CreateVpc", {})

    def test_what_reached_it_before_may_have_been_made(self) -> None:
        server = socket.create_server(("127.0.0.1", 0))
        port = server.getsockname()[1]

        def die() -> None:
            connection, _ = server.accept()
            server.close()
            connection.recv(65536)
            connection.close()

        dying = threading.Thread(target=die)
        dying.start()
        with pytest.raises(Unanswered, match="the sandbox's cloud has ended"):
            Cloud(f"http://127.0.0.1:{port}").call("ec2", "eu-west-3", "CreateVpc", {})
        dying.join()


class TestFaults:
    @pytest.fixture(autouse=True)
    def _no_waiting(self, cloud: str, monkeypatch: pytest.MonkeyPatch) -> Any:
        monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))
        _conditions(cloud, Conditions(fault_rate=0.4, fault_seed=1, enforce_quotas=False))
        yield
        _conditions(cloud, UNLIMITED)

    def test_the_provider_tries_again_until_all_is_done(self, make_provider: Callable[..., AwsProvider]) -> None:
        estate = Estate(make_provider(region="eu-west-3"))
        vpc = estate[VPC]
        group = estate.create(GROUP, "group", {"vpcId": vpc.id})
        live = estate.provider.read(group.call, group.id, group.inputs, group.outputs)
        assert live is not None
        estate.provider.delete(group.call, group.id, group.inputs, group.outputs)
        estate.provider.delete(vpc.call, vpc.id, vpc.inputs, vpc.outputs)

    @pytest.mark.parametrize(("given", "finishes"), [({}, True), ({"tokenBucketRateLimiterCapacity": 500}, False)])
    def test_it_does_not_tire_unless_it_is_given_a_bucket_of_tokens(
        self, cloud: str, make_provider: Callable[..., AwsProvider], given: dict[str, Any], finishes: bool
    ) -> None:
        _conditions(cloud, UNLIMITED)  # the provider itself asks for its account first
        place: Any = make_provider(**given)._place
        _conditions(cloud, Conditions(fault_rate=0.5, fault_seed=1))
        for _ in range(250):
            try:
                place.cloud.call("ec2", "eu-west-3", "DescribeVpcs", {})
            except AwsError:
                assert not finishes
                return
        assert finishes

    def test_it_gives_up_after_as_many_times_as_it_was_told(self, cloud: str) -> None:
        _conditions(cloud, Conditions(fault_rate=0.9, fault_seed=1))
        impatient = Cloud(cloud, attempts=1)
        codes: set[str] = set()
        for _ in range(20):
            try:
                impatient.call("ec2", "eu-west-3", "DescribeVpcs", {})
            except AwsError as error:
                codes.add(error.code)
        assert codes == {"RequestLimitExceeded", "InternalError", "ServiceUnavailable"}

    @pytest.mark.parametrize(("given", "attempts"), [({}, 25), ({"maxRetries": 3, "retryMode": "adaptive"}, 3)])
    def test_the_providers_arguments_say_how_often_and_how(
        self, make_provider: Callable[..., AwsProvider], given: dict[str, Any], attempts: int
    ) -> None:
        place: Any = make_provider(**given)._place
        retries = place.cloud.client("ec2", "eu-central-1").meta.config.retries
        assert retries == {"total_max_attempts": attempts, "mode": given.get("retryMode", "standard")}

    def test_an_unknown_way_to_try_again_is_refused(self, make_provider: Callable[..., AwsProvider]) -> None:
        _, failures = make_provider().check_config({}, {"region": "eu-central-1", "retryMode": "legacy"})
        assert [failure.property for failure in failures] == ["retryMode"]


def test_a_message_that_says_nothing_blames_no_property() -> None:
    error = AwsError("CreateVpc", "InternalError", "An internal error has occurred")
    assert blamed(error, {"CidrBlock": "10.0.0.0/16"}, {"cidrBlock": "10.0.0.0/16"}, RESOURCES[VPC]) is None


def test_the_longest_value_in_a_message_is_the_one_it_is_about() -> None:
    props = {"role": "platform", "policyArn": "arn:aws:iam::aws:policy/platform"}
    error = AwsError("AttachRolePolicy", "NoSuchEntity", "Policy arn:aws:iam::aws:policy/platform does not exist.")
    assert blamed(error, {}, props, RESOURCES["aws:iam/rolePolicyAttachment:RolePolicyAttachment"]) == "policyArn"


def _conditions(cloud: str, conditions: Conditions) -> None:
    body = json.dumps(conditions.record()).encode()
    with urllib.request.urlopen(f"{cloud}/_sandbox/conditions", body) as answer:
        assert answer.status == 200
