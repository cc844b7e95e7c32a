"""A cluster and objects in it, with names of their own and without."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

EACH = 8

account = aws.Provider("aws", region="eu-central-1")
opts = pulumi.ResourceOptions(provider=account)
allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "eks.amazonaws.com"}}
trust = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=opts)
subnets = [
    aws.ec2.Subnet(
        f"subnet-{zone}",
        vpc_id=vpc.id,
        cidr_block=f"10.0.{index}.0/24",
        availability_zone=f"eu-central-1{zone}",
        opts=opts,
    )
    for index, zone in enumerate("ab")
]
cluster = aws.eks.Cluster(
    "cluster",
    role_arn=aws.iam.Role("role", assume_role_policy=trust, opts=opts).arn,
    vpc_config={"subnet_ids": [subnet.id for subnet in subnets]},
    access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": True},
    opts=opts,
)
server = {"server": cluster.endpoint, "certificate-authority-data": cluster.certificate_authority.data}
token = ["--region", "eu-central-1", "eks", "get-token", "--output", "json", "--cluster-name", cluster.name]
login = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "interactiveMode": "Never"}
kubeconfig = pulumi.Output.json_dumps(
    {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "it", "cluster": server}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "current-context": "it",
        "users": [{"name": "it", "user": {"exec": {**login, "args": token}}}],
    }
)
inside = pulumi.ResourceOptions(provider=kubernetes.Provider("kubernetes", kubeconfig=kubeconfig))
namespace = kubernetes.core.v1.Namespace("space", opts=inside).metadata["name"]
labels = {"test": "interrupted"}
for index in range(EACH):
    meta = {"namespace": namespace, "labels": labels}
    kubernetes.core.v1.ConfigMap(f"map-{index}", metadata=meta, data={"a": "b"}, opts=inside)
    named = {**meta, "name": f"secret-{index}"}
    kubernetes.core.v1.Secret(f"secret-{index}", metadata=named, string_data={"word": f"canary-{index}"}, opts=inside)
    kubernetes.core.v1.ServiceAccount(f"account-{index}", metadata=meta, opts=inside)
    kubernetes.apps.v1.Deployment(
        f"deployment-{index}",
        metadata=meta,
        spec={
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}},
        },
        opts=inside,
    )
pulumi.export("kubeconfig", pulumi.Output.secret(kubeconfig))
