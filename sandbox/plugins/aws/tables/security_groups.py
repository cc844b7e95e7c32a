"""EC2's security group rules: what names alone can't map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sandbox.plugins.aws.context import Context
from sandbox.plugins.aws.table import Op, Text
from sandbox.plugins.protocol import ProviderError
from sandbox.plugins.values import Unknown

RULE_SOURCES = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
RULE_PROPERTIES = ("description", "fromPort", "ipProtocol", "toPort", *RULE_SOURCES)

# Source of a rule: the permission's list, and the member that holds the source.
_PERMISSION_LISTS = {
    "cidrIpv4": ("IpRanges", "CidrIp"),
    "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListId": ("PrefixListIds", "PrefixListId"),
    "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
}


def permission(values: dict[str, Any]) -> dict[str, Any]:
    """One rule as AuthorizeSecurityGroup* takes it."""
    description = {"Description": values["description"]} if values.get("description") else {}
    result: dict[str, Any] = _ports(values)
    for name, (member, field) in _PERMISSION_LISTS.items():
        if values.get(name) is not None:
            result[member] = [{field: values[name], **description}]
    return {"IpPermissions": [result]}


def rule_update(values: dict[str, Any]) -> dict[str, Any]:
    """One rule as ModifySecurityGroupRules takes it."""
    members = {
        "cidrIpv4": "CidrIpv4",
        "cidrIpv6": "CidrIpv6",
        "prefixListId": "PrefixListId",
        "referencedSecurityGroupId": "ReferencedGroupId",
        "description": "Description",
    }
    # moto, unlike AWS, wants ports for all protocols: -1 says «all» to both.
    rule = {"FromPort": -1, "ToPort": -1, **_ports(values)}
    rule |= {member: values[name] for name, member in members.items() if values.get(name) is not None}
    return {"SecurityGroupRules": [{"SecurityGroupRuleId": Text("{id}"), "SecurityGroupRule": rule}]}


def _ports(values: Mapping[str, Any]) -> dict[str, Any]:
    members = {"ipProtocol": "IpProtocol", "fromPort": "FromPort", "toPort": "ToPort"}
    return {member: values[name] for name, member in members.items() if values.get(name) is not None}


def one_source(inputs: dict[str, Any]) -> list[tuple[str, str]]:
    """A rule has exactly one source or destination, and ports unless it is for all protocols."""
    found = [name for name in RULE_SOURCES if inputs.get(name) is not None]
    problems: list[tuple[str, str]] = []
    if len(found) != 1:
        allowed = ", ".join(RULE_SOURCES)
        problems.append((found[1] if found else "cidrIpv4", f"exactly one of {allowed} is needed, not {len(found)}"))
    protocol = inputs.get("ipProtocol")
    if protocol is None:
        problems.append(("ipProtocol", "is required"))
    for name in ("fromPort", "toPort"):
        port = inputs.get(name)
        if isinstance(port, int) and not -1 <= port <= 65535:
            problems.append((name, f"{port} is not between -1 and 65535"))
        if port is None and protocol in ("tcp", "udp"):
            problems.append((name, f"is required for protocol {protocol}"))
    return problems


def _inline(member: str) -> Any:
    """The encoder of a security group's own ``ingress`` or ``egress`` list."""

    def encode(values: dict[str, Any]) -> dict[str, Any] | None:
        rules = values[member]
        if isinstance(rules, Unknown) or not rules:
            return None
        return {"IpPermissions": [_inline_rule(rule) for rule in cast("list[dict[str, Any]]", rules)]}

    return encode


def _inline_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    described = {"Description": rule["description"]} if rule.get("description") else {}
    result: dict[str, Any] = {"IpProtocol": str(rule.get("protocol"))}
    if result["IpProtocol"] != "-1":
        result |= {"FromPort": rule.get("fromPort"), "ToPort": rule.get("toPort")}
    lists = {
        "cidrBlocks": ("IpRanges", "CidrIp"),
        "ipv6CidrBlocks": ("Ipv6Ranges", "CidrIpv6"),
        "prefixListIds": ("PrefixListIds", "PrefixListId"),
        "securityGroups": ("UserIdGroupPairs", "GroupId"),
    }
    for name, (member, field) in lists.items():
        if rule.get(name):
            result[member] = [{field: value, **described} for value in rule[name]]
    if rule.get("self"):
        result["UserIdGroupPairs"] = [*result.get("UserIdGroupPairs", []), {"GroupId": Text("{id}"), **described}]
    return result


RULES = tuple(
    Op(
        f"AuthorizeSecurityGroup{way}",
        takes=(),
        encode=_inline(way.lower()),
        consumes=(way.lower(),),
        swap=f"RevokeSecurityGroup{way}",
    )
    for way in ("Ingress", "Egress")
)


def revoke_default_egress(context: Context) -> None:
    """AWS lets a new group reach everything; the genuine provider takes that back, so that rules say what is open."""
    _revoke(context, ("Egress", "IpPermissionsEgress"))


def adopt_default_group(context: Context) -> dict[str, Any]:
    """The VPC's default group, emptied, as the genuine provider adopts it."""
    filters = [
        {"Name": "group-name", "Values": ["default"]},
        {"Name": "vpc-id", "Values": [context.props["vpcId"]]},
    ]
    groups = context.aws("DescribeSecurityGroups", {"Filters": filters})["SecurityGroups"]
    if not groups:
        raise ProviderError(f"{context.call.name}: the VPC {context.props['vpcId']} has no default security group")
    context.id = groups[0]["GroupId"]
    _revoke(context, ("Ingress", "IpPermissions"), ("Egress", "IpPermissionsEgress"))
    return {"GroupId": context.id}


def _revoke(context: Context, *ways: tuple[str, str]) -> None:
    group = context.aws("DescribeSecurityGroups", {"GroupIds": [context.id]})["SecurityGroups"][0]
    for way, member in ways:
        if group.get(member):
            context.aws(f"RevokeSecurityGroup{way}", {"GroupId": context.id, "IpPermissions": group[member]})
