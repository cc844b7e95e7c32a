"""The provider's functions (data sources)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from sandbox.plugins.aws import eks_invokes, rds_invokes
from sandbox.plugins.aws.context import Place
from sandbox.plugins.aws.mapping import find_member
from sandbox.plugins.protocol import Properties, Secret

_DNS_SUFFIX = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com"}


def _availability_zones(place: Place, arguments: Properties) -> Properties:
    wanted = cast("list[dict[str, Any]]", arguments.get("filters") or [])
    filters = [{"Name": item["name"], "Values": item["values"]} for item in wanted]
    if arguments.get("state"):
        filters.append({"Name": "state", "Values": [arguments["state"]]})
    params: dict[str, Any] = {"Filters": filters} if filters else {}
    if arguments.get("allAvailabilityZones"):
        params["AllAvailabilityZones"] = True
    zones = place.cloud.call("ec2", place.region, "DescribeAvailabilityZones", params)["AvailabilityZones"]
    dropped: set[str] = {*(arguments.get("excludeNames") or []), *(arguments.get("excludeZoneIds") or [])}
    kept = sorted(
        (zone for zone in zones if zone["ZoneName"] not in dropped and zone.get("ZoneId") not in dropped),
        key=lambda zone: zone["ZoneName"],
    )
    return {
        **arguments,
        "id": place.region,
        "region": place.region,
        "groupNames": sorted({zone.get("GroupName", place.region) for zone in kept}),
        "names": [zone["ZoneName"] for zone in kept],
        "zoneIds": [zone.get("ZoneId", "") for zone in kept],
    }


def _caller_identity(place: Place, arguments: Properties) -> Properties:
    del arguments
    answer = place.cloud.call("sts", place.region, "GetCallerIdentity", {})
    return {"id": answer["Account"], "accountId": answer["Account"], "arn": answer["Arn"], "userId": answer["UserId"]}


def _partition(place: Place, arguments: Properties) -> Properties:
    del arguments
    suffix = _DNS_SUFFIX.get(place.partition, "amazonaws.com")
    prefix = ".".join(reversed(suffix.split(".")))
    return {"id": place.partition, "partition": place.partition, "dnsSuffix": suffix, "reverseDnsPrefix": prefix}


def _region(place: Place, arguments: Properties) -> Properties:
    endpoint = arguments.get("endpoint") or f"ec2.{place.region}.amazonaws.com"
    name = arguments.get("name") or place.region
    return {"id": name, "region": name, "name": name, "endpoint": endpoint, "description": name}


def _random_password(place: Place, arguments: Properties) -> Properties:
    members = ("PasswordLength", "ExcludeCharacters", "ExcludeLowercase", "ExcludeNumbers", "ExcludePunctuation",
               "ExcludeUppercase", "IncludeSpace", "RequireEachIncludedType")  # fmt: skip
    params = _params(arguments, members)
    password = place.cloud.call("secretsmanager", place.region, "GetRandomPassword", params)["RandomPassword"]
    return {**arguments, "id": "terraform-id", "region": place.region, "randomPassword": Secret(password)}


def _parameter(place: Place, arguments: Properties) -> Properties:
    name = arguments["name"]
    decrypt = arguments.get("withDecryption", True)
    params = {"Name": name, "WithDecryption": decrypt}
    found = place.cloud.call("ssm", place.region, "GetParameter", params)["Parameter"]
    value = found["Value"]
    return {
        "id": name,
        "name": found["Name"],
        "arn": found["ARN"],
        "type": found["Type"],
        "version": found["Version"],
        "value": Secret(value),
        "insecureValue": value if found["Type"] != "SecureString" else None,
        "region": place.region,
        "withDecryption": decrypt,
    }


def _params(arguments: Mapping[str, Any], members: tuple[str, ...]) -> dict[str, Any]:
    found = {find_member(name, members): value for name, value in arguments.items() if value is not None}
    return {member: value for member, value in found.items() if member}


FUNCTIONS: Mapping[str, Callable[[Place, Properties], Properties]] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
    "aws:secretsmanager/getRandomPassword:getRandomPassword": _random_password,
    "aws:ssm/getParameter:getParameter": _parameter,
    **eks_invokes.FUNCTIONS,
    **rds_invokes.FUNCTIONS,
}
