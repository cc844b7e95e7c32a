"""What is worth saying of the resources in a component, in a few words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from recorder import Recorded

Resources = Sequence[Recorded]


def facts(resources: Iterable[Recorded]) -> list[str]:
    """A few words on each kind of resource that matters, in the order of the table below."""
    by_type: dict[str, list[Recorded]] = {}
    for resource in sorted(resources, key=lambda resource: resource.name):
        by_type.setdefault(resource.type, []).append(resource)
    return [words for type_, tell in _FACTS.items() if type_ in by_type for words in tell(by_type[type_])]


def _count(singular: str, plural: str | None = None) -> Callable[[Resources], list[str]]:
    def tell(resources: Resources) -> list[str]:
        many = plural or f"{singular}s"
        return [f"{len(resources)} {many}" if len(resources) > 1 else singular]

    return tell


def _say(tell: Callable[[Mapping[str, Any]], str]) -> Callable[[Resources], list[str]]:
    def each(resources: Resources) -> list[str]:
        return [tell(resource.inputs) for resource in resources]

    return each


def _subnets(resources: Resources) -> list[str]:
    zones = {resource.inputs["availabilityZone"] for resource in resources}
    return [f"{len(resources)} subnets in {len(zones)} zones"]


def _endpoint(inputs: Mapping[str, Any]) -> str:
    return f"endpoint of {inputs['serviceName'].rpartition('.')[2].upper()}"


def _cluster(inputs: Mapping[str, Any]) -> str:
    public = inputs["vpcConfig"].get("endpointPublicAccess")
    return f"EKS {inputs['version']}, {'public and private' if public else 'private'} endpoint"


def _node_group(inputs: Mapping[str, Any]) -> str:
    scaling = inputs["scalingConfig"]
    first, *others = inputs["instanceTypes"]
    types = f"{first} or {len(others)} more" if others else first
    spot = "spot, " if inputs.get("capacityType") == "SPOT" else ""
    return f"{spot}{types}: {scaling['minSize']} to {scaling['maxSize']} nodes, {scaling['desiredSize']} to begin with"


def _addons(resources: Resources) -> list[str]:
    return [", ".join(sorted(resource.inputs["addonName"] for resource in resources))]


def _repository(inputs: Mapping[str, Any]) -> str:
    return f"ECR repository {inputs['name'].rpartition('/')[2]}"


def _cache(inputs: Mapping[str, Any]) -> str:
    kind = f"{inputs['engine'].title()} {inputs['engineVersion']} on {inputs['nodeType']}"
    return f"{kind}{_replicas(', {} replica', inputs['numCacheClusters'] - 1)}"


def _databases(resources: Resources) -> list[str]:
    replicas = [resource for resource in resources if resource.inputs.get("replicateSourceDb")]
    words: list[str] = []
    for resource in resources:
        inputs = resource.inputs
        if not inputs.get("replicateSourceDb"):
            standby = " with a standby" if inputs.get("multiAz") else ""
            words.append(f"Postgres {inputs['engineVersion']} on {inputs['instanceClass']}{standby}")
            words.append(f"{inputs['allocatedStorage']} to {inputs['maxAllocatedStorage']} GiB")
    return [*words, _replicas("{} read replica", len(replicas))] if replicas else words


def _replicas(words: str, number: int) -> str:
    return f"{words.format(number)}{'s' if number > 1 else ''}" if number else ""


def _service(resources: Resources) -> list[str]:
    balancers = [resource for resource in resources if resource.inputs["spec"].get("type") == "LoadBalancer"]
    return ["network load balancer"] if balancers else []


def _autoscaler(inputs: Mapping[str, Any]) -> str:
    return f"{inputs['spec']['minReplicas']} to {inputs['spec']['maxReplicas']} pods"


def _ingress(inputs: Mapping[str, Any]) -> str:
    return ", ".join(f"https://{rule['host']}" for rule in inputs["spec"]["rules"])


_FACTS: Mapping[str, Callable[[Resources], list[str]]] = {
    "aws:ec2/vpc:Vpc": _say(lambda inputs: f"VPC {inputs['cidrBlock']}"),
    "aws:ec2/subnet:Subnet": _subnets,
    "aws:ec2/natGateway:NatGateway": _count("1 NAT gateway", "NAT gateways"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _say(_endpoint),
    "aws:ec2/flowLog:FlowLog": _count("flow logs"),
    "aws:kms/key:Key": _count("KMS key"),
    "aws:eks/cluster:Cluster": _say(_cluster),
    "aws:eks/accessEntry:AccessEntry": _count("1 access entry", "access entries"),
    "aws:eks/nodeGroup:NodeGroup": _say(_node_group),
    "aws:eks/addon:Addon": _addons,
    "aws:ecr/repository:Repository": _say(_repository),
    "aws:elasticache/replicationGroup:ReplicationGroup": _say(_cache),
    "aws:rds/instance:Instance": _databases,
    "aws:secretsmanager/secret:Secret": _count("secret with the connection"),
    "kubernetes:storage.k8s.io/v1:StorageClass": _say(lambda inputs: f"StorageClass {inputs['metadata']['name']}"),
    "kubernetes:helm.sh/v3:Release": _say(lambda inputs: f"chart {inputs['chart']} {inputs['version']}"),
    "kubernetes:core/v1:Service": _service,
    "kubernetes:networking.k8s.io/v1:IngressClass": _say(lambda inputs: f"class {inputs['metadata']['name']}"),
    "kubernetes:cert-manager.io/v1:ClusterIssuer": _count("ClusterIssuer"),
    "kubernetes:apps/v1:Deployment": _count("Deployment"),
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler": _say(_autoscaler),
    "kubernetes:policy/v1:PodDisruptionBudget": _count("disruption budget"),
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": _count("network policy", "network policies"),
    "kubernetes:networking.k8s.io/v1:Ingress": _say(_ingress),
}
"""Type to the words on all resources of it in one component. Others go without saying."""
