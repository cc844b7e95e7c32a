"""ElastiCache's parameter groups, subnet groups and tags: the API operations."""

from __future__ import annotations

from typing import cast

from sandbox.cloud import moto_state
from sandbox.cloud.elasticache.parameters import FAMILIES, PARAMETERS
from sandbox.cloud.elasticache.state import ElastiCacheState, Region
from sandbox.cloud.operations import AwsError, Call, NotOurs, Operations, Record


class ParameterGroupOperations(Operations):
    """CreateCacheParameterGroup and its kin."""

    service = "elasticache"

    def __init__(self, state: ElastiCacheState) -> None:
        self._state = state

    def create_cache_parameter_group(self, call: Call) -> Record:
        region, name = self._state.of(call), call["CacheParameterGroupName"].lower()
        family = call["CacheParameterGroupFamily"]
        if name in region.parameter_groups or name.startswith("default."):
            raise AwsError("CacheParameterGroupAlreadyExistsFault", f"CacheParameterGroup {name} already exists")
        if family not in FAMILIES:
            raise AwsError(
                "InvalidParameterValueException",
                f"CacheParameterGroupFamily {family} is not a valid parameter group family: {', '.join(FAMILIES)}",
            )
        arn = region.arn("parametergroup", name)
        region.parameter_groups[name] = {
            "CacheParameterGroupName": name,
            "CacheParameterGroupFamily": family,
            "Description": call["Description"],
            "IsGlobal": False,
            "ARN": arn,
            "_values": {},
        }
        region.add_tags(arn, call)
        return {"CacheParameterGroup": region.parameter_groups[name]}

    def describe_cache_parameter_groups(self, call: Call) -> Record:
        region, name = self._state.of(call), call.get("CacheParameterGroupName")
        return {"CacheParameterGroups": [region.parameter_group(name)] if name else [*region.parameter_groups.values()]}

    def modify_cache_parameter_group(self, call: Call) -> Record:
        group = self._state.of(call).parameter_group(call["CacheParameterGroupName"])
        changes = {each["ParameterName"]: each["ParameterValue"] for each in call["ParameterNameValues"]}
        for name, value in changes.items():
            if name not in PARAMETERS:
                raise AwsError(
                    "InvalidParameterValueException",
                    f"The parameter {name} cannot be modified. The sandbox knows: {', '.join(PARAMETERS)}",
                )
            if not PARAMETERS[name].accepts(value):
                raise AwsError(
                    "InvalidParameterValueException",
                    f"The parameter value {value} is invalid for {name}: it accepts {PARAMETERS[name].allowed}",
                )
        group["_values"] |= changes
        return {"CacheParameterGroupName": group["CacheParameterGroupName"]}

    def reset_cache_parameter_group(self, call: Call) -> Record:
        group = self._state.of(call).parameter_group(call["CacheParameterGroupName"])
        gone = [each["ParameterName"] for each in call.get("ParameterNameValues", [])]
        for name in list(group["_values"]) if call.get("ResetAllParameters") else gone:
            group["_values"].pop(name, None)
        return {"CacheParameterGroupName": group["CacheParameterGroupName"]}

    def describe_cache_parameters(self, call: Call) -> Record:
        group = self._state.of(call).parameter_group(call["CacheParameterGroupName"])
        values, source = cast("dict[str, str]", group["_values"]), call.get("Source")
        found: list[Record] = [
            {
                "ParameterName": name,
                "ParameterValue": values.get(name, parameter.default),
                "Source": "user" if name in values else "system",
                "DataType": parameter.kind,
                "AllowedValues": parameter.allowed,
                "IsModifiable": True,
                "ChangeType": "immediate",
            }
            for name, parameter in PARAMETERS.items()
        ]
        return {"Parameters": [each for each in found if source in (None, each["Source"])]}

    def delete_cache_parameter_group(self, call: Call) -> Record:
        region = self._state.of(call)
        group = region.parameter_group(call["CacheParameterGroupName"])
        name = group["CacheParameterGroupName"]
        users = [each for each, record in region.groups.items() if record["_parameter_group"] == name]
        if users:
            raise AwsError(
                "InvalidCacheParameterGroupStateFault",
                f"One or more cache clusters are still members of this parameter group {name}: {', '.join(users)}",
            )
        _forget(region, region.parameter_groups, name)
        return {}


class SubnetGroupOperations(Operations):
    """CreateCacheSubnetGroup and its kin."""

    service = "elasticache"

    def __init__(self, state: ElastiCacheState) -> None:
        self._state = state

    def create_cache_subnet_group(self, call: Call) -> Record:
        region, name = self._state.of(call), call["CacheSubnetGroupName"].lower()
        if name in region.subnet_groups:
            raise AwsError("CacheSubnetGroupAlreadyExistsFault", f"Cache subnet group {name} already exists.")
        arn = region.arn("subnetgroup", name)
        region.subnet_groups[name] = {
            "CacheSubnetGroupName": name,
            "CacheSubnetGroupDescription": call["CacheSubnetGroupDescription"],
            "ARN": arn,
            "SupportedNetworkTypes": ["ipv4"],
            **_subnets(call.region, call["SubnetIds"]),
        }
        region.add_tags(arn, call)
        return {"CacheSubnetGroup": region.subnet_groups[name]}

    def describe_cache_subnet_groups(self, call: Call) -> Record:
        region, name = self._state.of(call), call.get("CacheSubnetGroupName")
        return {"CacheSubnetGroups": [region.subnet_group(name)] if name else [*region.subnet_groups.values()]}

    def modify_cache_subnet_group(self, call: Call) -> Record:
        group = self._state.of(call).subnet_group(call["CacheSubnetGroupName"])
        if "CacheSubnetGroupDescription" in call.params:
            group["CacheSubnetGroupDescription"] = call["CacheSubnetGroupDescription"]
        if "SubnetIds" in call.params:
            group |= _subnets(call.region, call["SubnetIds"])
        return {"CacheSubnetGroup": group}

    def delete_cache_subnet_group(self, call: Call) -> Record:
        region = self._state.of(call)
        name = region.subnet_group(call["CacheSubnetGroupName"])["CacheSubnetGroupName"]
        if any(record["_subnet_group"] == name for record in region.groups.values()):
            raise AwsError(
                "CacheSubnetGroupInUse", f"Cache subnet group {name} is currently in use by a cache cluster."
            )
        _forget(region, region.subnet_groups, name)
        return {}


class CacheTagOperations(Operations):
    """AddTagsToResource and its kin, for what the sandbox keeps."""

    service = "elasticache"

    def __init__(self, state: ElastiCacheState) -> None:
        self._state = state

    def add_tags_to_resource(self, call: Call) -> Record:
        self._tags(call)
        self._state.of(call).add_tags(call["ResourceName"], call)
        return self.list_tags_for_resource(call)

    def remove_tags_from_resource(self, call: Call) -> Record:
        for key in call["TagKeys"]:
            self._tags(call).pop(key, None)
        return self.list_tags_for_resource(call)

    def list_tags_for_resource(self, call: Call) -> Record:
        return {"TagList": [{"Key": key, "Value": value} for key, value in self._tags(call).items()]}

    def _tags(self, call: Call) -> Record:
        tags = self._state.of(call).tags.get(call["ResourceName"])
        if tags is None:
            raise NotOurs
        return tags


def _subnets(region: str, subnet_ids: list[str]) -> Record:
    try:
        subnets = [moto_state.subnet(region, each) for each in subnet_ids]
    except AwsError as error:
        raise AwsError("InvalidSubnet", error.message) from None
    vpcs = {subnet.vpc_id for subnet in subnets}
    if len(vpcs) != 1:
        raise AwsError("InvalidSubnet", f"The subnets must be in one VPC, not in {', '.join(sorted(vpcs)) or 'none'}")
    return {
        "VpcId": vpcs.pop(),
        "Subnets": [
            {
                "SubnetIdentifier": subnet.id,
                "SubnetAvailabilityZone": {"Name": subnet.zone},
                "SupportedNetworkTypes": ["ipv4"],
            }
            for subnet in subnets
        ],
    }


def _forget(region: Region, records: dict[str, Record], name: str) -> None:
    region.tags.pop(records.pop(name)["ARN"], None)
