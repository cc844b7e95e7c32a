"""The load balancers that Kubernetes objects ask for, as AWS sees them: real entries in moto's ELBv2."""

from __future__ import annotations

from typing import Any

from sandbox.cloud import moto_state
from sandbox.cloud.eks.state import Cluster


class LoadBalancers:
    """The load balancers of a cluster. One that is left when the cluster goes stays, as on AWS."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._elb: Any = moto_state.backend("elbv2", cluster.region)

    def ensure(self, name: str, owner: str, *, internal: bool, application: bool = False) -> str:
        """The DNS name of load balancer ``name``, which is made when it is not there."""
        found = self._find(name)
        if found is None:
            kind = "ingress.k8s.aws/stack" if application else "service.k8s.aws/stack"
            found = self._elb.create_load_balancer(
                name=name,
                security_groups=[],
                subnet_ids=self._subnets(internal=internal),
                subnet_mappings=[],
                scheme="internal" if internal else "internet-facing",
                loadbalancer_type="application" if application else "network",
                tags=[
                    {"Key": f"kubernetes.io/cluster/{self._cluster.name}", "Value": "owned"},
                    {"Key": kind, "Value": owner},
                ],
            )
            if not application:
                # moto names them all as application load balancers are named.
                digest = str(found.arn).rpartition("/")[2]
                found.dns_name = f"{name}-{digest}.elb.{self._cluster.region}.amazonaws.com"
        return str(found.dns_name)

    def delete(self, name: str) -> None:
        found = self._find(name)
        if found is not None:
            self._elb.delete_load_balancer(found.arn)

    def _find(self, name: str) -> Any:
        return next((each for each in list(self._elb.load_balancers.values()) if each.name == name), None)

    def _subnets(self, *, internal: bool) -> list[str]:
        """One subnet for each zone of the VPC: those with the role's tag, else those that fit by reachability."""
        vpc = self._cluster.record["resourcesVpcConfig"]["vpcId"]
        ec2: Any = moto_state.backend("ec2", self._cluster.region)
        role = "kubernetes.io/role/internal-elb" if internal else "kubernetes.io/role/elb"
        subnets: list[Any] = [
            subnet for zones in ec2.subnets.values() for subnet in zones.values() if subnet.vpc_id == vpc
        ]
        tagged = [each for each in subnets if any(tag["key"] == role for tag in each.get_tags())]
        public = [each for each in subnets if str(each.map_public_ip_on_launch).lower() == "true"]
        private = [each for each in subnets if each not in public]
        chosen = tagged or (private if internal else public) or subnets
        return list({each.availability_zone: str(each.id) for each in reversed(chosen)}.values())
