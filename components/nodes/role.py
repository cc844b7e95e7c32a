"""The identity of nodes."""

from __future__ import annotations

import pulumi

from components.identity import ServiceRole, ServiceRoleArgs, service_trust


class NodeRole(pulumi.ComponentResource):
    """The IAM role of nodes: join the cluster and pull images, nothing else.

    Pods get rights of their own through Pod Identity, the network plugin included; they can't reach the node's.
    """

    role_arn: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:nodes:NodeRole", name, None, opts)
        role = ServiceRole(
            f"{name}-ec2",
            ServiceRoleArgs(
                description="Kubernetes nodes",
                trust=service_trust("ec2.amazonaws.com"),
                managed_policies=("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"),
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.role_arn = role.role_arn
        self.register_outputs({"role_arn": self.role_arn})
