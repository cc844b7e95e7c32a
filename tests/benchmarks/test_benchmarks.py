"""What ``make bench`` reckons with."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.figures import Figure, exponent, marginal
from benchmarks.flat import Program
from benchmarks.plot import plot

STACK = "urn:pulumi:dev::platform::"


def resource(token: str, name: str, **members: Any) -> dict[str, Any]:
    return {"urn": f"{STACK}{token}::{name}", "type": token, "custom": True, **members}


def test_a_figure_is_a_median_with_its_range() -> None:
    assert str(Figure.of([3.0, 1.0, 2.0])) == "2.0 s (1.0 to 3.0)"


def test_nothing_measured_is_no_figure() -> None:
    with pytest.raises(ValueError, match="no measurements"):
        Figure.of([])


@pytest.mark.parametrize("power", [1.0, 1.5, 2.0])
def test_the_exponent_is_that_of_the_growth(power: float) -> None:
    assert exponent({size: 0.3 * size**power for size in (10, 100, 1000)}) == pytest.approx(power)


def test_a_constant_does_not_hide_the_growth() -> None:
    points = {size: 50 + 0.01 * size**2 for size in (10, 100, 300)}

    assert exponent(points) < 1
    assert exponent({size: value for size, value in marginal(points).items() if size > 10}) > 1.5


def test_the_flat_twin_refers_to_what_the_stack_referred_to() -> None:
    provider = resource("pulumi:providers:aws", "aws", id="1", inputs={"region": "eu-central-1", "version": "7"})
    link = f"{provider['urn']}::1"
    vpc = resource("aws:ec2/vpc:Vpc", "vpc", id="vpc-0123456", provider=link, inputs={"cidrBlock": "10.0.0.0/16"})
    flow = {"vpcId": [vpc["urn"]]}
    subnet = resource(
        "aws:ec2/subnet:Subnet",
        "subnet",
        provider=link,
        inputs={"vpcId": "vpc-0123456", "cidrBlock": "10.0.0.0/24", "__defaults": []},
        dependencies=[vpc["urn"]],
        propertyDependencies=flow,
    )
    stack = {"urn": f"{STACK}pulumi:pulumi:Stack::platform-dev", "type": "pulumi:pulumi:Stack"}
    component = {"urn": f"{STACK}platform:network:Network::network", "type": "platform:network:Network"}

    program = Program([stack, provider, vpc, subnet, component])

    assert len(program) == 4
    lines = program.source.splitlines()
    assert "r3 = pulumi.ComponentResource('platform:network:Network', 'network')" in lines
    assert "r0 = pulumi_aws.Provider('aws', region='eu-central-1', opts=pulumi.ResourceOptions())" in lines
    assert (
        "r2 = pulumi_aws.ec2.Subnet('subnet', vpc_id=r1.id, cidr_block='10.0.0.0/24', "
        "opts=pulumi.ResourceOptions(provider=r0))"
    ) in lines


def test_an_order_without_data_stays_an_order() -> None:
    first = resource("aws:iam/role:Role", "first", id="first-role", inputs={})
    second = resource("aws:iam/role:Role", "second", inputs={}, dependencies=[first["urn"]])

    assert "opts=pulumi.ResourceOptions(depends_on=[r0])" in Program([first, second]).source


def test_what_a_component_waits_for_its_children_wait_for() -> None:
    first = resource("aws:iam/role:Role", "first", id="first-role", inputs={})
    outer = {"urn": f"{STACK}platform:a:A::outer", "type": "platform:a:A", "dependencies": [first["urn"]]}
    inner = {"urn": f"{STACK}platform:b:B::inner", "type": "platform:b:B", "parent": outer["urn"]}
    child = resource("aws:iam/role:Role", "child", inputs={}, parent=inner["urn"])

    program = Program([first, outer, inner, child])

    assert program.source.splitlines()[-1] == (
        "r3 = pulumi_aws.iam.Role('child', opts=pulumi.ResourceOptions(depends_on=[r0]))"
    )


def test_what_flows_without_being_recognised_is_an_order() -> None:
    issuer = resource("aws:iam/role:Role", "class", id="nginx", inputs={})
    inputs = {"path": "nginx"}
    user = resource(
        "aws:iam/role:Role",
        "user",
        inputs=inputs,
        dependencies=[issuer["urn"]],
        propertyDependencies={"path": [issuer["urn"]]},
    )

    assert "depends_on=[r0]" in Program([issuer, user]).source


def test_a_part_of_a_text_may_be_a_reference() -> None:
    key = resource("aws:kms/key:Key", "key", id="key-0123456", outputs={"arn": "arn:aws:kms:key-0123456"}, inputs={})
    inputs = {"policy": '{"Resource": "arn:aws:kms:key-0123456"}'}
    policy = resource("aws:iam/policy:Policy", "policy", inputs=inputs, propertyDependencies={"policy": [key["urn"]]})

    expected = """policy=pulumi.Output.concat('{"Resource": "', r0.arn, '"}')"""
    assert expected in Program([key, policy]).source


def test_a_plot_is_an_image_with_all_its_points() -> None:
    image = ElementTree.fromstring(plot("Up & down", "objects", "seconds", {"a": {10: 1.0, 100: 9.0}, "b": {10: 2.0}}))

    assert len(list(image.iter("{http://www.w3.org/2000/svg}circle"))) == 3
    assert "Up & down" in [element.text for element in image.iter("{http://www.w3.org/2000/svg}text")]
