"""The load balancers that Kubernetes objects ask for, as AWS sees them: real entries in moto's ELBv2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.cloud import moto_state
from sandbox.cloud.eks.state import Cluster, Clusters
from sandbox.cloud.journal import Journal
from sandbox.cloud.operations import Record


class LoadBalancers:
    """The load balancers of all clusters. One that is left when its cluster goes stays, as on AWS."""

    def __init__(self, clusters: Clusters, journal: Journal) -> None:
        self._clusters = clusters
        self._journal = journal
        journal.register("load balancer", self._made)
        journal.register("load balancer gone", self._gone)

    def of(self, cluster: Cluster) -> ClusterBalancers:
        return ClusterBalancers(cluster, self._journal)

    def _made(self, told: Record) -> None:
        cluster = self._clusters.find(told["region"], told["cluster"])
        if cluster is None:
            raise LookupError(f"there is no cluster {told['cluster']} in {told['region']}")
        name, application = str(told["name"]), bool(told["application"])
        kind = "ingress.k8s.aws/stack" if application else "service.k8s.aws/stack"
        made = moto_state.backend("elbv2", cluster.region).create_load_balancer(
            name=name,
            security_groups=[],
            subnet_ids=_subnets(cluster, internal=told["internal"]),
            subnet_mappings=[],
            scheme="internal" if told["internal"] else "internet-facing",
            loadbalancer_type="application" if application else "network",
            tags=[
                {"Key": f"kubernetes.io/cluster/{cluster.name}", "Value": "owned"},
                {"Key": kind, "Value": told["owner"]},
            ],
        )
        if not application:
            # moto names them all as application load balancers are named.
            digest = str(made.arn).rpartition("/")[2]
            made.dns_name = f"{name}-{digest}.elb.{cluster.region}.amazonaws.com"

    def _gone(self, told: Record) -> None:
        moto_state.backend("elbv2", told["region"]).delete_load_balancer(told["arn"])


@dataclass(frozen=True)
class ClusterBalancers:
    """The load balancers of one cluster."""

    cluster: Cluster
    journal: Journal

    def ensure(self, name: str, owner: str, *, internal: bool, application: bool = False) -> str:
        """The DNS name of load balancer ``name``, which is made when it is not there."""
        with self.journal.lock:
            if self._find(name) is None:
                asked = {"name": name, "owner": owner, "internal": internal, "application": application}
                place = {"region": self.cluster.region, "cluster": self.cluster.name}
                self.journal.perform("load balancer", {**place, **asked})
            return str(self._find(name).dns_name)

    def delete(self, name: str) -> None:
        with self.journal.lock:
            found = self._find(name)
            if found is not None:
                self.journal.perform("load balancer gone", {"region": self.cluster.region, "arn": str(found.arn)})

    def _find(self, name: str) -> Any:
        balancers: Any = moto_state.backend("elbv2", self.cluster.region).load_balancers
        return next((each for each in list(balancers.values()) if each.name == name), None)


def _subnets(cluster: Cluster, *, internal: bool) -> list[str]:
    """One subnet for each zone of the VPC: those with the role's tag, else those that fit by reachability."""
    vpc = cluster.record["resourcesVpcConfig"]["vpcId"]
    ec2: Any = moto_state.backend("ec2", cluster.region)
    role = "kubernetes.io/role/internal-elb" if internal else "kubernetes.io/role/elb"
    subnets: list[Any] = [subnet for zones in ec2.subnets.values() for subnet in zones.values() if subnet.vpc_id == vpc]
    tagged = [each for each in subnets if any(tag["key"] == role for tag in each.get_tags())]
    public = [each for each in subnets if str(each.map_public_ip_on_launch).lower() == "true"]
    private = [each for each in subnets if each not in public]
    chosen = tagged or (private if internal else public) or subnets
    return list({each.availability_zone: str(each.id) for each in reversed(chosen)}.values())
