"""What the resources of a stack cost a month."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from overview.graph import outermost
from overview.prices import Price, PriceTable, UnknownPriceError
from recorder import Recorded, Recording

METRICS_OF_AN_INSTANCE = 7
"""That detailed monitoring of an EC2 instance sends to CloudWatch, each billed: https://aws.amazon.com/cloudwatch/pricing/"""

_CENT = Decimal("0.01")
_PROVIDER = "pulumi:providers:aws"
_INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"
_PUBLIC_SUBNET = "kubernetes.io/role/elb"


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of thing in one component."""

    component: str
    """The outermost component around it."""
    module: str
    """The package of that component."""
    price: Price
    quantity: Decimal
    """Pieces all month long, or GB."""
    usd: Decimal
    """A month, in whole cents."""


@dataclass(frozen=True, slots=True)
class NodeGroupCosts:
    """What a node group costs at its sizes: each node is an instance with its volumes and metrics."""

    name: str
    instance_type: str
    spot: bool
    """Counted on demand, which is the most that EKS pays for spot capacity."""
    sizes: tuple[int, int, int]
    """Minimum, desired, maximum."""
    usd: tuple[Decimal, Decimal, Decimal]
    """A month at each of them."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What a stack costs a month, each node group at the size that it begins with."""

    lines: Sequence[Line]
    node_groups: Sequence[NodeGroupCosts]
    missing: Sequence[str]
    """What the stack file asks for and the table has no price of: what it is, and what to do."""

    @property
    def usd(self) -> Decimal:
        """Of all that has a price."""
        return sum((line.usd for line in self.lines), Decimal(0))

    def at(self, size: int) -> Decimal:
        """The sum with all groups at their minimum (0), desired (1) or maximum (2) size, in USD."""
        return self.usd + sum((group.usd[size] - group.usd[1] for group in self.node_groups), Decimal(0))


Amounts = Iterator[tuple[str, Decimal]]
"""Keys of prices, and how much of each."""


def costs(recording: Recording, table: PriceTable) -> Costs:
    """Count a recorded stack.

    An instance type or a region without prices is named in ``missing``: whoever writes it into a stack file is to be
    told, not held up. Raises UnknownPriceError for a type of resource that the table does not know.
    """
    amounts: dict[tuple[str, str, str], tuple[Decimal, str]] = {}
    groups: list[NodeGroupCosts] = []
    for resource in recording.resources:
        _check_type(resource, table)
        rule = RULES.get(resource.type)
        if rule is None:
            continue
        around = outermost(recording, resource)
        for key, amount in rule(resource, recording):
            so_far, first = amounts.get((around.module, around.name, key), (Decimal(0), resource.name))
            amounts[around.module, around.name, key] = so_far + amount, first
        if resource.type == NODE_GROUP:
            groups.append(_group(resource, recording, table))
    lines: list[Line] = []
    missing = [_other_region(region, table) for region in _regions(recording) if region != table.region]
    for (module, component, key), (quantity, name) in sorted(amounts.items()):
        price = table.prices.get(key)
        if price is None:
            missing.append(f"{name}: there is no price of `{key}`; look it up, and add it to overview/prices.yaml")
        elif quantity:
            lines.append(Line(component, module, price, quantity, _month(table, price, quantity)))
    return Costs(lines, sorted(groups, key=lambda group: group.name), missing)


def _regions(recording: Recording) -> Iterator[str]:
    return (resource.inputs["region"] for resource in recording.of_type(_PROVIDER))


def _other_region(region: str, table: PriceTable) -> str:
    return (
        f"the stack is in {region}, and the prices are those of {table.region}; "
        "replace them by its own in overview/prices.yaml"
    )


def _check_type(resource: Recorded, table: PriceTable) -> None:
    type_ = resource.type
    if type_.startswith("aws:") and type_ not in {*RULES, *table.free, *table.used}:
        raise UnknownPriceError(
            f"{resource.name} ({type_}): nobody knows what it costs; give the type a rule in overview/costs.py, or "
            "name it in overview/prices.yaml: in `free` with why, in `used` with what is used of it"
        )


def _month(table: PriceTable, price: Price, quantity: Decimal) -> Decimal:
    return (table.month(price) * quantity).quantize(_CENT, ROUND_HALF_UP)


def _nodes(group: Recorded, recording: Recording) -> Amounts:
    size = group.inputs["scalingConfig"]["desiredSize"]
    for key, amount in _node(group, recording):
        yield key, amount * size


def _node(group: Recorded, recording: Recording) -> Amounts:
    """One node of a group, of the type that EKS takes first."""
    yield f"ec2 {group.inputs['instanceTypes'][0]}", Decimal(1)
    templates = [other for other in recording.resources if other.urn in group.depends_on and other.type == TEMPLATE]
    if not templates:
        raise ValueError(f"{group.name} has no launch template, so its volumes can't be counted")
    for template in templates:
        for mapping in template.inputs.get("blockDeviceMappings", ()):
            yield mapping["ebs"]["volumeType"], Decimal(mapping["ebs"]["volumeSize"])
        if _section(template.inputs, "monitoring").get("enabled"):
            yield "metric", Decimal(METRICS_OF_AN_INSTANCE)


def _group(group: Recorded, recording: Recording, table: PriceTable) -> NodeGroupCosts:
    scaling = group.inputs["scalingConfig"]
    sizes = scaling["minSize"], scaling["desiredSize"], scaling["maxSize"]
    node = list(_node(group, recording))

    def at(size: int) -> Decimal:
        # Line by line as in the sum, so that both have the same cents.
        months = (_month(table, table.prices[key], amount * size) for key, amount in node if key in table.prices)
        return sum(months, Decimal(0))

    return NodeGroupCosts(
        name=outermost(recording, group).name,
        instance_type=group.inputs["instanceTypes"][0],
        spot=group.inputs.get("capacityType") == "SPOT",
        sizes=sizes,
        usd=(at(sizes[0]), at(sizes[1]), at(sizes[2])),
    )


def _instance(instance: Recorded, recording: Recording) -> Amounts:
    """A standby is a second instance with a copy of the storage; a replica has as much storage as its source."""
    source: Mapping[str, Any] = instance.inputs
    if source.get("replicateSourceDb"):
        source = next(
            other.inputs
            for other in recording.resources
            if other.urn in instance.depends_on and other.type == instance.type
        )
    copies = Decimal(2 if instance.inputs.get("multiAz") else 1)
    yield f"rds {source['engine']} {instance.inputs['instanceClass']}", copies
    yield f"rds-{instance.inputs['storageType']}", copies * Decimal(source["allocatedStorage"])


def _cache(group: Recorded, _: Recording) -> Amounts:
    yield f"elasticache {group.inputs['engine']} {group.inputs['nodeType']}", Decimal(group.inputs["numCacheClusters"])


def _endpoint(endpoint: Recorded, _: Recording) -> Amounts:
    """Those of S3 and DynamoDB are routes, and free; others are addresses in each subnet."""
    if endpoint.inputs.get("vpcEndpointType", "Gateway") != "Gateway":
        yield "vpc-endpoint", Decimal(len(endpoint.inputs["subnetIds"]))


def _service(service: Recorded, recording: Recording) -> Amounts:
    """One of type LoadBalancer is a network load balancer; in the internet it has an address in each public subnet."""
    if _section(service.inputs, "spec").get("type") != "LoadBalancer":
        return
    yield "load-balancer", Decimal(1)
    annotations = _section(_section(service.inputs, "metadata"), "annotations")
    if annotations.get(_INTERNAL) != "true":
        subnets = recording.of_type("aws:ec2/subnet:Subnet")
        yield "public-address", Decimal(sum(_PUBLIC_SUBNET in _section(subnet.inputs, "tags") for subnet in subnets))


def _section(inputs: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return inputs.get(key) or {}


def _one(key: str) -> Callable[[Recorded, Recording], Amounts]:
    def rule(_: Recorded, __: Recording) -> Amounts:
        yield key, Decimal(1)

    return rule


NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"

RULES: Mapping[str, Callable[[Recorded, Recording], Amounts]] = {
    "aws:eks/cluster:Cluster": _one("eks-cluster"),
    NODE_GROUP: _nodes,
    "aws:ec2/eip:Eip": _one("public-address"),
    "aws:ec2/natGateway:NatGateway": _one("nat-gateway"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:elasticache/replicationGroup:ReplicationGroup": _cache,
    "aws:kms/key:Key": _one("kms-key"),
    "aws:rds/instance:Instance": _instance,
    "aws:secretsmanager/secret:Secret": _one("secret"),
    "kubernetes:core/v1:Service": _service,
}
"""How much of what a resource of a type takes. Other objects in Kubernetes run on the nodes."""
