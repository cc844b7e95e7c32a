"""The provider's functions (data sources) of RDS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from sandbox.plugins.aws.context import Place
from sandbox.plugins.protocol import Properties


def _instances(place: Place, arguments: Properties) -> Properties:
    wanted = cast("dict[str, str]", arguments.get("tags") or {})
    filters = cast("list[dict[str, Any]]", arguments.get("filters") or [])
    params = {"Filters": [{"Name": each["name"], "Values": each["values"]} for each in filters]} if filters else {}
    found = _described(place, params)
    mine = [each for each in found if wanted.items() <= {tag["Key"]: tag["Value"] for tag in _tags(each)}.items()]
    return {
        **arguments,
        "id": place.region,
        "region": place.region,
        "instanceArns": [each["DBInstanceArn"] for each in mine],
        "instanceIdentifiers": [each["DBInstanceIdentifier"] for each in mine],
    }


def _instance(place: Place, arguments: Properties) -> Properties:
    (found,) = _described(place, {"DBInstanceIdentifier": arguments["dbInstanceIdentifier"]})
    endpoint: dict[str, Any] = found.get("Endpoint") or {}
    alike = ("AllocatedStorage", "AutoMinorVersionUpgrade", "AvailabilityZone", "BackupRetentionPeriod", "Engine",
             "EngineVersion", "KmsKeyId", "MasterUsername", "MaxAllocatedStorage", "MultiAZ", "PubliclyAccessible",
             "StorageEncrypted", "StorageType")  # fmt: skip
    return {
        "id": found["DBInstanceIdentifier"],
        "region": place.region,
        "address": endpoint.get("Address"),
        "port": endpoint.get("Port"),
        "dbInstanceArn": found["DBInstanceArn"],
        "dbInstanceClass": found["DBInstanceClass"],
        "dbInstanceIdentifier": found["DBInstanceIdentifier"],
        "dbName": found.get("DBName"),
        "resourceId": found.get("DbiResourceId"),
        "tags": {tag["Key"]: tag["Value"] for tag in _tags(found)},
        **{"multiAz" if name == "MultiAZ" else name[0].lower() + name[1:]: found.get(name) for name in alike},
    }


def _described(place: Place, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    return place.cloud.call("rds", place.region, "DescribeDBInstances", dict(params)).get("DBInstances", [])


def _tags(instance: Mapping[str, Any]) -> list[dict[str, str]]:
    return instance.get("TagList") or []


FUNCTIONS: Mapping[str, Callable[[Place, Properties], Properties]] = {
    "aws:rds/getInstance:getInstance": _instance,
    "aws:rds/getInstances:getInstances": _instances,
}
