"""Some of everything that a sandbox keeps: in AWS, in the cloud's own EKS, and in Kubernetes."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

REPLICAS = 1

account = aws.Provider("aws", region="eu-central-1", default_tags={"tags": {"Test": "lasts"}})
opts = pulumi.ResourceOptions(provider=account)


def role(name: str, service: str) -> aws.iam.Role:
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": f"{service}.amazonaws.com"}}
    return aws.iam.Role(name, assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}), opts=opts)


vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=opts)
subnets = [
    aws.ec2.Subnet(
        f"subnet-{zone}",
        vpc_id=vpc.id,
        cidr_block=f"10.0.{index}.0/24",
        availability_zone=f"eu-central-1{zone}",
        opts=opts,
    ).id
    for index, zone in enumerate("ab")
]
key = aws.kms.Key("key", deletion_window_in_days=7, opts=opts)
aws.kms.Alias("alias", target_key_id=key.id, opts=opts)
database = aws.rds.Instance(
    "database",
    engine="postgres",
    instance_class="db.t4g.micro",
    allocated_storage=20,
    username="app",
    password=pulumi.Output.secret("canary-of-the-database"),
    db_subnet_group_name=aws.rds.SubnetGroup("databases", subnet_ids=subnets, opts=opts).name,
    storage_encrypted=True,
    kms_key_id=key.arn,
    skip_final_snapshot=True,
    opts=opts,
)
cluster = aws.eks.Cluster(
    "cluster",
    role_arn=role("cluster", "eks").arn,
    vpc_config={"subnet_ids": subnets},
    access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": True},
    opts=opts,
)
nodes = aws.eks.NodeGroup(
    "nodes",
    cluster_name=cluster.name,
    node_role_arn=role("node", "ec2").arn,
    subnet_ids=subnets,
    scaling_config={"desired_size": 2, "min_size": 1, "max_size": 3},
    opts=opts,
)
aws.eks.Addon(
    "coredns",
    cluster_name=cluster.name,
    addon_name="coredns",
    opts=pulumi.ResourceOptions(provider=account, depends_on=nodes),
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
inside = pulumi.ResourceOptions(provider=kubernetes.Provider("kubernetes", kubeconfig=kubeconfig), depends_on=nodes)
namespace = kubernetes.core.v1.Namespace("space", opts=inside).metadata["name"]
labels = {"app": "web"}
meta = {"namespace": namespace, "labels": labels}
kubernetes.core.v1.Secret("secret", metadata=meta, string_data={"word": "canary-of-the-secret"}, opts=inside)
kubernetes.apps.v1.Deployment(
    "deployment",
    metadata=meta,
    spec={
        "replicas": REPLICAS,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}},
    },
    opts=inside,
)
service = kubernetes.core.v1.Service(
    "service",
    metadata=meta,
    spec={"type": "LoadBalancer", "selector": labels, "ports": [{"port": 80}]},
    opts=inside,
)
pulumi.export("kubeconfig", pulumi.Output.secret(kubeconfig))
pulumi.export("address", service.status.load_balancer.ingress[0].hostname)
pulumi.export("database", database.address)
