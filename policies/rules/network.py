"""The network: who may come in, and what is seen of it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any, Final

from policies.checks import must
from policies.controls import cis_aws, cis_eks, guide, security_hub
from policies.model import Resource, Rule, Settings, StackRule
from policies.reading import UNKNOWN, at, dotted, elements, is_on, shown, texts

ENTRANCE_TAG: Final = "entrance"
"""AWS tag of the security group, its rule or the load balancer that lets the internet in: ``true``."""

_SECURITY_GROUP: Final = "aws:ec2/securityGroup:SecurityGroup"
_INGRESS_RULE: Final = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_OLD_RULE: Final = "aws:ec2/securityGroupRule:SecurityGroupRule"
_VPC: Final = "aws:ec2/vpc:Vpc"
_FLOW_LOG: Final = "aws:ec2/flowLog:FlowLog"
_LAUNCH_TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
_INSTANCE: Final = "aws:ec2/instance:Instance"
_ENTRANCE_PORTS: Final = frozenset({80, 443})


def _open_ingress(resource: Resource, _: Settings) -> Iterator[str]:
    for what, rule in _ingress(resource):
        sources = [
            *texts(at(rule, "cidrBlocks")),
            *texts(at(rule, "ipv6CidrBlocks")),
            *texts(at(rule, "cidrIpv4")),
            *texts(at(rule, "cidrIpv6")),
        ]
        open_to = sorted(source for source in sources if is_everybody(source))
        first, last = at(rule, "fromPort"), at(rule, "toPort")
        one_port = UNKNOWN in (first, last) or (first == last and first in _ENTRANCE_PORTS)
        if open_to and not (_is_entrance(resource) and one_port):
            yield f"{what} lets {', '.join(open_to)} in on ports {shown(first)} to {shown(last)}"


def _is_entrance(resource: Resource) -> bool:
    """Whether it says so itself, or may: a tag that the provider gives to everything names no entrance."""
    return resource.get("tags", ENTRANCE_TAG) in ("true", UNKNOWN)


def is_everybody(source: str) -> bool:
    """Whether a network is so large that it is nobody's own: beyond a /8, or in IPv6 beyond a /16."""
    try:
        network = ip_network(source, strict=False)
    except ValueError:
        return False
    return network.prefixlen < (8 if network.version == 4 else 16)


def _ingress(resource: Resource) -> Iterator[tuple[str, Any]]:
    if resource.type == _SECURITY_GROUP:
        for index, rule in enumerate(elements(resource.get("ingress"))):
            yield dotted("ingress", index), rule
    elif resource.type == _INGRESS_RULE or resource.get("type") == "ingress":
        yield "the rule", dict(resource.properties)


def _default_group(resource: Resource, _: Settings) -> Iterator[str]:
    for direction in ("ingress", "egress"):
        if elements(resource.get(direction)):
            yield f"{direction} of the VPC's default security group has rules"


def _node_metadata_hops(resource: Resource, _: Settings) -> Iterator[str]:
    hops = resource.get("metadataOptions", "httpPutResponseHopLimit")
    # Where nothing is said, AWS takes the AMI's or the account's default, which is 2 for the AMIs of EKS.
    if hops is not UNKNOWN and hops != 1:
        yield f"metadataOptions.httpPutResponseHopLimit is {shown(hops)}"


def _without_flow_log(resources: list[Resource], _: Settings) -> Iterator[tuple[Resource, str]]:
    logs = [one for one in resources if one.type == _FLOW_LOG and one.get("trafficType") in ("ALL", UNKNOWN)]
    logged = {urn for log in logs for urn in log.refers_to.get("vpcId", ())}
    for vpc in resources:
        if vpc.type == _VPC and vpc.urn not in logged:
            yield vpc, "no flow log records all that goes through this VPC"


def _encrypted_volumes(resource: Resource, _: Settings) -> Iterator[str]:
    if resource.type == _INSTANCE:
        volumes = [("rootBlockDevice", resource.get("rootBlockDevice"))]
        volumes += [
            (dotted("ebsBlockDevices", index), one)
            for index, one in enumerate(elements(resource.get("ebsBlockDevices")))
        ]
    else:
        volumes = [
            (dotted("blockDeviceMappings", index, "ebs"), at(one, "ebs"))
            for index, one in enumerate(elements(resource.get("blockDeviceMappings")))
            if at(one, "ebs") is not None
        ]
        if resource.get("blockDeviceMappings") in (None, []):
            yield "blockDeviceMappings is not set, and the disks are as the AMI has them"
    for path, volume in volumes:
        if not is_on(at(volume, "encrypted")):
            yield f"{path}.encrypted is {shown(at(volume, 'encrypted'))}"


def _public_address(resource: Resource, _: Settings) -> Iterator[str]:
    paths = [("associatePublicIpAddress", resource.get("associatePublicIpAddress"))]
    paths += [
        (dotted("networkInterfaces", index, "associatePublicIpAddress"), at(one, "associatePublicIpAddress"))
        for index, one in enumerate(elements(resource.get("networkInterfaces")))
    ]
    for path, value in paths:
        if value is not UNKNOWN and is_on(value):
            yield f"{path} is true"


def _internal_or_entrance(resource: Resource, _: Settings) -> Iterator[str]:
    if not _is_entrance(resource) and not is_on(resource.get("internal")):
        yield f"internal is {shown(resource.get('internal'))}"


RULES: Final = (
    Rule(
        name="ec2-closed-to-the-internet",
        types=frozenset({_SECURITY_GROUP, _INGRESS_RULE, _OLD_RULE}),
        check=_open_ingress,
        controls=(cis_aws("5.3"), cis_aws("5.4"), security_hub("EC2.18"), security_hub("EC2.19")),
        reason="What everybody can reach, everybody attacks.",
        fix=f"name the networks that may come in; the entrance itself (80 and 443) has the tag {ENTRANCE_TAG}=true.",
    ),
    Rule(
        name="ec2-default-group-closed",
        types=frozenset({"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"}),
        check=_default_group,
        controls=(cis_aws("5.5"), security_hub("EC2.2")),
        reason="Whatever is made without a security group lands in this one, and would reach its neighbours.",
        fix="leave its ingress and egress empty, and give things groups of their own.",
    ),
    Rule(
        name="ec2-subnet-no-public-addresses",
        types=frozenset({"aws:ec2/subnet:Subnet"}),
        check=must("mapPublicIpOnLaunch", be=False),
        controls=(
            cis_eks("5.4.3"),
            guide("Protecting the infrastructure (hosts)", "Deploy workers onto private subnets"),
            security_hub("EC2.15"),
        ),
        reason="Each machine launched there would have a public address.",
        fix="set mapPublicIpOnLaunch to false: NAT gateways and load balancers bring their own addresses.",
    ),
    StackRule(
        name="vpc-flow-logs",
        check=_without_flow_log,
        controls=(cis_aws("3.7"), guide("Network security", "Log network traffic metadata"), security_hub("EC2.6")),
        reason="After an incident nobody could say who had spoken to whom.",
        fix="make an aws.ec2.FlowLog with vpc_id of this VPC and traffic_type ALL.",
    ),
    Rule(
        name="ec2-imdsv2",
        types=frozenset({_LAUNCH_TEMPLATE, _INSTANCE}),
        check=must("metadataOptions", "httpTokens", be="required"),
        controls=(cis_aws("5.7"), security_hub("EC2.8"), security_hub("EC2.170")),
        reason="Version 1 of the metadata service gives a node's credentials to whoever can make it fetch an address.",
        fix='set metadataOptions.httpTokens to "required".',
    ),
    Rule(
        name="ec2-metadata-one-hop",
        types=frozenset({_LAUNCH_TEMPLATE}),
        check=_node_metadata_hops,
        controls=(
            guide(
                "Identity and Access Management", "Restrict access to the instance profile assigned to the worker node"
            ),
        ),
        reason="With more than one hop every pod can take the node's credentials.",
        fix="set metadataOptions.httpPutResponseHopLimit to 1, and give pods their own roles by Pod Identity.",
    ),
    Rule(
        name="ec2-no-public-addresses",
        types=frozenset({_LAUNCH_TEMPLATE, _INSTANCE}),
        check=_public_address,
        controls=(cis_eks("5.4.3"), security_hub("EC2.9"), security_hub("EC2.25")),
        reason="What has a public address is one wrong security group away from everybody.",
        fix="leave associatePublicIpAddress out: NAT gateways and load balancers bring their own addresses.",
    ),
    Rule(
        name="lb-entrance-named",
        types=frozenset({"aws:alb/loadBalancer:LoadBalancer", "aws:lb/loadBalancer:LoadBalancer"}),
        check=_internal_or_entrance,
        controls=(guide("Network security", "Ingress Controllers and Load Balancers"),),
        reason="A second way in is one that nobody watches.",
        fix=f"set internal to true; the entrance itself has the tag {ENTRANCE_TAG}=true.",
    ),
    Rule(
        name="ec2-volumes-encrypted",
        types=frozenset({_LAUNCH_TEMPLATE, _INSTANCE}),
        check=_encrypted_volumes,
        controls=(
            cis_aws("5.1.1"),
            guide("Data encryption and secrets management", "Encrypt data at rest"),
            security_hub("EC2.181"),
        ),
        reason="Nodes' disks hold images, logs and what pods write to emptyDir.",
        fix="set ebs.encrypted of each block device to true.",
    ),
)
