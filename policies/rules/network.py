"""The network: who may come in, and what is seen of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.checks import must
from policies.controls import cis_aws, cis_eks, guide, security_hub
from policies.model import Resource, Rule, Settings, StackRule
from policies.reading import UNKNOWN, at, dotted, elements, is_on, shown, texts

ENTRANCE_TAG: Final = "entrance"
"""AWS tag of the security group, or of its rule, that lets the internet in: ``true``."""

_SECURITY_GROUP: Final = "aws:ec2/securityGroup:SecurityGroup"
_INGRESS_RULE: Final = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_OLD_RULE: Final = "aws:ec2/securityGroupRule:SecurityGroupRule"
_VPC: Final = "aws:ec2/vpc:Vpc"
_FLOW_LOG: Final = "aws:ec2/flowLog:FlowLog"
_LAUNCH_TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
_INSTANCE: Final = "aws:ec2/instance:Instance"
_EVERYBODY: Final = frozenset({"0.0.0.0/0", "::/0"})
_ENTRANCE_PORTS: Final = frozenset({80, 443})


def _open_ingress(resource: Resource, _: Settings) -> Iterator[str]:
    for what, rule in _ingress(resource):
        sources = {
            *texts(at(rule, "cidrBlocks")),
            *texts(at(rule, "ipv6CidrBlocks")),
            *texts(at(rule, "cidrIpv4")),
            *texts(at(rule, "cidrIpv6")),
        }
        open_to = sorted(sources & _EVERYBODY)
        ports = {at(rule, "fromPort"), at(rule, "toPort")}
        entrance = resource.tags.get(ENTRANCE_TAG) == "true" and ports <= _ENTRANCE_PORTS
        if open_to and not entrance:
            first, last = shown(at(rule, "fromPort")), shown(at(rule, "toPort"))
            yield f"{what} lets {', '.join(open_to)} in on ports {first} to {last}"


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
    logs = [one for one in resources if one.type == _FLOW_LOG]
    logged = {urn for log in logs for urn in log.refers_to.get("vpcId", ())}
    for vpc in resources:
        if vpc.type == _VPC and vpc.urn not in logged:
            yield vpc, "no flow log records what goes through this VPC"


def _encrypted_volumes(resource: Resource, _: Settings) -> Iterator[str]:
    for index, mapped in enumerate(elements(resource.get("blockDeviceMappings"))):
        encrypted = at(mapped, "ebs", "encrypted")
        if at(mapped, "ebs") is not None and not is_on(encrypted):
            yield f"{dotted('blockDeviceMappings', index, 'ebs', 'encrypted')} is {shown(encrypted)}"


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
        name="ec2-volumes-encrypted",
        types=frozenset({_LAUNCH_TEMPLATE}),
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
