"""Resources that keep to every rule, and for each rule what breaks it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from policies.model import Resource, Settings
from policies.reading import UNKNOWN
from policies.settings import Loaded

SETTINGS = Settings(
    regions=frozenset({"eu-central-1", "eu-west-1"}),
    tags=("owner", "project", "stack"),
    registries=("*.dkr.ecr.*.amazonaws.com/*",),
)
LOADED = Loaded(settings=SETTINGS, exemptions=())
TAGS = {"owner": "team", "project": "platform", "stack": "prod"}
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"
NAMED = {"name": "app", "namespace": "application"}


def document(*statements: Mapping[str, Any]) -> str:
    """An IAM policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(**statement: Any) -> dict[str, Any]:
    return {"Effect": "Allow", **statement}


TLS = {"Bool": {"aws:SecureTransport": "true"}}
"""A condition that says nothing of who asks."""
SERVICE = "iam:PassedToService"
WIDE = (
    {"StringEqualsIfExists": {SERVICE: "ec2.amazonaws.com"}},
    {"StringNotEquals": {SERVICE: "ec2.amazonaws.com"}},
    {"ForAllValues:StringEquals": {SERVICE: ["ec2.amazonaws.com"]}},
    {"Null": {SERVICE: "false"}},
    {"StringLike": {SERVICE: "*.amazonaws.com"}},
    {"StringEquals": {SERVICE: ["ec2.amazonaws.com", "*"]}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}},
    {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}},
    {"StringLike": {"aws:PrincipalOrgID": "o-*"}},
)
"""Conditions that everybody can meet."""
OIDC = {"Federated": "arn:aws:iam::123456789012:oidc-provider/ci"}

LOGIN = "postgres://app:s3cret-value@db.example.com/app"
CONTAINER: dict[str, Any] = {
    "name": "app",
    "image": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/platform/web:1.0.0",
    "resources": {"requests": {"cpu": "100m", "memory": "1Mi"}, "limits": {"memory": "1Mi"}},
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    },
    "readinessProbe": {"tcpSocket": {"port": 80}},
    "livenessProbe": {"tcpSocket": {"port": 80}},
    "env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "app", "key": "password"}}}],
}
POD: dict[str, Any] = {
    "serviceAccountName": "app",
    "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
    "topologySpreadConstraints": [{"topologyKey": "topology.kubernetes.io/zone"}],
    "volumes": [{"name": "tmp", "emptyDir": {}}],
    "containers": [CONTAINER],
}
TEMPLATE: dict[str, Any] = {"metadata": {"labels": {"app": "app"}}, "spec": POD}

DATABASE = "aws:rds/instance:Instance"
CLUSTER = "aws:eks/cluster:Cluster"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
KAFKA = "aws:msk/cluster:Cluster"
SEARCH = "aws:opensearch/domain:Domain"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"

FINE: dict[str, dict[str, Any]] = {
    "pulumi:providers:aws": {
        "region": "eu-central-1",
        "defaultTags": {"tags": {"owner": "team", "project": "platform", "stack": "prod"}},
    },
    "aws:cloudwatch/logGroup:LogGroup": {"kmsKeyId": KEY, "retentionInDays": 90},
    "aws:docdb/cluster:Cluster": {
        "storageEncrypted": True,
        "backupRetentionPeriod": 7,
        "deletionProtection": True,
        "skipFinalSnapshot": False,
    },
    "aws:ebs/volume:Volume": {"encrypted": True, "availabilityZone": "eu-central-1a"},
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {"ingress": [], "egress": []},
    "aws:ec2/flowLog:FlowLog": {"trafficType": "ALL"},
    "aws:elasticache/cluster:Cluster": {"engine": "memcached"},
    "aws:redshift/cluster:Cluster": {"publiclyAccessible": False, "encrypted": "true"},
    "aws:alb/loadBalancer:LoadBalancer": {"internal": True},
    "aws:ec2/instance:Instance": {
        "metadataOptions": {"httpTokens": "required"},
        "rootBlockDevice": {"encrypted": True},
        "ebsBlockDevices": [{"deviceName": "/dev/sdf", "encrypted": True}],
    },
    "aws:ec2/launchTemplate:LaunchTemplate": {
        "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
        "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"encrypted": "true"}}],
    },
    SECURITY_GROUP: {"ingress": [{"fromPort": 22, "toPort": 22, "cidrBlocks": ["10.0.0.0/8"]}]},
    "aws:ec2/securityGroupRule:SecurityGroupRule": {"type": "egress", "cidrBlocks": ["0.0.0.0/0"]},
    "aws:ec2/subnet:Subnet": {"mapPublicIpOnLaunch": False, "availabilityZone": "eu-central-1a"},
    "aws:ec2/vpc:Vpc": {"cidrBlock": "10.0.0.0/16"},
    "aws:ecr/repository:Repository": {
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": KEY}],
    },
    "aws:efs/fileSystem:FileSystem": {"encrypted": True},
    CLUSTER: {
        "vpcConfig": {
            "endpointPrivateAccess": True,
            "endpointPublicAccess": True,
            "publicAccessCidrs": ["203.0.113.0/24"],
        },
        "enabledClusterLogTypes": ["api", "audit", "authenticator", "controllerManager", "scheduler"],
        "encryptionConfig": {"provider": {"keyArn": KEY}, "resources": ["secrets"]},
        "accessConfig": {"authenticationMode": "API"},
        "upgradePolicy": {"supportType": "STANDARD"},
        "deletionProtection": True,
    },
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
        "clusterName": "platform",
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        "accessScope": {"type": "cluster"},
    },
    "aws:eks/nodeGroup:NodeGroup": {"launchTemplate": {"id": "lt-1"}, "updateConfig": {"maxUnavailable": 1}},
    "aws:elasticache/replicationGroup:ReplicationGroup": {
        "atRestEncryptionEnabled": True,
        "transitEncryptionEnabled": True,
        "authToken": "a secret",
        "kmsKeyId": KEY,
        "automaticFailoverEnabled": True,
        "snapshotRetentionLimit": 7,
    },
    ROLE: {
        "assumeRolePolicy": document(
            allow(Action="sts:AssumeRole", Principal={"Service": "ec2.amazonaws.com"}),
            allow(
                Action="sts:AssumeRoleWithWebIdentity",
                Principal={"Federated": "arn:aws:iam::123456789012:oidc-provider/ci"},
                Condition={"StringEquals": {"ci:sub": "repo:team/platform:ref:refs/heads/main"}},
            ),
        )
    },
    ROLE_POLICY: {"policy": document(allow(Action=["s3:GetObject"], Resource=["arn:aws:s3:::bucket/*"]))},
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
        "policyArn": "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
    },
    "aws:kinesis/stream:Stream": {"encryptionType": "KMS", "kmsKeyId": KEY},
    "aws:kms/key:Key": {"enableKeyRotation": True, "deletionWindowInDays": 30},
    "aws:memorydb/cluster:Cluster": {"aclName": "readers"},
    KAFKA: {
        "encryptionInfo": {"encryptionInTransit": {"clientBroker": "TLS", "inCluster": True}},
        "brokerNodeGroupInfo": {"connectivityInfo": {"publicAccess": {"type": "DISABLED"}}},
    },
    "aws:neptune/cluster:Cluster": {
        "storageEncrypted": True,
        "backupRetentionPeriod": 7,
        "deletionProtection": True,
        "skipFinalSnapshot": False,
    },
    SEARCH: {
        "encryptAtRest": {"enabled": True},
        "nodeToNodeEncryption": {"enabled": True},
        "domainEndpointOptions": {"enforceHttps": True},
        "vpcOptions": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]},
    },
    DATABASE: {
        "publiclyAccessible": False,
        "storageEncrypted": True,
        "backupRetentionPeriod": 30,
        "deletionProtection": True,
        "skipFinalSnapshot": False,
        "multiAz": True,
        "autoMinorVersionUpgrade": True,
        "copyTagsToSnapshot": True,
    },
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": {
        "family": "aurora-mysql8.0",
        "parameters": [{"name": "require_secure_transport", "value": "ON"}],
    },
    "aws:rds/parameterGroup:ParameterGroup": {
        "family": "postgres17",
        "parameters": [{"name": "rds.force_ssl", "value": "1"}],
    },
    "aws:s3/bucket:Bucket": {},
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    },
    "aws:secretsmanager/secret:Secret": {
        "kmsKeyId": KEY,
        "recoveryWindowInDays": 30,
        "replicas": [{"region": "eu-west-1"}],
    },
    "aws:sqs/queue:Queue": {"sqsManagedSseEnabled": True},
    "aws:sqs/queuePolicy:QueuePolicy": {
        "policy": document(
            allow(Principal="*", Action="sqs:SendMessage", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})
        )
    },
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
        "cidrIpv4": "10.0.0.0/16",
        "fromPort": 443,
        "toPort": 443,
    },
    DEPLOYMENT: {"metadata": NAMED, "spec": {"replicas": 3, "template": TEMPLATE}},
    "kubernetes:batch/v1:CronJob": {"metadata": NAMED, "spec": {"jobTemplate": {"spec": {"template": TEMPLATE}}}},
    "kubernetes:core/v1:ConfigMap": {
        "metadata": NAMED,
        "data": {"redis-url": "rediss://c", "TOKEN_FILE": "/token"},
    },
    "kubernetes:core/v1:Namespace": {
        "metadata": {"name": "application", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}
    },
    "kubernetes:core/v1:Pod": {"metadata": NAMED, "spec": POD},
    "kubernetes:core/v1:Service": {"metadata": NAMED, "spec": {"type": "ClusterIP"}},
    "kubernetes:helm.sh/v3:Release": {"chart": "traefik", "version": "37.1.0"},
    "kubernetes:networking.k8s.io/v1:Ingress": {
        "metadata": NAMED,
        "spec": {"tls": [{"hosts": ["app.example.com"], "secretName": "app-tls"}]},
    },
    NETWORK_POLICY: {
        "metadata": {"name": "deny", "namespace": "application"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
    },
    "kubernetes:policy/v1:PodDisruptionBudget": {
        "metadata": NAMED,
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "app"}}},
    },
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole": {"rules": [{"verbs": ["get"], "resources": ["pods"]}]},
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding": {
        "roleRef": {"name": "view"},
        "subjects": [{"kind": "Group", "name": "developers"}],
    },
    "kubernetes:storage.k8s.io/v1:StorageClass": {
        "provisioner": "ebs.csi.aws.com",
        "parameters": {"encrypted": "true"},
    },
}
"""Type to properties with which every rule is silent."""

REFERENCES: dict[str, dict[str, str]] = {
    "aws:ec2/flowLog:FlowLog": {"vpcId": "aws:ec2/vpc:Vpc"},
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {"bucket": "aws:s3/bucket:Bucket"},
}
"""Type to property to the type that its value comes from."""

Change = Mapping[str, Any]
"""Dotted path to the value that it gets; None takes the property away."""

BREAKS: dict[str, tuple[tuple[str, Change], ...]] = {
    "aws-allowed-regions": (
        ("pulumi:providers:aws", {"region": "us-east-1"}),
        ("pulumi:providers:aws", {"region": None}),
        ("aws:s3/bucket:Bucket", {"region": "us-east-1"}),
        ("aws:secretsmanager/secret:Secret", {"replicas.0.region": "us-east-1"}),
    ),
    "aws-zones-of-allowed-regions": (
        ("aws:ec2/subnet:Subnet", {"availabilityZone": "us-east-1a"}),
        ("aws:ebs/volume:Volume", {"availabilityZone": "ap-south-1a"}),
    ),
    "iam-no-full-access": (
        (ROLE_POLICY, {"policy": document(allow(Action="*", Resource="*"))}),
        (ROLE_POLICY, {"policy": document(allow(Action=["s3:*", "*:*"], Resource=["*"]))}),
        (ROLE_POLICY, {"policy": document(allow(NotAction="iam:*", Resource="*"))}),
        (ROLE_POLICY, {"policy": document(allow(Action="*", NotResource="arn:aws:s3:::bucket"))}),
        (ROLE_POLICY, {"policy": document(allow(Action="*", Resource="arn:aws:*"))}),
        (ROLE, {"inlinePolicies": [{"policy": document(allow(Action="*", Resource="*"))}]}),
    ),
    "iam-no-administrators": (
        (
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            {"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
        ),
        (ROLE, {"managedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}),
    ),
    "iam-no-role-passing": (
        (ROLE_POLICY, {"policy": document(allow(Action="iam:PassRole", Resource="*"))}),
        (ROLE_POLICY, {"policy": document(allow(Action="sts:AssumeRole", Resource="*", Condition=TLS))}),
        *((ROLE_POLICY, {"policy": document(allow(Action=it, Resource="*"))}) for it in ("iam:Pass*", "*:*", "sts:*")),
        *(
            (ROLE_POLICY, {"policy": document(allow(Action="iam:PassRole", Resource=every))})
            for every in ("arn:aws:iam::*:role/*", "arn:aws:iam::123456789012:role/*", "arn:aws:iam::123456789012:*")
        ),
        (ROLE_POLICY, {"policy": document(allow(Action="iam:PassRole", NotResource="arn:aws:iam::1:role/one"))}),
        (ROLE_POLICY, {"policy": document(allow(NotAction="s3:*", Resource="arn:aws:iam::*:role/*"))}),
        *(
            (ROLE_POLICY, {"policy": document(allow(Action="iam:PassRole", Resource="*", Condition=condition))})
            for condition in WIDE
        ),
    ),
    "iam-no-users": (("aws:iam/user:User", {}), ("aws:iam/accessKey:AccessKey", {})),
    "iam-no-policies-of-users": (("aws:iam/userPolicyAttachment:UserPolicyAttachment", {}),),
    "iam-trust-named": (
        (ROLE, {"assumeRolePolicy": document(allow(Action="sts:AssumeRole", Principal="*"))}),
        (ROLE, {"assumeRolePolicy": document(allow(Action="sts:AssumeRole", Principal={"AWS": ["*"]}))}),
        (ROLE, {"assumeRolePolicy": document(allow(Principal={"AWS": "*"}, Condition=TLS))}),
        (ROLE, {"assumeRolePolicy": document(allow(NotPrincipal={"AWS": "arn:aws:iam::1:root"}))}),
        *(
            (ROLE, {"assumeRolePolicy": document(allow(Principal={"AWS": "*"}, Condition=condition))})
            for condition in WIDE
        ),
    ),
    "iam-oidc-trust-subject": (
        (ROLE, {"assumeRolePolicy": document(allow(Principal=OIDC))}),
        *(
            (ROLE, {"assumeRolePolicy": document(allow(Principal=OIDC, Condition={operator: {"ci:sub": subject}}))})
            for operator, subject in (
                ("StringLike", "*"),
                ("StringLike", "repo:*"),
                ("StringLike", "repo:*/platform:*"),
                ("StringLike", "system:serviceaccount:*:*"),
                ("StringNotEquals", "repo:team/platform:ref:refs/heads/main"),
            )
        ),
    ),
    "resource-policy-named": (
        ("aws:sqs/queuePolicy:QueuePolicy", {"policy": document(allow(Principal="*", Action="sqs:SendMessage"))}),
        ("aws:sqs/queue:Queue", {"policy": document(allow(Principal="*", Action="sqs:SendMessage", Condition=TLS))}),
        ("aws:kms/key:Key", {"policy": document(allow(Principal={"AWS": "*"}, Action="kms:*"))}),
    ),
    "aws-tags": (
        ("pulumi:providers:aws", {"defaultTags": None}),
        ("pulumi:providers:aws", {"defaultTags.tags.owner": ""}),
        (SECURITY_GROUP, {"tags": {"owner": "", "project": "platform", "stack": "prod"}}),
    ),
    "ec2-closed-to-the-internet": (
        (SECURITY_GROUP, {"ingress": [{"fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}]}),
        (SECURITY_GROUP, {"ingress": [{"fromPort": 443, "toPort": 443, "ipv6CidrBlocks": ["::/0"]}]}),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", {"cidrIpv4": "0.0.0.0/0"}),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", {"cidrIpv6": "::/0"}),
        ("aws:ec2/securityGroupRule:SecurityGroupRule", {"type": "ingress"}),
        (SECURITY_GROUP, {"ingress": [{"fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/1", "128.0.0.0/1"]}]}),
        # An entrance is for the web, not for everything.
        (
            SECURITY_GROUP,
            {
                "tags": {"entrance": "true"},
                "ingress": [{"fromPort": 80, "toPort": 443, "cidrBlocks": ["0.0.0.0/0"]}],
            },
        ),
        (
            SECURITY_GROUP,
            {
                "tags": {"entrance": "true"},
                "ingress": [{"fromPort": 0, "toPort": 65535, "cidrBlocks": ["0.0.0.0/0"]}],
            },
        ),
    ),
    "ec2-default-group-closed": (
        ("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", {"egress": [{"cidrBlocks": ["10.0.0.0/8"]}]}),
    ),
    "ec2-subnet-no-public-addresses": (("aws:ec2/subnet:Subnet", {"mapPublicIpOnLaunch": True}),),
    "ec2-imdsv2": (
        ("aws:ec2/launchTemplate:LaunchTemplate", {"metadataOptions.httpTokens": "optional"}),
        ("aws:ec2/instance:Instance", {"metadataOptions": None}),
    ),
    "ec2-metadata-one-hop": (
        ("aws:ec2/launchTemplate:LaunchTemplate", {"metadataOptions.httpPutResponseHopLimit": 2}),
        ("aws:ec2/launchTemplate:LaunchTemplate", {"metadataOptions.httpPutResponseHopLimit": None}),
    ),
    "ec2-volumes-encrypted": (
        ("aws:ec2/launchTemplate:LaunchTemplate", {"blockDeviceMappings.0.ebs.encrypted": "false"}),
        ("aws:ec2/launchTemplate:LaunchTemplate", {"blockDeviceMappings.0.ebs.encrypted": None}),
        ("aws:ec2/launchTemplate:LaunchTemplate", {"blockDeviceMappings": None}),
        ("aws:ec2/instance:Instance", {"rootBlockDevice": None}),
        ("aws:ec2/instance:Instance", {"ebsBlockDevices.0.encrypted": False}),
    ),
    "ec2-no-public-addresses": (
        ("aws:ec2/instance:Instance", {"associatePublicIpAddress": True}),
        ("aws:ec2/launchTemplate:LaunchTemplate", {"networkInterfaces": [{"associatePublicIpAddress": "true"}]}),
    ),
    "lb-entrance-named": (("aws:alb/loadBalancer:LoadBalancer", {"internal": None}),),
    "eks-endpoint-not-open": (
        (CLUSTER, {"vpcConfig.publicAccessCidrs": ["0.0.0.0/0"]}),
        (CLUSTER, {"vpcConfig.publicAccessCidrs": ["0.0.0.0/1", "128.0.0.0/1"]}),
        (CLUSTER, {"vpcConfig.publicAccessCidrs": [UNKNOWN, "0.0.0.0/0"]}),
        (CLUSTER, {"vpcConfig.publicAccessCidrs": None}),
        (CLUSTER, {"vpcConfig": {"endpointPrivateAccess": True}}),
    ),
    "eks-endpoint-private": ((CLUSTER, {"vpcConfig.endpointPrivateAccess": None}),),
    "eks-control-plane-logs": ((CLUSTER, {"enabledClusterLogTypes": ["api"]}),),
    "eks-secrets-encrypted": (
        (CLUSTER, {"encryptionConfig": None}),
        (CLUSTER, {"encryptionConfig.provider.keyArn": ""}),
    ),
    "eks-access-entries": (
        (CLUSTER, {"accessConfig.authenticationMode": "API_AND_CONFIG_MAP"}),
        (CLUSTER, {"accessConfig": None}),
    ),
    "eks-standard-support": ((CLUSTER, {"upgradePolicy.supportType": "EXTENDED"}), (CLUSTER, {"upgradePolicy": None})),
    "eks-deletion-protection": ((CLUSTER, {"deletionProtection": None}),),
    "eks-nodes-no-open-ssh": (("aws:eks/nodeGroup:NodeGroup", {"remoteAccess": {"ec2SshKey": "key"}}),),
    "eks-nodes-launch-template": (("aws:eks/nodeGroup:NodeGroup", {"launchTemplate": None}),),
    "eks-nodes-bounded-updates": (("aws:eks/nodeGroup:NodeGroup", {"updateConfig": None}),),
    "ecr-immutable-tags": (("aws:ecr/repository:Repository", {"imageTagMutability": None}),),
    "ecr-scan-on-push": (("aws:ecr/repository:Repository", {"imageScanningConfiguration.scanOnPush": False}),),
    "ecr-own-key": (("aws:ecr/repository:Repository", {"encryptionConfigurations": None}),),
    "rds-not-public": (
        (DATABASE, {"publiclyAccessible": True}),
        ("aws:redshift/cluster:Cluster", {"publiclyAccessible": True}),
        ("aws:neptune/clusterInstance:ClusterInstance", {"publiclyAccessible": True}),
    ),
    "redshift-encrypted": (("aws:redshift/cluster:Cluster", {"encrypted": "false"}),),
    "elasticache-replication-group": (("aws:elasticache/cluster:Cluster", {"engine": "redis"}),),
    "rds-encrypted": ((DATABASE, {"storageEncrypted": None}),),
    "rds-tls-only": (
        ("aws:rds/parameterGroup:ParameterGroup", {"parameters": []}),
        ("aws:rds/parameterGroup:ParameterGroup", {"parameters": [{"name": "rds.force_ssl", "value": "0"}]}),
        *(
            ("aws:rds/parameterGroup:ParameterGroup", {"family": family, "parameters": []})
            for family in ("mysql8.4", "mariadb11.4", "sqlserver-se-16.0")
        ),
        ("aws:rds/clusterParameterGroup:ClusterParameterGroup", {"parameters.0.value": "OFF"}),
        (
            "aws:rds/clusterParameterGroup:ClusterParameterGroup",
            {"parameters": [UNKNOWN, {"name": "require_secure_transport", "value": "0"}]},
        ),
        ("aws:rds/clusterParameterGroup:ClusterParameterGroup", {"family": "aurora-postgresql17"}),
    ),
    "rds-backups": (
        (DATABASE, {"backupRetentionPeriod": 1}),
        (DATABASE, {"backupRetentionPeriod": None}),
        ("aws:docdb/cluster:Cluster", {"backupRetentionPeriod": 1}),
        ("aws:neptune/cluster:Cluster", {"backupRetentionPeriod": 1}),
    ),
    "rds-deletion-protection": (
        (DATABASE, {"deletionProtection": False}),
        ("aws:docdb/cluster:Cluster", {"deletionProtection": None}),
        ("aws:neptune/cluster:Cluster", {"deletionProtection": None}),
    ),
    "rds-final-snapshot": (
        (DATABASE, {"skipFinalSnapshot": True}),
        ("aws:docdb/cluster:Cluster", {"skipFinalSnapshot": True}),
        ("aws:neptune/cluster:Cluster", {"skipFinalSnapshot": True}),
    ),
    "opensearch-encrypted": ((SEARCH, {"encryptAtRest": None}), ("aws:elasticsearch/domain:Domain", {})),
    "opensearch-nodes-encrypted": ((SEARCH, {"nodeToNodeEncryption.enabled": False}),),
    "opensearch-https-only": ((SEARCH, {"domainEndpointOptions": None}),),
    "opensearch-not-public": ((SEARCH, {"vpcOptions": None}),),
    "msk-tls-only": ((KAFKA, {"encryptionInfo.encryptionInTransit.clientBroker": "TLS_PLAINTEXT"}),),
    "msk-brokers-encrypted": ((KAFKA, {"encryptionInfo.encryptionInTransit.inCluster": False}),),
    "msk-not-public": ((KAFKA, {"brokerNodeGroupInfo.connectivityInfo.publicAccess.type": "SERVICE_PROVIDED_EIPS"}),),
    "memorydb-tls-only": (("aws:memorydb/cluster:Cluster", {"tlsEnabled": False}),),
    "kinesis-encrypted": (("aws:kinesis/stream:Stream", {"encryptionType": None}),),
    "rds-multi-az": ((DATABASE, {"multiAz": False}),),
    "rds-minor-upgrades": ((DATABASE, {"autoMinorVersionUpgrade": False}),),
    "rds-tags-on-snapshots": ((DATABASE, {"copyTagsToSnapshot": None}),),
    "elasticache-encrypted-at-rest": (
        ("aws:elasticache/replicationGroup:ReplicationGroup", {"atRestEncryptionEnabled": False}),
    ),
    "elasticache-encrypted-in-transit": (
        ("aws:elasticache/replicationGroup:ReplicationGroup", {"transitEncryptionEnabled": None}),
    ),
    "elasticache-login": (("aws:elasticache/replicationGroup:ReplicationGroup", {"authToken": None}),),
    "elasticache-own-key": (("aws:elasticache/replicationGroup:ReplicationGroup", {"kmsKeyId": None}),),
    "elasticache-failover": (
        ("aws:elasticache/replicationGroup:ReplicationGroup", {"automaticFailoverEnabled": False}),
    ),
    "elasticache-snapshots": (("aws:elasticache/replicationGroup:ReplicationGroup", {"snapshotRetentionLimit": 0}),),
    "kms-rotation": (("aws:kms/key:Key", {"enableKeyRotation": False}),),
    "kms-deletion-window": (("aws:kms/key:Key", {"deletionWindowInDays": 7}),),
    "secrets-own-key": (("aws:secretsmanager/secret:Secret", {"kmsKeyId": None}),),
    "secrets-recovery-window": (("aws:secretsmanager/secret:Secret", {"recoveryWindowInDays": 0}),),
    "logs-encrypted": (("aws:cloudwatch/logGroup:LogGroup", {"kmsKeyId": None}),),
    "logs-retention": (
        ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": None}),
        ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 0}),
    ),
    "s3-no-public-acl": (("aws:s3/bucket:Bucket", {"acl": "public-read"}),),
    "s3-public-access-block-whole": (
        ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", {"blockPublicPolicy": None}),
    ),
    "sqs-encrypted": (("aws:sqs/queue:Queue", {"sqsManagedSseEnabled": False}),),
    "efs-encrypted": (("aws:efs/fileSystem:FileSystem", {"encrypted": None}),),
    "ebs-encrypted": (("aws:ebs/volume:Volume", {"encrypted": False}),),
    "pod-not-privileged": (
        (DEPLOYMENT, {"spec.template.spec.containers.0.securityContext.privileged": True}),
        ("kubernetes:core/v1:Pod", {"spec.initContainers": [{**CONTAINER, "securityContext": {"privileged": True}}]}),
    ),
    "pod-no-privilege-escalation": (
        (DEPLOYMENT, {"spec.template.spec.containers.0.securityContext.allowPrivilegeEscalation": None}),
    ),
    "pod-no-host-namespaces": (
        (DEPLOYMENT, {"spec.template.spec.hostNetwork": True}),
        (DEPLOYMENT, {"spec.template.spec.hostPID": True}),
        ("kubernetes:core/v1:Pod", {"spec.hostIPC": True}),
    ),
    "pod-not-root": (
        (DEPLOYMENT, {"spec.template.spec.securityContext.runAsNonRoot": None}),
        (DEPLOYMENT, {"spec.template.spec.containers.0.securityContext.runAsNonRoot": False}),
        (DEPLOYMENT, {"spec.template.spec.containers.0.securityContext.runAsUser": 0}),
    ),
    "pod-user-above-999": ((DEPLOYMENT, {"spec.template.spec.securityContext.runAsUser": 999}),),
    "pod-no-host-ports": ((DEPLOYMENT, {"spec.template.spec.containers.0.ports": [{"hostPort": 80}]}),),
    "pod-proc-masked": ((DEPLOYMENT, {"spec.template.spec.containers.0.securityContext.procMount": "Unmasked"}),),
    "pod-capabilities": (
        (DEPLOYMENT, {"spec.template.spec.containers.0.securityContext.capabilities": None}),
        (DEPLOYMENT, {"spec.template.spec.containers.0.securityContext.capabilities.add": ["NET_RAW"]}),
    ),
    "pod-seccomp": (
        (DEPLOYMENT, {"spec.template.spec.securityContext.seccompProfile": None}),
        (DEPLOYMENT, {"spec.template.spec.securityContext.seccompProfile.type": "Unconfined"}),
    ),
    "pod-no-host-path": ((DEPLOYMENT, {"spec.template.spec.volumes": [{"name": "v", "hostPath": {"path": "/"}}]}),),
    "pod-read-only-root": (
        (DEPLOYMENT, {"spec.template.spec.containers.0.securityContext.readOnlyRootFilesystem": None}),
    ),
    "pod-own-identity": ((DEPLOYMENT, {"spec.template.spec.serviceAccountName": "default"}),),
    "pod-image-pinned": (
        (DEPLOYMENT, {"spec.template.spec.containers.0.image": "1.dkr.ecr.eu-central-1.amazonaws.com/web:latest"}),
        (DEPLOYMENT, {"spec.template.spec.containers.0.image": "localhost:5000/web"}),
    ),
    "pod-image-trusted": (
        (DEPLOYMENT, {"spec.template.spec.containers.0.image": "docker.io/library/nginx:1.29"}),
        (
            "kubernetes:batch/v1:CronJob",
            {"spec.jobTemplate.spec.template.spec.containers.0.image": "nginx@sha256:0a"},
        ),
        (DEPLOYMENT, {"spec.template.spec.containers.0.image": "docker.io/evil/a.dkr.ecr.b.amazonaws.com/z:1"}),
    ),
    "pod-resources": (
        (DEPLOYMENT, {"spec.template.spec.containers.0.resources": None}),
        (DEPLOYMENT, {"spec.template.spec.containers.0.resources.limits": {}}),
    ),
    "pod-no-secrets-in-env": (
        (DEPLOYMENT, {"spec.template.spec.containers.0.env": [{"name": "DB_PASSWORD", "value": "x"}]}),
        (DEPLOYMENT, {"spec.template.spec.containers.0.env": [{"name": "DATABASE_URL", "value": LOGIN}]}),
    ),
    "pod-probes": ((DEPLOYMENT, {"spec.template.spec.containers.0.readinessProbe": None}),),
    "pod-spread": ((DEPLOYMENT, {"spec.template.spec.topologySpreadConstraints": None}),),
    "namespace-restricted": (
        ("kubernetes:core/v1:Namespace", {"metadata.labels": None}),
        ("kubernetes:core/v1:Namespace", {"metadata.labels": {"pod-security.kubernetes.io/enforce": "baseline"}}),
    ),
    "namespace-not-default": (
        ("kubernetes:core/v1:Service", {"metadata": {"name": "app", "namespace": "default"}}),
        (DEPLOYMENT, {"metadata": {"name": "app"}}),
    ),
    "rbac-no-wildcards": (
        ("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", {"rules": [{"verbs": ["*"], "resources": ["pods"]}]}),
        ("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", {"rules": [{"verbs": ["impersonate"]}]}),
        (
            "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
            {"rules": [{"verbs": ["get"], "nonResourceURLs": ["*"]}]},
        ),
    ),
    "rbac-no-cluster-admin": (
        ("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", {"roleRef.name": "cluster-admin"}),
        ("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", {"subjects.0.name": "system:masters"}),
    ),
    "rbac-no-everybody": tuple(
        ("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", {"subjects.0.name": group})
        for group in ("system:authenticated", "system:serviceaccounts")
    ),
    "config-map-no-secrets": (
        ("kubernetes:core/v1:ConfigMap", {"data": {"api-token": "x"}}),
        ("kubernetes:core/v1:ConfigMap", {"data": {"settings.ini": f"[db]\nurl = {LOGIN}\n"}}),
        ("kubernetes:core/v1:ConfigMap", {"binaryData": {"password": "eA=="}}),
        ("kubernetes:core/v1:ConfigMap", {"binaryData": {"settings": b64encode(LOGIN.encode()).decode()}}),
    ),
    "ingress-tls": (("kubernetes:networking.k8s.io/v1:Ingress", {"spec.tls": None}),),
    "service-no-node-port": (("kubernetes:core/v1:Service", {"spec.type": "NodePort"}),),
    "service-entrance-named": (
        ("kubernetes:core/v1:Service", {"spec.type": "LoadBalancer"}),
        ("kubernetes:core/v1:Service", {"spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": ["0.0.0.0/0"]}}),
        (
            "kubernetes:core/v1:Service",
            {"spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": [UNKNOWN, "0.0.0.0/0"]}},
        ),
    ),
    "kubernetes-no-patches-nor-lists": (
        ("kubernetes:apps/v1:DeploymentPatch", {}),
        ("kubernetes:core/v1:PodList", {}),
        ("kubernetes:networking.k8s.io/v1:NetworkPolicyPatch", {}),
    ),
    "service-no-external-ips": (("kubernetes:core/v1:Service", {"spec.externalIPs": ["203.0.113.1"]}),),
    "helm-version-pinned": (
        ("kubernetes:helm.sh/v3:Release", {"version": None}),
        ("kubernetes:helm.sh/v3:Release", {"version": ">=37"}),
    ),
    "storage-encrypted": (("kubernetes:storage.k8s.io/v1:StorageClass", {"parameters": None}),),
}
"""Rule about resources to what breaks it: a type, and how its fine properties change."""

LACKS: dict[str, str] = {
    "vpc-flow-logs": "aws:ec2/flowLog:FlowLog",
    "s3-public-access-block": "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "namespace-default-deny": NETWORK_POLICY,
    "deployment-disruption-budget": "kubernetes:policy/v1:PodDisruptionBudget",
}
"""Rule about whole stacks to the type without which the fine stack breaks it."""


def fine(token: str, change: Change | None = None) -> Resource:
    """A resource that keeps to every rule but for ``change``."""
    properties = deepcopy(FINE.get(token, {}))
    for path, value in (change or {}).items():
        _put(properties, path.split("."), value)
    refers = {name: frozenset({_urn(target)}) for name, target in REFERENCES.get(token, {}).items()}
    return Resource(
        type=token,
        name="it",
        urn=_urn(token),
        properties=properties,
        protect=True,
        provider="aws" if token.startswith("aws:") else "kubernetes",
        default_tags=TAGS if token.startswith("aws:") else {},
        refers_to=refers,
    )


def fine_stack() -> list[Resource]:
    """One fine resource of each type."""
    return [fine(token) for token in FINE]


def disposable(resource: Resource) -> Resource:
    """The same in a stack whose data may go with it: not protected, and tagged so by the provider."""
    return replace(resource, protect=False, default_tags={**TAGS, "removal-policy": "Delete"})


def _urn(token: str) -> str:
    return f"urn:pulumi:prod::platform::{token}::it"


def _put(target: Any, path: list[str], value: Any) -> None:
    for key in path[:-1]:
        target = target[int(key)] if key.isdigit() else target[key]
    if value is None:
        del target[path[-1]]
    else:
        target[path[-1]] = value
