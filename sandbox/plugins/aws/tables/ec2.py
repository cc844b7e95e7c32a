"""EC2: addresses, gateways, endpoints, flow logs, launch templates."""

from __future__ import annotations

from typing import Any

from sandbox.plugins.aws.context import Context
from sandbox.plugins.aws.table import AutoName, Op, Read, Resource, Tags, Text, Wait, words


def ec2_tags(kind: str | None) -> Tags:
    """How EC2 tags a resource of ``kind``."""
    return Tags(add="CreateTags", remove="DeleteTags", on="{id}", kind=kind, at_create=kind is not None)


def ec2_arn(kind: str) -> Text:
    """EC2's ARNs are made of ids; its descriptions rarely have them."""
    return Text(f"arn:{{partition}}:ec2:{{region}}:{{account}}:{kind}/{{id}}")


def _public_dns(live: dict[str, Any]) -> str | None:
    address = live.get("PublicIp")
    return f"ec2-{address.replace('.', '-')}.compute.amazonaws.com" if address else None


def _flow_log_source(values: dict[str, Any]) -> dict[str, Any]:
    kinds = {
        "vpcId": "VPC",
        "subnetId": "Subnet",
        "eniId": "NetworkInterface",
        "transitGatewayId": "TransitGateway",
        "transitGatewayAttachmentId": "TransitGatewayAttachment",
    }
    name, value = next(iter(values.items()))
    return {"ResourceIds": [value], "ResourceType": kinds[name]}


def _leave_route_tables(context: Context) -> None:
    """moto adds no route to tables that join an endpoint later, and then fails to find it when the endpoint goes."""
    if tables := context.live.get("RouteTableIds"):
        context.aws("ModifyVpcEndpoint", {"VpcEndpointId": context.id, "RemoveRouteTableIds": tables})


def _newest_is_default(context: Context) -> None:
    """``updateDefaultVersion`` makes each new version the default one."""
    if context.props.get("updateDefaultVersion"):
        version = str(context.live["LatestVersionNumber"])
        context.aws("ModifyLaunchTemplate", {"LaunchTemplateId": context.id, "DefaultVersion": version})


RESOURCES = (
    Resource(
        token="aws:ec2/eip:Eip",
        service="ec2",
        create=Op("AllocateAddress"),
        read=(Read("DescribeAddresses", "Addresses[0]"),),
        delete=Op("ReleaseAddress"),
        id="AllocationId",
        key={"AllocationId": "{id}"},
        names={"customerOwnedIpv4Pool": "CustomerOwnedIpv4Pool", "privateIp": "PrivateIpAddress"},
        outputs={
            "arn": ec2_arn("elastic-ip"),
            "publicDns": _public_dns,
            "instance": "InstanceId",
            "networkInterface": "NetworkInterfaceId",
        },
        tags=ec2_tags("elastic-ip"),
        replace=("address", "domain", "ipamPoolId", "networkBorderGroup", "publicIpv4Pool"),
        computed=("domain", "networkBorderGroup", "publicIpv4Pool", "instance", "networkInterface"),
    ),
    Resource(
        token="aws:ec2/natGateway:NatGateway",
        service="ec2",
        create=Op("CreateNatGateway", names={"privateIp": "PrivateIpAddress"}),
        read=(Read("DescribeNatGateways", "NatGateways[0]"),),
        delete=Op("DeleteNatGateway"),
        id="NatGateway.NatGatewayId",
        key={"NatGatewayId": "{id}"},
        outputs={
            name: f"NatGatewayAddresses[0].{member}"
            for name, member in {
                "allocationId": "AllocationId",
                "associationId": "AssociationId",
                "networkInterfaceId": "NetworkInterfaceId",
                "privateIp": "PrivateIp",
                "publicIp": "PublicIp",
            }.items()
        },
        tags=ec2_tags("natgateway"),
        replace=("allocationId", "connectivityType", "privateIp", "subnetId", "vpcId", "availabilityMode"),
        replace_if={
            "secondaryPrivateIpAddressCount": lambda _old, _new, state: state.get("connectivityType") == "private"
        },
        computed=("availabilityMode", "privateIp", "secondaryPrivateIpAddressCount", "vpcId"),
        defaults={"connectivityType": "public"},
        wait=Wait("State", ("available",), ("failed",), why="FailureMessage", timeout=600),
        gone=("State", ("deleted",)),
    ),
    Resource(
        token="aws:ec2/vpcEndpoint:VpcEndpoint",
        service="ec2",
        create=Op("CreateVpcEndpoint", names={"policy": "PolicyDocument"}),
        read=(
            Read("DescribeVpcEndpoints", "VpcEndpoints[0]"),
            Read(
                "DescribePrefixLists",
                "PrefixLists[0]",
                {"Filters": [{"Name": "prefix-list-name", "Values": ["{live.ServiceName}"]}]},
                into="PrefixList",
            ),
        ),
        update=(
            Op(
                "ModifyVpcEndpoint",
                names={"policy": "PolicyDocument"},
                deltas={
                    "routeTableIds": ("AddRouteTableIds", "RemoveRouteTableIds"),
                    "subnetIds": ("AddSubnetIds", "RemoveSubnetIds"),
                    "securityGroupIds": ("AddSecurityGroupIds", "RemoveSecurityGroupIds"),
                },
            ),
        ),
        before_delete=_leave_route_tables,
        delete=Op("DeleteVpcEndpoints"),
        id="VpcEndpoint.VpcEndpointId",
        key={"VpcEndpointId": "{id}"},
        outputs={
            "arn": ec2_arn("vpc-endpoint"),
            "policy": "PolicyDocument",
            "securityGroupIds": "Groups[].GroupId",
            "prefixListId": "PrefixList.PrefixListId",
            "cidrBlocks": "PrefixList.Cidrs",
        },
        tags=ec2_tags("vpc-endpoint"),
        replace=words(
            "dnsOptions.privateDnsPreference dnsOptions.privateDnsSpecifiedDomains resourceConfigurationArn "
            "serviceName serviceNetworkArn serviceRegion vpcEndpointType vpcId"
        ),
        replace_if={"privateDnsEnabled": lambda _old, _new, state: state.get("vpcEndpointType") != "Interface"},
        computed=words(
            "dnsOptions ipAddressType policy privateDnsEnabled routeTableIds securityGroupIds serviceRegion "
            "subnetConfigurations subnetIds"
        ),
        defaults={"vpcEndpointType": "Gateway"},
        json=("policy",),
        wait=Wait("State", ("available", "Available", "pendingAcceptance"), ("failed", "rejected"), timeout=600),
        gone=("State", ("deleted", "Deleted")),
    ),
    Resource(
        token="aws:ec2/flowLog:FlowLog",
        service="ec2",
        create=Op(
            "CreateFlowLogs",
            names={"iamRoleArn": "DeliverLogsPermissionArn"},
            encode=_flow_log_source,
            consumes=("vpcId", "subnetId", "eniId", "transitGatewayId", "transitGatewayAttachmentId"),
        ),
        read=(Read("DescribeFlowLogs", "FlowLogs[0]"),),
        delete=Op("DeleteFlowLogs"),
        id="FlowLogIds[0]",
        key={"FlowLogId": "{id}"},
        names={"iamRoleArn": "DeliverLogsPermissionArn"},
        outputs={
            "arn": ec2_arn("vpc-flow-log"),
            "vpcId": "starts_with(ResourceId, 'vpc-') && ResourceId || null",
            "subnetId": "starts_with(ResourceId, 'subnet-') && ResourceId || null",
            "eniId": "starts_with(ResourceId, 'eni-') && ResourceId || null",
        },
        tags=ec2_tags("vpc-flow-log"),
        replace=words(
            "deliverCrossAccountRole destinationOptions eniId iamRoleArn logDestination logDestinationType "
            "logFormat maxAggregationInterval subnetId tagFieldSpecifications trafficType "
            "transitGatewayAttachmentId transitGatewayId vpcId"
        ),
        computed=("logFormat", "logDestination"),
        defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
    ),
    Resource(
        token="aws:ec2/launchTemplate:LaunchTemplate",
        service="ec2",
        create=Op("CreateLaunchTemplate"),
        read=(
            Read("DescribeLaunchTemplates", "LaunchTemplates[0]"),
            Read(
                "DescribeLaunchTemplateVersions",
                "LaunchTemplateVersions[0].merge({VersionDescription: VersionDescription}, LaunchTemplateData)",
                {"Versions": ["$Latest"]},
            ),
            Read("DescribeTags", "Tags", {"Filters": [{"Name": "resource-id", "Values": ["{id}"]}]}, into="Tags"),
        ),
        update=(
            Op("CreateLaunchTemplateVersion", whole=True, after=_newest_is_default),
            Op("ModifyLaunchTemplate", takes=("defaultVersion",)),
        ),
        delete=Op("DeleteLaunchTemplate"),
        id="LaunchTemplate.LaunchTemplateId",
        key={"LaunchTemplateId": "{id}"},
        nest="LaunchTemplateData",
        names={
            "name": "LaunchTemplateName",
            "description": "VersionDescription",
            "vpcSecurityGroupIds": "SecurityGroupIds",
            "securityGroupNames": "SecurityGroups",
            "latestVersion": "LatestVersionNumber",
            "networkInterfaces.securityGroups": "Groups",
        },
        outputs={
            "arn": ec2_arn("launch-template"),
            "defaultVersion": "DefaultVersionNumber",
            # moto keeps the template's own tags among those of its instances.
            "tagSpecifications": "TagSpecifications[?ResourceType != 'launch-template']",
        },
        tags=ec2_tags("launch-template"),
        replace=("name", "namePrefix"),
        computed=("defaultVersion", "instanceRequirements"),
        recomputed=("latestVersion", "defaultVersion"),
        local=("namePrefix", "updateDefaultVersion"),
        autoname=AutoName(),
        ordered=("blockDeviceMappings", "networkInterfaces"),
    ),
)
