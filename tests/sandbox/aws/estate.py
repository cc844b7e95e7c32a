"""One resource of each type, as the platform would use it, with a change in place and a change that replaces."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.plugins.aws.provider import AwsProvider
from sandbox.plugins.protocol import Call, Diff, Log, Secret
from tests.sandbox.aws.emulated_cloud import KUBERNETES

Properties = dict[str, Any]
Given = Callable[["Estate"], Properties]


def document(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass(frozen=True, kw_only=True)
class Sample:
    """How a type is used. ``update`` and ``replace`` are laid over what ``create`` gives."""

    create: Given
    update: Given | None = None
    replace: Given
    import_id: Callable[[Made], str] = lambda made: made.id
    forgets: tuple[str, ...] = ()
    """Inputs that no import can find out."""


@dataclass
class Made:
    """A resource as the state has it."""

    call: Call
    id: str
    inputs: Properties
    outputs: Properties
    program: Properties

    def __getitem__(self, name: str) -> Any:
        return self.outputs[name]


def plain(value: Any) -> Any:
    """``value`` without the marks of secrets, as the engine hands it back."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@dataclass
class Estate:
    """Makes each sample once, after those that it needs."""

    provider: AwsProvider
    made: dict[str, Made] = field(default_factory=dict)
    log_to: Log | None = None

    def __getitem__(self, token: str) -> Made:
        if token not in self.made:
            program = SAMPLES[token].create(self)
            self.made[token] = self.create(token, token.rpartition(":")[2].lower(), program)
        return self.made[token]

    def create(self, token: str, name: str, program: Properties) -> Made:
        # As from the plugins' process, which notes each creation.
        noted = secrets.token_hex(16)
        call = Call(
            urn=f"urn:pulumi:test::platform::{token}::{name}", type=token, name=name, log_to=self.log_to, token=noted
        )
        inputs, failures = self.provider.check(call, {}, program)
        assert failures == []
        id, outputs = self.provider.create(call, inputs)
        return Made(call, id, inputs, plain(outputs), program)

    def diff(self, made: Made, changes: Properties) -> tuple[Properties, Diff]:
        program = {key: value for key, value in {**made.program, **changes}.items() if value is not None}
        inputs, failures = self.provider.check(made.call, made.inputs, program)
        assert failures == []
        return inputs, self.provider.diff(made.call, made.id, made.inputs, made.outputs, inputs, [])

    def subnets(self) -> list[str]:
        first = self[SUBNET]
        for zone, number in (("b", 2), ("c", 3)):
            name = f"subnet-{zone}"
            if name not in self.made:
                program = {
                    **first.program,
                    "availabilityZone": f"eu-central-1{zone}",
                    "cidrBlock": f"10.0.{number}.0/24",
                }
                self.made[name] = self.create(SUBNET, name, program)
        return [first.id, self.made["subnet-b"].id, self.made["subnet-c"].id]


VPC, SUBNET, GATEWAY = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/internetGateway:InternetGateway"
TABLE, NAT, EIP = "aws:ec2/routeTable:RouteTable", "aws:ec2/natGateway:NatGateway", "aws:ec2/eip:Eip"
GROUP, ROLE, KEY = "aws:ec2/securityGroup:SecurityGroup", "aws:iam/role:Role", "aws:kms/key:Key"
LOGS, TEMPLATE = "aws:cloudwatch/logGroup:LogGroup", "aws:ec2/launchTemplate:LaunchTemplate"
CLUSTER, REPOSITORY = "aws:eks/cluster:Cluster", "aws:ecr/repository:Repository"
CACHE_SUBNETS = "aws:elasticache/subnetGroup:SubnetGroup"
CACHE_PARAMETERS = "aws:elasticache/parameterGroup:ParameterGroup"
DB_SUBNETS, DB_PARAMETERS = "aws:rds/subnetGroup:SubnetGroup", "aws:rds/parameterGroup:ParameterGroup"
SECRET = "aws:secretsmanager/secret:Secret"
_VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
_LIFECYCLE = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 9,
            },
            "action": {"type": "expire"},
        }
    ]
}


def _rule(estate: Estate) -> Properties:
    return {"securityGroupId": estate[GROUP].id, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443,
            "cidrIpv4": "10.0.0.0/8"}  # fmt: skip


def _in_cluster(estate: Estate) -> Properties:
    return {"clusterName": estate[CLUSTER]["name"]}


SAMPLES: dict[str, Sample] = {
    VPC: Sample(
        create=lambda _: {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True, "tags": {"Name": "main"}},
        update=lambda _: {"enableDnsHostnames": False},
        replace=lambda _: {"cidrBlock": "10.1.0.0/16"},
    ),
    SUBNET: Sample(
        create=lambda e: {"vpcId": e[VPC].id, "cidrBlock": "10.0.1.0/24", "availabilityZone": "eu-central-1a"},
        update=lambda _: {"mapPublicIpOnLaunch": True},
        replace=lambda _: {"availabilityZone": "eu-central-1c"},
    ),
    GATEWAY: Sample(create=lambda e: {"vpcId": e[VPC].id}, replace=lambda _: {"region": "eu-west-1"}),
    EIP: Sample(create=lambda _: {"domain": "vpc"}, replace=lambda _: {"networkBorderGroup": "eu-central-1-x"}),
    NAT: Sample(
        create=lambda e: {"allocationId": e[EIP].id, "subnetId": e[SUBNET].id},
        replace=lambda e: {"subnetId": e.subnets()[1]},
    ),
    TABLE: Sample(create=lambda e: {"vpcId": e[VPC].id}, replace=lambda _: {"vpcId": "vpc-0123456789abcdef0"}),
    "aws:ec2/route:Route": Sample(
        create=lambda e: {"routeTableId": e[TABLE].id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": e[GATEWAY].id},
        update=lambda e: {"gatewayId": None, "natGatewayId": e[NAT].id},
        replace=lambda _: {"destinationCidrBlock": "192.0.2.0/24"},
        import_id=lambda made: f"{made['routeTableId']}_0.0.0.0/0",
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Sample(
        create=lambda e: {"routeTableId": e[TABLE].id, "subnetId": e[SUBNET].id},
        replace=lambda e: {"subnetId": e.subnets()[1]},
        import_id=lambda made: f"{made['subnetId']}/{made['routeTableId']}",
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Sample(
        create=lambda e: {"vpcId": e[VPC].id, "serviceName": "com.amazonaws.eu-central-1.s3"},
        update=lambda e: {"routeTableIds": [e[TABLE].id]},
        replace=lambda _: {"serviceName": "com.amazonaws.eu-central-1.dynamodb"},
    ),
    "aws:ec2/flowLog:FlowLog": Sample(
        create=lambda e: {
            "vpcId": e[VPC].id,
            "trafficType": "ALL",
            "logDestination": e[LOGS]["arn"],
            "iamRoleArn": e[ROLE]["arn"],
            "maxAggregationInterval": 60,
        },
        replace=lambda _: {"trafficType": "REJECT"},
    ),
    GROUP: Sample(
        create=lambda e: {"vpcId": e[VPC].id, "description": "Reaches nothing"},
        replace=lambda _: {"description": "Another"},
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Sample(
        create=lambda e: {"vpcId": e[VPC].id},
        replace=lambda _: {"vpcId": "vpc-0123456789abcdef0"},
    ),
    TEMPLATE: Sample(
        create=lambda e: {
            "updateDefaultVersion": True,
            "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 2},
            "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeType": "gp3", "encrypted": "true"}}],
            "vpcSecurityGroupIds": [e[GROUP].id],
            "tagSpecifications": [{"resourceType": "instance", "tags": {"Name": "node"}}],
        },
        update=lambda _: {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1}},
        replace=lambda _: {"name": "another"},
        forgets=("updateDefaultVersion",),
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Sample(
        create=_rule,
        update=lambda _: {"toPort": 444, "fromPort": 444},
        replace=lambda e: {"cidrIpv4": None, "referencedSecurityGroupId": e[GROUP].id},
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Sample(
        create=lambda e: {"securityGroupId": e[GROUP].id, "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"},
        update=lambda _: {"cidrIpv4": "10.0.0.0/8"},
        replace=lambda _: {"securityGroupId": "sg-0123456789abcdef0"},
    ),
    LOGS: Sample(
        create=lambda _: {"name": "/platform/flow", "retentionInDays": 14},
        update=lambda _: {"retentionInDays": 30},
        replace=lambda _: {"name": "/platform/other"},
    ),
    ROLE: Sample(
        create=lambda _: {"assumeRolePolicy": trust("eks")},
        update=lambda _: {"description": "Runs the cluster", "assumeRolePolicy": trust("ec2")},
        replace=lambda _: {"path": "/platform/"},
    ),
    "aws:iam/rolePolicy:RolePolicy": Sample(
        create=lambda e: {"role": e[ROLE].id, "policy": document("s3:GetObject")},
        update=lambda _: {"policy": document("s3:PutObject")},
        replace=lambda _: {"role": "another"},
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Sample(
        create=lambda e: {"role": e[ROLE].id, "policyArn": "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"},
        replace=lambda _: {"policyArn": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"},
    ),
    "aws:iam/policy:Policy": Sample(
        create=lambda _: {"policy": document("s3:GetObject")},
        update=lambda _: {"policy": document("s3:PutObject")},
        replace=lambda _: {"description": "Another"},
    ),
    KEY: Sample(
        create=lambda _: {"description": "Data", "enableKeyRotation": True, "deletionWindowInDays": 7},
        update=lambda _: {"description": "All data", "enableKeyRotation": False},
        replace=lambda _: {"keyUsage": "SIGN_VERIFY"},
        forgets=("deletionWindowInDays",),
    ),
    "aws:kms/alias:Alias": Sample(
        create=lambda e: {"targetKeyId": e[KEY]["arn"]},
        replace=lambda _: {"name": "alias/another"},
    ),
    CLUSTER: Sample(
        create=lambda e: {
            "roleArn": e[ROLE]["arn"],
            "version": KUBERNETES,
            "vpcConfig": {"subnetIds": e.subnets(), "publicAccessCidrs": ["203.0.113.0/24"]},
            "encryptionConfig": {"provider": {"keyArn": e[KEY]["arn"]}, "resources": ["secrets"]},
            "accessConfig": {"authenticationMode": "API"},
            "enabledClusterLogTypes": ["api"],
        },
        update=lambda _: {"enabledClusterLogTypes": ["api", "audit"], "upgradePolicy": {"supportType": "STANDARD"}},
        replace=lambda _: {"encryptionConfig": None},
    ),
    "aws:eks/nodeGroup:NodeGroup": Sample(
        create=lambda e: {
            **_in_cluster(e),
            "nodeRoleArn": e[ROLE]["arn"],
            "subnetIds": e.subnets(),
            "scalingConfig": {"minSize": 1, "desiredSize": 2, "maxSize": 4},
            "instanceTypes": ["t3.medium"],
            "labels": {"role": "app"},
            "taints": [{"key": "gpu", "value": "nvidia", "effect": "NO_SCHEDULE"}],
            "launchTemplate": {"id": e[TEMPLATE].id, "version": "1"},
        },
        update=lambda _: {"scalingConfig": {"minSize": 1, "desiredSize": 3, "maxSize": 4}, "labels": {"a": "b"}},
        replace=lambda _: {"instanceTypes": ["t3.large"]},
    ),
    "aws:eks/addon:Addon": Sample(
        create=lambda e: {**_in_cluster(e), "addonName": "vpc-cni", "resolveConflictsOnUpdate": "OVERWRITE"},
        update=lambda _: {"configurationValues": json.dumps({"env": {"A": "b"}})},
        replace=lambda _: {"addonName": "kube-proxy"},
        forgets=("resolveConflictsOnUpdate",),
    ),
    "aws:eks/accessEntry:AccessEntry": Sample(
        create=lambda e: {**_in_cluster(e), "principalArn": e[ROLE]["arn"], "kubernetesGroups": ["readers"]},
        update=lambda _: {"kubernetesGroups": ["writers"]},
        replace=lambda _: {"type": "EC2_LINUX"},
    ),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": Sample(
        create=lambda e: {
            **_in_cluster(e),
            "principalArn": e["aws:eks/accessEntry:AccessEntry"]["principalArn"],
            "policyArn": _VIEW,
            "accessScope": {"type": "cluster"},
        },
        replace=lambda _: {"accessScope": {"type": "namespace", "namespaces": ["default"]}},
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": Sample(
        create=lambda e: {**_in_cluster(e), "namespace": "app", "serviceAccount": "app", "roleArn": e[ROLE]["arn"]},
        replace=lambda _: {"serviceAccount": "other"},
        import_id=lambda made: f"{made['clusterName']},{made.id}",
    ),
    REPOSITORY: Sample(
        create=lambda e: {
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": e[KEY]["arn"]}],
        },
        update=lambda _: {"imageTagMutability": "MUTABLE"},
        replace=lambda _: {"encryptionConfigurations": [{"encryptionType": "AES256"}]},
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Sample(
        create=lambda e: {"repository": e[REPOSITORY].id, "policy": json.dumps(_LIFECYCLE)},
        replace=lambda _: {"policy": json.dumps(_LIFECYCLE).replace("9", "8")},
    ),
    CACHE_SUBNETS: Sample(
        create=lambda e: {"subnetIds": e.subnets()[:2]},
        update=lambda e: {"subnetIds": e.subnets()},
        replace=lambda _: {"name": "another"},
    ),
    CACHE_PARAMETERS: Sample(
        create=lambda _: {"family": "redis7", "parameters": [{"name": "maxmemory-policy", "value": "allkeys-lru"}]},
        update=lambda _: {"parameters": []},
        replace=lambda _: {"description": "Another"},
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": Sample(
        create=lambda e: {
            "description": "Sessions",
            "engine": "redis",
            "engineVersion": "7.1",
            "nodeType": "cache.t4g.small",
            "numCacheClusters": 2,
            "automaticFailoverEnabled": True,
            "multiAzEnabled": True,
            "subnetGroupName": e[CACHE_SUBNETS].id,
            "parameterGroupName": e[CACHE_PARAMETERS].id,
            "securityGroupIds": [e[GROUP].id],
            "atRestEncryptionEnabled": True,
            "transitEncryptionEnabled": True,
            "authToken": "0123456789abcdef",
            "port": 6379,
            "applyImmediately": True,
        },
        update=lambda _: {"numCacheClusters": 3, "description": "All sessions", "nodeType": "cache.t4g.medium"},
        replace=lambda _: {"port": 6380},
        forgets=("applyImmediately", "authToken"),
    ),
    DB_SUBNETS: Sample(
        create=lambda e: {"subnetIds": e.subnets()[:2]},
        update=lambda e: {"subnetIds": e.subnets()},
        replace=lambda _: {"name": "another"},
    ),
    DB_PARAMETERS: Sample(
        create=lambda _: {"family": "postgres16", "parameters": [{"name": "rds.force_ssl", "value": "1"}]},
        update=lambda _: {"parameters": [{"name": "log_min_duration_statement", "value": "500"}]},
        replace=lambda _: {"family": "postgres17"},
    ),
    "aws:rds/instance:Instance": Sample(
        create=lambda e: {
            "engine": "postgres",
            "engineVersion": "16",
            "instanceClass": "db.t4g.medium",
            "allocatedStorage": 20,
            "storageEncrypted": True,
            "kmsKeyId": e[KEY]["arn"],
            "username": "app",
            "password": "correct-horse",
            "dbName": "app",
            "dbSubnetGroupName": e[DB_SUBNETS].id,
            "parameterGroupName": e[DB_PARAMETERS].id,
            "vpcSecurityGroupIds": [e[GROUP].id],
            "backupRetentionPeriod": 7,
            "applyImmediately": True,
            "skipFinalSnapshot": True,
        },
        update=lambda _: {"instanceClass": "db.t4g.large", "backupRetentionPeriod": 14},
        replace=lambda _: {"storageEncrypted": False},
        import_id=lambda made: made["identifier"],
        forgets=("applyImmediately", "password", "skipFinalSnapshot"),
    ),
    SECRET: Sample(
        create=lambda _: {"description": "The database", "recoveryWindowInDays": 0},
        update=lambda _: {"description": "The writer"},
        replace=lambda _: {"name": "another"},
        forgets=("recoveryWindowInDays",),
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Sample(
        create=lambda e: {"secretId": e[SECRET].id, "secretString": "hidden"},
        replace=lambda _: {"secretString": "changed"},
    ),
}
