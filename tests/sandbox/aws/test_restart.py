"""A cloud that is stopped and started again is the same to the last id and date."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.core.base_backend import BackendDict, BaseBackend

from sandbox.home import Home
from sandbox.plugins.aws.provider import AwsProvider
from tests.sandbox.aws.conftest import REGION
from tests.sandbox.aws.emulated_cloud import emulated_cloud
from tests.sandbox.aws.estate import SAMPLES, Estate, plain

Call = tuple[str, str, dict[str, Any]]

DESCRIPTIONS: list[Call] = [
    ("ec2", "describe_vpcs", {}),
    ("ec2", "describe_subnets", {}),
    ("ec2", "describe_security_groups", {}),
    ("ec2", "describe_security_group_rules", {}),
    ("ec2", "describe_route_tables", {}),
    ("ec2", "describe_nat_gateways", {}),
    ("ec2", "describe_addresses", {}),
    ("ec2", "describe_network_interfaces", {}),
    ("ec2", "describe_network_acls", {}),
    ("ec2", "describe_vpc_endpoints", {}),
    ("ec2", "describe_flow_logs", {}),
    ("ec2", "describe_launch_template_versions", {"Versions": ["$Latest"]}),
    ("iam", "list_roles", {}),
    ("iam", "list_policies", {"Scope": "Local"}),
    ("kms", "list_keys", {}),
    ("kms", "list_aliases", {}),
    ("logs", "describe_log_groups", {}),
    ("ecr", "describe_repositories", {}),
    ("rds", "describe_db_instances", {}),
    ("rds", "describe_db_subnet_groups", {}),
    ("rds", "describe_db_parameter_groups", {}),
    ("elasticache", "describe_replication_groups", {}),
    ("elasticache", "describe_cache_clusters", {}),
    ("elasticache", "describe_cache_subnet_groups", {}),
    ("elasticache", "describe_cache_parameter_groups", {}),
    ("secretsmanager", "list_secrets", {}),
]


@pytest.fixture
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def provider_of(url: str, folder: Path, patch: pytest.MonkeyPatch) -> AwsProvider:
    patch.setenv("AWS_ENDPOINT_URL", url)
    provider = AwsProvider(Home(folder))
    checked, failures = provider.check_config({}, {"region": REGION})
    assert failures == []
    provider.configure(checked)
    return provider


def describe(url: str, *only: str) -> list[Any]:
    """What the services say; those named alone, where some are."""
    session = boto3.Session("sandbox", "sandbox", region_name=REGION)
    clients: dict[str, Any] = {
        service: session.client(service, endpoint_url=url)
        for service in {service for service, _, _ in DESCRIPTIONS if not only or service in only}
    }
    answers = [
        getattr(clients[service], operation)(**arguments)
        for service, operation, arguments in DESCRIPTIONS
        if service in clients
    ]
    return [{key: value for key, value in answer.items() if key != "ResponseMetadata"} for answer in answers]


def _lasting(answer: Any) -> Any:
    """``answer`` without what goes on by the hour."""
    if isinstance(answer, dict):
        return {key: _lasting(item) for key, item in answer.items() if key.lower() != "latestrestorabletime"}
    return [_lasting(item) for item in answer] if isinstance(answer, list | tuple) else answer


def forget() -> None:
    """What the end of a process does to moto."""
    used: list[Any] = BackendDict._instances
    for services in list(used):
        services.clear()


def everything() -> dict[str, Any]:
    """All that moto holds, down to what no API shows."""
    used: list[Any] = BackendDict._instances
    return {
        f"{services.service_name} {account} {region}": _plain(vars(backend), {})
        for services in list(used)
        for account, region, backend in services.iter_backends()
    }


def _plain(value: Any, seen: dict[int, int]) -> Any:
    if value is None or isinstance(value, str | int | float | bool | bytes | datetime):
        return value
    if id(value) in seen:
        return f"seen as number {seen[id(value)]}"
    if isinstance(value, BaseBackend) and seen:
        return f"backend {type(value).__name__}"
    seen[id(value)] = len(seen)
    if isinstance(value, type):
        return f"the type {value.__name__}"
    if isinstance(value, dict):
        return {str(_plain(key, seen)): _plain(member, seen) for key, member in list(value.items())}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(member, seen) for member in value]
    if type(value).__module__.startswith("moto.") and hasattr(value, "__dict__"):
        members = {name: _plain(member, seen) for name, member in list(vars(value).items())}
        return {"the type": type(value).__name__, **members}
    return f"some {type(value).__name__}"


def live(journal: Path) -> list[Any]:
    """What a cloud says of its EC2; a new one makes something there before."""
    new = not journal.exists()
    with emulated_cloud(journal) as url:
        ec2: Any = boto3.Session("sandbox", "sandbox", region_name=REGION).client("ec2", endpoint_url=url)
        if new:
            vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
            group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
            for port in range(80, 90):
                ec2.authorize_security_group_ingress(
                    GroupId=group, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp="10.0.0.0/8"
                )
            ec2.create_tags(Resources=[vpc, group], Tags=[{"Key": f"k{n}", "Value": "v"} for n in range(9)])
        return describe(url, "ec2")


_LIFE = """
import json, sys
from pathlib import Path
from sandbox.cloud.__main__ import _keep_order
_keep_order()
from tests.sandbox.aws.test_restart import live
print(json.dumps(live(Path(sys.argv[1])), default=str))
"""


def test_it_is_the_same_in_a_process_whose_sets_would_have_another_order(tmp_path: Path) -> None:
    """Python orders sets by a seed that it draws for each process, and moto goes through some."""

    def life(seed: str) -> Any:
        environ = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", _LIFE, str(tmp_path / "cloud.journal")]
        done = subprocess.run(command, env=environ, cwd=Path(__file__).parents[3], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    first = life("1")
    assert "10.0.0.0/8" in json.dumps(first)
    assert life("2") == first


def test_everything_is_as_it_was(tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    journal = tmp_path / "cloud.journal"
    forget()
    with emulated_cloud(journal) as url:
        estate = Estate(provider_of(url, tmp_path, patch))
        for token, sample in SAMPLES.items():
            made = estate[token]
            if sample.update:
                inputs, _ = estate.diff(made, sample.update(estate))
                made.outputs = plain(estate.provider.update(made.call, made.id, made.inputs, made.outputs, inputs))
                made.inputs = inputs
        said = describe(url)
        told = [estate.provider.read(made.call, made.id, made.inputs, made.outputs) for made in estate.made.values()]
        held = everything()
    forget()
    with emulated_cloud(journal) as url:
        for call, now, then in zip(DESCRIPTIONS, describe(url), said, strict=True):
            assert _lasting(now) == _lasting(then), call
        provider = provider_of(url, tmp_path, patch)
        for made, answer in zip(estate.made.values(), told, strict=True):
            assert answer is not None
            found = provider.read(made.call, made.id, made.inputs, made.outputs)
            assert _lasting(found) == _lasting(answer), made.call.type
        assert everything() == held
    forget()
