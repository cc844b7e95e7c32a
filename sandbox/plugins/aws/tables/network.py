"""EC2: the network itself, its routes, and security groups with their rules."""

from __future__ import annotations

import binascii
from typing import Any

from sandbox.plugins.aws.table import AutoName, Op, Read, Resource, words
from sandbox.plugins.aws.tables.ec2 import ec2_arn, ec2_tags
from sandbox.plugins.aws.tables.security_groups import (
    RULE_PROPERTIES,
    RULE_SOURCES,
    RULES,
    adopt_default_group,
    one_source,
    permission,
    revoke_default_egress,
    rule_update,
)

_DESTINATIONS = ("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId")
_TARGETS = {
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
    "vpcEndpointId": "VpcEndpointId",
    "carrierGatewayId": "CarrierGatewayId",
    "localGatewayId": "LocalGatewayId",
    "coreNetworkArn": "CoreNetworkArn",
}


def _vpc_attribute(name: str, member: str) -> Read:
    return Read("DescribeVpcAttribute", f"{member}.Value", {"Attribute": name}, into=member)


def _in_vpc(operation: str, result: str, filters: dict[str, str], into: str) -> Read:
    wanted = [{"Name": "vpc-id", "Values": ["{id}"]}]
    wanted += [{"Name": name, "Values": [value]} for name, value in filters.items()]
    return Read(operation, result, {"Filters": wanted}, into=into)


def _one_target(inputs: dict[str, Any]) -> list[tuple[str, str]]:
    found = [name for name in _TARGETS if inputs.get(name) is not None]
    problems = [] if len(found) == 1 else [("routeTableId", f"a route has one target, not {len(found)}")]
    destinations = [name for name in _DESTINATIONS if inputs.get(name) is not None]
    if len(destinations) != 1:
        problems.append(("destinationCidrBlock", f"a route has one destination, not {len(destinations)}"))
    return problems


def route_id(props: dict[str, Any]) -> str:
    """The id that the Terraform provider makes of a route."""
    destination = next(str(props[name]) for name in _DESTINATIONS if props.get(name))
    return f"r-{props['routeTableId']}{binascii.crc32(destination.encode())}"


RESOURCES = (
    Resource(
        token="aws:ec2/vpc:Vpc",
        service="ec2",
        create=Op("CreateVpc", names={"assignGeneratedIpv6CidrBlock": "AmazonProvidedIpv6CidrBlock"}),
        read=(
            Read("DescribeVpcs", "Vpcs[0]"),
            _vpc_attribute("enableDnsSupport", "EnableDnsSupport"),
            _vpc_attribute("enableDnsHostnames", "EnableDnsHostnames"),
            _in_vpc("DescribeRouteTables", "RouteTables[0].RouteTableId", {"association.main": "true"}, "MainRoutes"),
            _in_vpc("DescribeSecurityGroups", "SecurityGroups[0].GroupId", {"group-name": "default"}, "DefaultGroup"),
            _in_vpc("DescribeNetworkAcls", "NetworkAcls[0].NetworkAclId", {"default": "true"}, "DefaultAcl"),
        ),
        update=(
            Op(
                "ModifyVpcAttribute",
                takes=("enableDnsHostnames", "enableDnsSupport", "enableNetworkAddressUsageMetrics"),
                each=True,
            ),
            Op("ModifyVpcTenancy", takes=("instanceTenancy",)),
        ),
        delete=Op("DeleteVpc"),
        id="Vpc.VpcId",
        key={"VpcId": "{id}"},
        outputs={
            "arn": ec2_arn("vpc"),
            "mainRouteTableId": "MainRoutes",
            "defaultRouteTableId": "MainRoutes",
            "defaultSecurityGroupId": "DefaultGroup",
            "defaultNetworkAclId": "DefaultAcl",
            "ipv6AssociationId": "Ipv6CidrBlockAssociationSet[0].AssociationId",
            "ipv6CidrBlock": "Ipv6CidrBlockAssociationSet[0].Ipv6CidrBlock",
        },
        tags=ec2_tags("vpc"),
        replace=("cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength"),
        replace_if={"instanceTenancy": lambda old, new, _: (old, new) != ("dedicated", "default")},
        computed=words(
            "cidrBlock enableDnsHostnames enableNetworkAddressUsageMetrics ipv6CidrBlock "
            "ipv6CidrBlockNetworkBorderGroup"
        ),
        defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
        initial={"enableDnsSupport": True, "enableDnsHostnames": False, "enableNetworkAddressUsageMetrics": False},
    ),
    Resource(
        token="aws:ec2/subnet:Subnet",
        service="ec2",
        create=Op("CreateSubnet"),
        read=(Read("DescribeSubnets", "Subnets[0]"),),
        update=(
            Op(
                "ModifySubnetAttribute",
                takes=words(
                    "mapPublicIpOnLaunch assignIpv6AddressOnCreation enableDns64 "
                    "enableResourceNameDnsARecordOnLaunch enableResourceNameDnsAaaaRecordOnLaunch "
                    "privateDnsHostnameTypeOnLaunch"
                ),
                each=True,
            ),
        ),
        delete=Op("DeleteSubnet"),
        id="Subnet.SubnetId",
        key={"SubnetId": "{id}"},
        outputs={
            "arn": "SubnetArn",
            "ipv6CidrBlock": "Ipv6CidrBlockAssociationSet[0].Ipv6CidrBlock",
            "ipv6CidrBlockAssociationId": "Ipv6CidrBlockAssociationSet[0].AssociationId",
            "privateDnsHostnameTypeOnLaunch": "PrivateDnsNameOptionsOnLaunch.HostnameType",
        },
        tags=ec2_tags("subnet"),
        replace=words(
            "availabilityZone availabilityZoneId cidrBlock ipv4IpamPoolId ipv4NetmaskLength ipv6IpamPoolId ipv6Native "
            "ipv6NetmaskLength outpostArn vpcId"
        ),
        replace_if={"ipv6CidrBlock": lambda _old, _new, state: bool(state.get("assignIpv6AddressOnCreation"))},
        computed=("availabilityZone", "availabilityZoneId", "privateDnsHostnameTypeOnLaunch"),
        defaults={"mapPublicIpOnLaunch": False, "assignIpv6AddressOnCreation": False},
        initial={"mapPublicIpOnLaunch": False, "assignIpv6AddressOnCreation": False},
    ),
    Resource(
        token="aws:ec2/internetGateway:InternetGateway",
        service="ec2",
        create=Op("CreateInternetGateway"),
        read=(Read("DescribeInternetGateways", "InternetGateways[0]"),),
        update=(Op("AttachInternetGateway", takes=("vpcId",), swap="DetachInternetGateway"),),
        delete=Op("DeleteInternetGateway"),
        id="InternetGateway.InternetGatewayId",
        key={"InternetGatewayId": "{id}"},
        outputs={"arn": ec2_arn("internet-gateway"), "vpcId": "Attachments[0].VpcId"},
        tags=ec2_tags("internet-gateway"),
        computed=("vpcId",),
    ),
    Resource(
        token="aws:ec2/routeTable:RouteTable",
        service="ec2",
        create=Op("CreateRouteTable"),
        read=(Read("DescribeRouteTables", "RouteTables[0]"),),
        delete=Op("DeleteRouteTable"),
        id="RouteTable.RouteTableId",
        key={"RouteTableId": "{id}"},
        # Routes are resources of their own here: what those add is no drift of the table.
        outputs={"arn": ec2_arn("route-table"), "routes": "`null`", "propagatingVgws": "`null`"},
        tags=ec2_tags("route-table"),
        replace=("vpcId",),
    ),
    Resource(
        token="aws:ec2/route:Route",
        service="ec2",
        create=Op("CreateRoute"),
        read=(
            Read(
                "DescribeRouteTables",
                "RouteTables[0].Routes[?DestinationCidrBlock == '{destinationCidrBlock}'"
                " || DestinationIpv6CidrBlock == '{destinationIpv6CidrBlock}'"
                " || DestinationPrefixListId == '{destinationPrefixListId}'] | [0]",
            ),
        ),
        update=(Op("ReplaceRoute", takes=(*_TARGETS, *_DESTINATIONS), whole=True),),
        delete=Op("DeleteRoute", takes=_DESTINATIONS),
        id=route_id,
        key={"RouteTableId": "{routeTableId}"},
        names=_TARGETS,
        replace=("routeTableId", *_DESTINATIONS),
        importing="{routeTableId}_{destinationCidrBlock}",
        check=_one_target,
    ),
    Resource(
        token="aws:ec2/routeTableAssociation:RouteTableAssociation",
        service="ec2",
        create=Op("AssociateRouteTable"),
        # Found by its subnet: replacing the table gives the association another id.
        read=(
            Read(
                "DescribeRouteTables",
                "RouteTables[0].Associations[?SubnetId == '{subnetId}'] | [0]",
                {"Filters": [{"Name": "association.subnet-id", "Values": ["{subnetId}"]}]},
            ),
        ),
        update=(Op("ReplaceRouteTableAssociation", {"AssociationId": "{live.RouteTableAssociationId}"}),),
        delete=Op("DisassociateRouteTable", {"AssociationId": "{live.RouteTableAssociationId}"}),
        id="AssociationId",
        replace=("subnetId", "gatewayId"),
        importing="{subnetId}/{routeTableId}",
        live_id="RouteTableAssociationId",
    ),
    Resource(
        token="aws:ec2/securityGroup:SecurityGroup",
        service="ec2",
        create=Op("CreateSecurityGroup"),
        read=(Read("DescribeSecurityGroups", "SecurityGroups[0]"),),
        update=RULES,
        delete=Op("DeleteSecurityGroup"),
        id="GroupId",
        key={"GroupId": "{id}"},
        names={"name": "GroupName"},
        outputs={"arn": ec2_arn("security-group"), "ingress": "`null`", "egress": "`null`"},
        tags=ec2_tags("security-group"),
        replace=("description", "name", "namePrefix", "vpcId"),
        computed=("egress", "ingress", "vpcId"),
        defaults={"description": "Managed by Pulumi"},
        local=("namePrefix", "revokeRulesOnDelete"),
        autoname=AutoName(),
        after_create=revoke_default_egress,
    ),
    Resource(
        token="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        service="ec2",
        create=Op("CreateSecurityGroup", takes=("vpcId",)),
        adopt=adopt_default_group,
        read=(Read("DescribeSecurityGroups", "SecurityGroups[0]"),),
        update=RULES,
        id="GroupId",
        key={"GroupId": "{id}"},
        names={"name": "GroupName"},
        outputs={"arn": ec2_arn("security-group"), "ingress": "`null`", "egress": "`null`"},
        tags=ec2_tags("security-group"),
        replace=("vpcId",),
        computed=("vpcId",),
        local=("revokeRulesOnDelete",),
    ),
    *(
        Resource(
            token=f"aws:vpc/securityGroup{way}Rule:SecurityGroup{way}Rule",
            service="ec2",
            create=Op(f"AuthorizeSecurityGroup{way}", encode=permission, consumes=RULE_PROPERTIES),
            read=(Read("DescribeSecurityGroupRules", "SecurityGroupRules[0]"),),
            update=(
                Op("ModifySecurityGroupRules", takes=(), encode=rule_update, consumes=RULE_PROPERTIES, whole=True),
            ),
            delete=Op(f"RevokeSecurityGroup{way}", takes=()),
            id="SecurityGroupRules[0].SecurityGroupRuleId",
            key={"SecurityGroupRuleId": "{id}", "GroupId": "{securityGroupId}"},
            names={"securityGroupId": "GroupId"},
            outputs={
                "arn": ec2_arn("security-group-rule"),
                "referencedSecurityGroupId": "ReferencedGroupInfo.GroupId",
                # AWS says -1 where a rule is for all ports.
                "fromPort": "FromPort != `-1` && FromPort || null",
                "toPort": "ToPort != `-1` && ToPort || null",
            },
            tags=ec2_tags("security-group-rule"),
            replace=("securityGroupId",),
            replace_if=dict.fromkeys(RULE_SOURCES, lambda old, new, _: (old is None) != (new is None)),
            check=one_source,
        )
        for way in ("Ingress", "Egress")
    ),
)
