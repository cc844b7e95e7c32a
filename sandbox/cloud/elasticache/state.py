"""What ElastiCache knows in one region."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from sandbox.cloud.moto_state import ACCOUNT
from sandbox.cloud.operations import AwsError, Call, Record


def _records() -> dict[str, Record]:
    return {}


@dataclass
class Region:
    """Records by name, in the shape that Describe operations answer; keys with an underscore are not shown."""

    name: str
    groups: dict[str, Record] = field(default_factory=_records)
    """Replication groups."""
    parameter_groups: dict[str, Record] = field(default_factory=_records)
    subnet_groups: dict[str, Record] = field(default_factory=_records)
    tags: dict[str, Record] = field(default_factory=_records)
    """By ARN."""

    def arn(self, kind: str, name: str) -> str:
        return f"arn:aws:elasticache:{self.name}:{ACCOUNT}:{kind}:{name}"

    def group(self, name: str) -> Record:
        return _find(self.groups, name, "ReplicationGroupNotFoundFault", "Replication group")

    def parameter_group(self, name: str) -> Record:
        return _find(self.parameter_groups, name, "CacheParameterGroupNotFoundFault", "CacheParameterGroup")

    def subnet_group(self, name: str) -> Record:
        return _find(self.subnet_groups, name, "CacheSubnetGroupNotFoundFault", "Cache subnet group")

    def add_tags(self, arn: str, call: Call) -> None:
        tags = self.tags.setdefault(arn, {})
        tags |= {str(tag["Key"]): str(tag.get("Value", "")) for tag in cast("list[Record]", call.get("Tags", []))}


class ElastiCacheState:
    """ElastiCache of all regions."""

    def __init__(self) -> None:
        self.regions: dict[str, Region] = {}

    def of(self, call: Call) -> Region:
        return self.regions.setdefault(call.region, Region(call.region))

    def arns(self) -> list[str]:
        """The ARNs of everything that there is."""
        return [arn for region in self.regions.values() for arn in region.tags]


def _find(records: dict[str, Record], name: str, code: str, what: str) -> Record:
    found = records.get(name.lower())
    if found is None:
        raise AwsError(code, f"{what} {name} not found.")
    return found
