from __future__ import annotations

import pytest

from components.network import ServiceAccess, ServiceAccessArgs
from recorder import Recording, record


@pytest.fixture(scope="module")
def access() -> Recording:
    return record(
        lambda: ServiceAccess("db", ServiceAccessArgs(vpc_id="vpc", port=5432, client_security_group_id="sg-clients"))
    )


def test_one_group_gets_in_on_one_port(access: Recording) -> None:
    (rule,) = access.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert rule.inputs["referencedSecurityGroupId"] == "sg-clients"
    assert (rule.inputs["fromPort"], rule.inputs["toPort"], rule.inputs["ipProtocol"]) == (5432, 5432, "tcp")


def test_nothing_gets_out(access: Recording) -> None:
    assert "egress" not in access["db-group"].inputs
    assert not access.of_type("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")


def test_the_group_stays_with_its_service_but_lets_go_of_its_clients(access: Recording) -> None:
    assert access["db-group"].retain_on_delete
    assert not access["db-clients"].retain_on_delete
