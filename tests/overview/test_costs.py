"""What a stack costs: each kind of resource by its own rule, and nothing is left out in silence."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from overview import prices
from overview.costs import Costs, costs
from overview.prices import PriceTable, UnknownPriceError
from recorder import Recorded, Recording
from tests.overview.resources import component, price, recording, resource, table

TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
PRICES = table(
    {
        "eks-cluster": price("0.1", "hour"),
        "ec2 t3.medium": price("0.05", "hour"),
        "gp3": price("0.1", "GB and month"),
        "metric": price("0.3"),
        "nat-gateway": price("0.04", "hour"),
        "public-address": price("0.005", "hour"),
        "load-balancer": price("0.02", "hour"),
        "rds postgres db.t4g.micro": price("0.02", "hour"),
        "rds-gp3": price("0.2", "GB and month"),
        "elasticache valkey cache.t4g.micro": price("0.01", "hour"),
        "kms-key": price("1"),
        "secret": price("0.4"),
    }
)


def counted(*resources: Recorded, by: PriceTable = PRICES) -> Costs:
    return costs(recording(component("part"), *resources), by)


def cost(*resources: Recorded) -> dict[str, str]:
    """What is paid for, and what that costs a month of 100 hours."""
    return {line.price.item: str(line.usd) for line in counted(*resources).lines}


def nodes(
    minimum: int, desired: int, maximum: int, *, types: tuple[str, ...] = ("t3.medium",), **more: Any
) -> Recorded:
    return resource(
        "aws:eks/nodeGroup:NodeGroup",
        "group",
        inside="part",
        needs=("template",),
        instanceTypes=list(types),
        scalingConfig={"minSize": minimum, "desiredSize": desired, "maxSize": maximum},
        **more,
    )


def template(*, monitored: bool = False) -> Recorded:
    disk = {"deviceName": "/dev/xvda", "ebs": {"volumeType": "gp3", "volumeSize": 30}}
    return resource(TEMPLATE, "template", inside="part", blockDeviceMappings=[disk], monitoring={"enabled": monitored})


def free(*types: str) -> PriceTable:
    return PriceTable(PRICES.region, PRICES.hours, PRICES.prices, [], dict.fromkeys(types, "free"), {})


def database(name: str, **inputs: Any) -> Recorded:
    common = {"instanceClass": "db.t4g.micro", "storageType": "gp3"}
    needs = tuple(inputs.pop("needs", ()))
    return resource("aws:rds/instance:Instance", name, inside="part", needs=needs, **common, **inputs)


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("aws:eks/cluster:Cluster", {"0.1 a hour": "10.00"}),
        ("aws:ec2/natGateway:NatGateway", {"0.04 a hour": "4.00"}),
        ("aws:ec2/eip:Eip", {"0.005 a hour": "0.50"}),
        ("aws:kms/key:Key", {"1 a month": "1.00"}),
        ("aws:secretsmanager/secret:Secret", {"0.4 a month": "0.40"}),
    ],
)
def test_what_is_paid_by_the_piece(type_: str, expected: dict[str, str]) -> None:
    assert cost(resource(type_, "one", inside="part")) == expected


def test_equal_pieces_of_a_component_are_one_line() -> None:
    (line,) = counted(*(resource("aws:kms/key:Key", name, inside="part") for name in ("one", "other"))).lines

    assert (line.component, line.quantity, str(line.usd)) == ("part", 2, "2.00")


def test_a_node_is_an_instance_with_its_volumes() -> None:
    result = costs(recording(component("part"), template(), nodes(1, 2, 4)), free(TEMPLATE))

    assert [(str(line.quantity), str(line.usd)) for line in result.lines] == [("2", "10.00"), ("60", "6.00")]


def test_detailed_monitoring_of_a_node_is_seven_metrics() -> None:
    result = costs(recording(component("part"), template(monitored=True), nodes(1, 1, 1)), free(TEMPLATE))

    assert "2.10" in {str(line.usd) for line in result.lines}


def test_a_group_of_nodes_is_counted_at_the_size_it_begins_with_and_told_at_its_bounds() -> None:
    result = costs(recording(component("part"), template(), nodes(1, 2, 4)), free(TEMPLATE))

    (group,) = result.node_groups
    assert group.sizes == (1, 2, 4)
    assert [str(usd) for usd in group.usd] == ["8.00", "16.00", "32.00"]
    assert [str(result.at(size)) for size in range(3)] == ["8.00", "16.00", "32.00"]


def test_a_group_is_counted_as_the_type_that_it_prefers() -> None:
    group = nodes(1, 1, 1, types=("t3.medium", "t3a.medium"))
    result = costs(recording(component("part"), template(), group), free(TEMPLATE))

    assert [one.instance_type for one in result.node_groups] == ["t3.medium"]


def test_spot_nodes_are_told_and_counted_on_demand() -> None:
    group = nodes(0, 0, 2, capacityType="SPOT")
    result = costs(recording(component("part"), template(), group), free(TEMPLATE))

    assert result.node_groups[0].spot
    assert str(result.usd) == "0"
    assert str(result.at(2)) == "16.00"


def test_the_volumes_of_nodes_without_a_template_are_not_forgotten() -> None:
    with pytest.raises(ValueError, match="group has no launch template"):
        counted(nodes(1, 1, 1))


def test_an_instance_type_without_a_price_is_named_with_what_to_do_and_the_rest_is_counted() -> None:
    group = nodes(0, 1, 2, types=("m99.large",))
    result = costs(recording(component("part"), template(), group), free(TEMPLATE))

    assert result.missing == [
        "group: there is no price of `ec2 m99.large`; look it up, and add it to overview/prices.yaml"
    ]
    assert [str(result.at(size)) for size in range(3)] == ["0.00", "3.00", "6.00"]


def test_an_instance_type_without_a_price_is_named_even_where_there_is_none_to_begin_with() -> None:
    group = nodes(0, 0, 1, types=("m99.large",))
    result = costs(recording(component("part"), template(), group), free(TEMPLATE))

    assert [line.partition(":")[0] for line in result.missing] == ["group"]


def test_a_database_is_an_instance_with_storage() -> None:
    writer = database("writer", engine="postgres", allocatedStorage=20)

    assert cost(writer) == {"0.02 a hour": "2.00", "0.2 a GB and month": "4.00"}


def test_a_standby_costs_as_much_as_what_it_stands_by_for() -> None:
    writer = database("writer", engine="postgres", allocatedStorage=20, multiAz=True)

    assert cost(writer) == {"0.02 a hour": "4.00", "0.2 a GB and month": "8.00"}


def test_a_read_replica_has_the_storage_of_its_source_and_no_standby() -> None:
    writer = database("writer", engine="postgres", allocatedStorage=20, multiAz=True)
    reader = database("reader", replicateSourceDb="writer", needs=("writer",))

    assert cost(writer, reader) == {"0.02 a hour": "6.00", "0.2 a GB and month": "12.00"}


def test_each_node_of_a_cache_costs() -> None:
    group = resource(
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "cache",
        inside="part",
        engine="valkey",
        nodeType="cache.t4g.micro",
        numCacheClusters=3,
    )

    assert cost(group) == {"0.01 a hour": "3.00"}


@pytest.mark.parametrize(("kind", "endpoints"), [("Gateway", 0), ("Interface", 2)])
def test_endpoints_that_are_addresses_cost_and_those_that_are_routes_do_not(kind: str, endpoints: int) -> None:
    endpoint = resource(
        "aws:ec2/vpcEndpoint:VpcEndpoint", "endpoint", inside="part", vpcEndpointType=kind, subnetIds=["a", "b"]
    )
    result = counted(endpoint, by=table({"vpc-endpoint": price("1")}))

    assert result.usd == endpoints


@pytest.mark.parametrize(("internal", "addresses"), [(False, 2), (True, 0)])
def test_a_load_balancer_has_an_address_in_each_public_subnet_when_it_is_in_the_internet(
    internal: bool, addresses: int
) -> None:
    annotations = {"service.beta.kubernetes.io/aws-load-balancer-internal": "true"} if internal else {}
    service = resource(
        "kubernetes:core/v1:Service",
        "balancer",
        inside="part",
        metadata={"annotations": annotations},
        spec={"type": "LoadBalancer"},
    )
    subnet = "aws:ec2/subnet:Subnet"
    subnets = [resource(subnet, f"public-{zone}", tags={"kubernetes.io/role/elb": "1"}) for zone in "ab"]
    private = resource(subnet, "private", tags={"kubernetes.io/role/internal-elb": "1"})
    result = costs(recording(component("part"), service, *subnets, private), free(subnet))

    assert {line.price.item: line.quantity for line in result.lines} == {
        "0.02 a hour": 1,
        **({"0.005 a hour": addresses} if addresses else {}),
    }


def test_a_service_within_the_cluster_costs_nothing() -> None:
    assert cost(resource("kubernetes:core/v1:Service", "inner", inside="part", spec={"type": "ClusterIP"})) == {}


def test_a_type_that_nobody_knows_is_named_with_what_to_do() -> None:
    with pytest.raises(UnknownPriceError, match=r"queue \(aws:sqs/queue:Queue\): nobody knows .* overview/prices.yaml"):
        counted(resource("aws:sqs/queue:Queue", "queue", inside="part"))


def test_a_sum_by_the_prices_of_another_region_says_so() -> None:
    provider = resource("pulumi:providers:aws", "aws", region="us-east-1")
    (said,) = costs(recording(provider), PRICES).missing

    assert said.startswith("the stack is in us-east-1, and the prices are those of eu-central-1; ")
    assert costs(recording(resource("pulumi:providers:aws", "aws", region="eu-central-1")), PRICES).missing == []


def test_each_type_of_both_stacks_is_priced_or_told_to_be_free_or_paid_by_use(recorded: Recording) -> None:
    assert costs(recorded, prices.load()).usd > 0


def test_lines_add_up_to_the_sum(recorded: Recording) -> None:
    result = costs(recorded, prices.load())

    assert sum((line.usd for line in result.lines), Decimal(0)) == result.usd == result.at(1)
    assert all(line.usd == round(line.usd, 2) > 0 for line in result.lines)
    assert result.at(0) <= result.usd < result.at(2)


def test_prod_pays_for_its_copies(recordings: Mapping[str, Recording]) -> None:
    """Three zones with a way out, a standby with two replicas, a cache of three."""
    quantities = {
        (line.component, line.price.item): line.quantity for line in costs(recordings["prod"], prices.load()).lines
    }

    assert quantities["network", "NAT gateway"] == 3
    assert quantities["database", "RDS for PostgreSQL db.r6g.large, one zone"] == 4
    assert quantities["database", "RDS gp3 storage, one zone"] == 400
    assert quantities["cache", "ElastiCache for Valkey cache.r6g.large"] == 3
    assert quantities["ingress", "Public IPv4 address"] == 3
    assert quantities["nodes-general", "EC2 m6i.large, Linux"] == 3
