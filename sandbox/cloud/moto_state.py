"""What the sandbox's own services ask of moto's state. moto has no types for it: this module is the border."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any, cast

from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ec2.models.instance_types import INSTANCE_TYPES

from sandbox.cloud.operations import AwsError

ACCOUNT = DEFAULT_ACCOUNT_ID
"""The one account of the sandbox."""


def backend(service: str, region: str) -> Any:
    """moto's state of a service in a region; in the partition for global services."""
    regions: Any = cast("Any", get_backend)(service)[ACCOUNT]
    return regions["aws" if service in ("iam", "sts") else region]


@dataclass(frozen=True)
class Subnet:
    id: str
    vpc_id: str
    zone: str
    zone_id: str
    cidr: str


@dataclass(frozen=True)
class InstanceType:
    """What an instance type offers to a node."""

    name: str
    vcpus: int
    memory_mib: int
    architecture: str
    """As Kubernetes says it: amd64 or arm64."""
    gpus: int
    interfaces: int
    addresses_per_interface: int


@dataclass(frozen=True)
class LaunchTemplate:
    id: str
    name: str
    version: str
    instance_type: str | None
    image_id: str | None
    disk_gib: int | None
    tags: dict[str, str]


def subnet(region: str, subnet_id: str) -> Subnet:
    """Raises AwsError when there is no such subnet."""
    for zones in backend("ec2", region).subnets.values():
        if subnet_id in zones:
            found: Any = zones[subnet_id]
            return Subnet(
                subnet_id, found.vpc_id, found.availability_zone, found.availability_zone_id, found.cidr_block
            )
    raise AwsError("InvalidParameterException", f"The subnet ID '{subnet_id}' does not exist")


def instance_type(name: str) -> InstanceType:
    """Raises AwsError when AWS, as moto knows it, has no such type."""
    facts = cast("dict[str, Any] | None", cast("Any", INSTANCE_TYPES).get(name))
    if facts is None:
        raise AwsError("InvalidParameterException", f"The instance type {name} does not exist")
    network = facts["NetworkInfo"]
    architectures = facts["ProcessorInfo"]["SupportedArchitectures"]
    return InstanceType(
        name=name,
        vcpus=int(facts["VCpuInfo"]["DefaultVCpus"]),
        memory_mib=int(facts["MemoryInfo"]["SizeInMiB"]),
        architecture="arm64" if "arm64" in architectures else "amd64",
        gpus=sum(int(gpu["Count"]) for gpu in facts.get("GpuInfo", {}).get("Gpus", [])),
        interfaces=int(network["MaximumNetworkInterfaces"]),
        addresses_per_interface=int(network["Ipv4AddressesPerInterface"]),
    )


def launch_template(region: str, specification: dict[str, str]) -> LaunchTemplate:
    """The version of a launch template that ``specification`` (id or name, and version) means. Raises AwsError."""
    ec2 = backend("ec2", region)
    template_id = specification.get("id") or ec2.launch_template_name_to_ids.get(specification.get("name"))
    template: Any = ec2.launch_templates.get(template_id)
    if template is None:
        named = specification.get("id") or specification.get("name")
        raise AwsError("InvalidParameterException", f"The launch template {named} does not exist")
    wanted = str(specification.get("version") or "$Default")
    numbers = {"$Default": template.default_version_number, "$Latest": template.latest_version_number}
    number = numbers.get(wanted, wanted)
    version: Any = next((entry for entry in template.versions if str(entry.number) == str(number)), None)
    if version is None:
        raise AwsError("InvalidParameterException", f"The launch template {template.name} has no version {wanted}")
    data = cast("dict[str, Any]", version.data)
    sizes = [
        int(mapping["Ebs"]["VolumeSize"])
        for mapping in _entries(data, "BlockDeviceMappings")
        if mapping.get("Ebs", {}).get("VolumeSize")
    ]
    tags = {
        str(tag["Key"]): str(tag["Value"])
        for entry in _entries(data, "TagSpecifications")
        if entry.get("ResourceType") == "instance"
        for tag in _entries(entry, "Tags")
    }
    return LaunchTemplate(
        template.id,
        template.name,
        str(version.number),
        data.get("InstanceType"),
        data.get("ImageId"),
        max(sizes, default=None),
        tags,
    )


def _entries(data: dict[str, Any], key: str) -> list[dict[str, Any]]:
    return data.get(key) or []


def require_role(arn: str) -> None:
    """Raises AwsError when IAM has no such role."""
    if not re.fullmatch(r"arn:aws[\w-]*:iam::\d{12}:role/.+", arn):
        raise AwsError("InvalidParameterException", f"Invalid Role Arn: '{arn}'")
    if all(role.arn != arn for role in list(backend("iam", "aws").roles.values())):
        raise AwsError(
            "InvalidParameterException", f"Role with arn: {arn}, could not be assumed because it does not exist"
        )


def principal(access_key: str) -> str:
    """The ARN that STS GetCallerIdentity gives for an access key."""
    return str(backend("sts", "aws").get_caller_identity(access_key, "us-east-1")[1])


def secret(access_key: str) -> str | None:
    """The secret of an access key, when the sandbox knows it: IAM's, STS's, or the dummy in the environment."""
    iam = backend("iam", "aws")
    if access_key in iam.access_keys:
        return str(iam.access_keys[access_key].secret_access_key)
    role: Any = backend("sts", "aws").get_assumed_role_from_access_key(access_key)
    if role is not None:
        return str(role.secret_access_key)
    if access_key == os.environ.get("AWS_ACCESS_KEY_ID"):
        return os.environ.get("AWS_SECRET_ACCESS_KEY")
    return None
