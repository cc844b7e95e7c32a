from __future__ import annotations

import json

import pytest

from components.network import NatMode, Network, NetworkArgs
from components.removal import RemovalPolicy
from recorder import Recording, record

ROUTE = "aws:ec2/route:Route"


def build(
    nat: NatMode = NatMode.PER_ZONE, zones: int = 3, removal_policy: RemovalPolicy = RemovalPolicy.RETAIN
) -> Recording:
    return record(
        lambda: Network(
            "net",
            NetworkArgs(cidr="10.0.0.0/16", zones=zones, nat=nat, log_key_arn="arn:key", removal_policy=removal_policy),
        )
    )


@pytest.fixture(scope="module")
def network() -> Recording:
    return build()


def test_each_zone_has_a_subnet_of_each_purpose(network: Recording) -> None:
    for purpose in ("public", "private", "database"):
        zones = [network[f"net-{purpose}-{index}"].inputs["availabilityZone"] for index in range(3)]
        assert zones == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]


def test_kubernetes_finds_places_for_load_balancers(network: Recording) -> None:
    assert network["net-public-0"].inputs["tags"]["kubernetes.io/role/elb"] == "1"
    assert network["net-private-0"].inputs["tags"]["kubernetes.io/role/internal-elb"] == "1"


def test_no_subnet_gives_public_addresses_unasked(network: Recording) -> None:
    assert not any(subnet.inputs["mapPublicIpOnLaunch"] for subnet in network.of_type("aws:ec2/subnet:Subnet"))


def test_a_zone_that_is_out_for_a_while_moves_no_subnet(network: Recording) -> None:
    assert all("availabilityZone" in subnet.ignore_changes for subnet in network.of_type("aws:ec2/subnet:Subnet"))


def test_database_subnets_have_no_way_to_the_internet(network: Recording) -> None:
    table = network["net-routing-database-in-0"].inputs["routeTableId"]
    assert table == network["net-routing-database-in-2"].inputs["routeTableId"]
    assert table not in [route.inputs["routeTableId"] for route in network.of_type(ROUTE)]


@pytest.mark.parametrize(("nat", "gateways"), [(NatMode.NONE, 0), (NatMode.SINGLE, 1), (NatMode.PER_ZONE, 3)])
def test_nat_mode_decides_how_many_gateways_there_are(nat: NatMode, gateways: int) -> None:
    recording = build(nat)
    assert len(recording.of_type("aws:ec2/natGateway:NatGateway")) == gateways
    assert len(recording.of_type("aws:ec2/eip:Eip")) == gateways


def test_without_nat_private_subnets_have_no_way_out() -> None:
    assert [route.name for route in build(NatMode.NONE).of_type(ROUTE)] == ["net-routing-public-to-internet"]


def test_a_single_nat_gateway_serves_all_zones() -> None:
    recording = build(NatMode.SINGLE)
    routes = [recording[f"net-routing-private-{index}-to-internet"].inputs["natGatewayId"] for index in range(3)]
    assert routes == ["net-routing-nat-0-id"] * 3


def test_with_nat_per_zone_each_zone_leaves_through_its_own(network: Recording) -> None:
    for index in range(3):
        assert network[f"net-routing-private-{index}-to-internet"].inputs["natGatewayId"] == (
            f"net-routing-nat-{index}-id"
        )
        assert network[f"net-routing-nat-{index}"].inputs["subnetId"] == f"net-public-{index}-id"


def test_nat_waits_for_the_internet_gateway(network: Recording) -> None:
    assert network.waits_for("net-routing-nat-0", "net-routing-internet")


def test_s3_is_reached_from_within(network: Recording) -> None:
    endpoint = network["net-routing-s3"].inputs
    assert endpoint["vpcEndpointType"] == "Gateway"
    assert endpoint["serviceName"] == "com.amazonaws.eu-central-1.s3"
    assert len(endpoint["routeTableIds"]) == 4


def test_the_default_security_group_allows_nothing(network: Recording) -> None:
    group = network["net-default-group"].inputs
    assert group["ingress"] == group["egress"] == []


def test_all_traffic_is_logged_encrypted(network: Recording) -> None:
    assert network["net-flow-logs-record"].inputs["trafficType"] == "ALL"
    assert network["net-flow-logs-group"].inputs["kmsKeyId"] == "arn:key"
    assert network["net-flow-logs-group"].inputs["retentionInDays"] == 90


def test_flow_logs_may_write_to_their_own_group_only(network: Recording) -> None:
    statements = json.loads(network["net-flow-logs-writer-write"].inputs["policy"])["Statement"]
    writing = next(statement for statement in statements if "logs:PutLogEvents" in statement["Action"])
    assert all(resource.startswith("arn:aws:cloudwatch") for resource in writing["Resource"])


def test_flow_logs_act_for_this_account_only(network: Recording) -> None:
    trust = json.loads(network["net-flow-logs-writer-role"].inputs["assumeRolePolicy"])["Statement"][0]
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


@pytest.mark.parametrize("policy", RemovalPolicy)
def test_what_retained_data_stands_on_stays_with_it(policy: RemovalPolicy) -> None:
    recording = build(removal_policy=policy)
    for name in ("net-vpc", "net-database-0"):
        assert recording[name].retain_on_delete is policy.retains
    assert not recording["net-private-0"].retain_on_delete


def test_an_unknown_log_retention_is_refused() -> None:
    def program() -> None:
        Network(
            "net",
            NetworkArgs(
                cidr="10.0.0.0/16", zones=2, nat=NatMode.NONE, log_key_arn="arn:key", flow_log_retention_days=8
            ),
        )

    with pytest.raises(ValueError, match="take the nearest, 7"):
        record(program)
