"""The providers: the only two there are, each made explicitly."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from components.cluster import Cluster
from components.removal import RemovalPolicy
from stacks.settings.foundation import AwsSettings


def default_tags(settings: AwsSettings, *, project: str, stack: str) -> dict[str, str]:
    """Tags of every AWS resource: whose it is can be seen from its account."""
    return {**settings.tags, "project": project, "stack": stack}


def aws_provider(settings: AwsSettings, tags: dict[str, str], removal_policy: RemovalPolicy) -> aws.Provider:
    """The AWS account and region of the stack. Its resources also say whether their data may go."""
    return aws.Provider(
        "aws",
        region=settings.region,
        allowed_account_ids=list(settings.allowed_account_ids) or None,
        default_tags=aws.ProviderDefaultTagsArgs(tags={**tags, "removal-policy": removal_policy}),
    )


def kubernetes_provider(cluster: Cluster, *, after: Sequence[pulumi.Resource]) -> kubernetes.Provider:
    """The cluster of the stack, once it can run something.

    ``after`` names nodes, access and add-ons. The order holds backwards too: what is in the cluster goes while there
    are still nodes to run its finalizers and load balancers' controllers, and rights to delete it.
    """
    return kubernetes.Provider(
        "kubernetes",
        kubeconfig=cluster.kubeconfig,
        # Without it the provider guesses from the kubeconfig whether this is still the same cluster, and a wrong guess
        # replaces every object in it.
        cluster_identifier=cluster.identifier,
        # What somebody changed with kubectl is set back. A field that any other manager owns is a conflict, which ends
        # the update with that manager's name: whether it or the code is right is not for the provider to decide.
        enable_server_side_apply=True,
        # Changed in place: the provider would otherwise delete and recreate them under running pods (ADR 22).
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        opts=pulumi.ResourceOptions(depends_on=list(after)),
    )
