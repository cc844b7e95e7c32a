from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations

import pytest

from components.network import pick_zones, subnet_plan


def test_private_subnets_of_a_16_have_8192_addresses_each() -> None:
    assert subnet_plan("10.0.0.0/16", 3).private == ("10.0.0.0/19", "10.0.32.0/19", "10.0.64.0/19")


def test_public_and_database_subnets_are_smaller() -> None:
    plan = subnet_plan("10.0.0.0/16", 3)
    assert plan.public == ("10.0.128.0/22", "10.0.132.0/22", "10.0.136.0/22")
    assert plan.database == ("10.0.160.0/24", "10.0.161.0/24", "10.0.162.0/24")


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "172.16.0.0/18", "192.168.16.0/20"])
def test_no_two_subnets_overlap_and_all_lie_in_the_vpc(cidr: str) -> None:
    plan = subnet_plan(cidr, 3)
    subnets = [IPv4Network(subnet) for subnet in (*plan.public, *plan.private, *plan.database)]
    assert all(subnet.subnet_of(IPv4Network(cidr)) for subnet in subnets)
    assert not any(one.overlaps(other) for one, other in combinations(subnets, 2))


def test_the_smallest_vpc_has_no_subnet_below_what_aws_allows() -> None:
    plan = subnet_plan("10.0.0.0/20", 3)
    assert max(IPv4Network(subnet).prefixlen for subnet in (*plan.public, *plan.private, *plan.database)) == 28


def test_a_third_zone_moves_no_subnet_of_the_first_two() -> None:
    two, three = subnet_plan("10.0.0.0/16", 2), subnet_plan("10.0.0.0/16", 3)
    assert three.private[:2] == two.private
    assert three.public[:2] == two.public
    assert three.database[:2] == two.database


@pytest.mark.parametrize(
    ("cidr", "reason"),
    [
        ("10.0.0.0/21", "too few for the subnets of two or three zones"),
        ("10.0.0.0/8", "larger than AWS allows"),
        ("10.0.0.1/16", "no IPv4 network"),
        ("fd00::/16", "no IPv4 network"),
        ("8.8.0.0/16", "no private range"),
    ],
)
def test_an_unfit_range_is_refused_with_one_that_fits(cidr: str, reason: str) -> None:
    with pytest.raises(ValueError, match=rf"{cidr}.*{reason}.*10\.0\.0\.0/16"):
        subnet_plan(cidr, 2)


@pytest.mark.parametrize("zones", [1, 4])
def test_one_zone_or_four_are_refused(zones: int) -> None:
    with pytest.raises(ValueError, match=f"zones is {zones}; allowed: 2 to 3"):
        subnet_plan("10.0.0.0/16", zones)


def test_zones_are_the_first_by_name_whatever_the_order_of_the_answer() -> None:
    assert pick_zones(["eu-c", "eu-a", "eu-b"], 2) == ["eu-a", "eu-b"]


def test_a_region_with_too_few_zones_is_told() -> None:
    with pytest.raises(
        ValueError,
        match="3 zones are wanted, but the region has 2 for this account: eu-a, eu-b; allowed: at most 2; fix: write 2",
    ):
        pick_zones(["eu-a", "eu-b"], 3)
