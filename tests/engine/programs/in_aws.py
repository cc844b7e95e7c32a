"""Six of each, names left to the engine: a second creation would succeed."""

import json

import pulumi
import pulumi_aws as aws

EACH = 6

provider = aws.Provider("aws", region="eu-central-1", default_tags={"tags": {"Test": "interrupted"}})
opts = pulumi.ResourceOptions(provider=provider)
allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
trust = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", enable_dns_hostnames=True, opts=opts)
for index in range(EACH):
    aws.ec2.Subnet(f"subnet-{index}", vpc_id=vpc.id, cidr_block=f"10.0.{index}.0/24", opts=opts)
    aws.ec2.SecurityGroup(f"group-{index}", vpc_id=vpc.id, opts=opts)
    role = aws.iam.Role(f"role-{index}", assume_role_policy=trust, opts=opts)
    aws.iam.RolePolicyAttachment(f"attachment-{index}", role=role.name, policy_arn=policy, opts=opts)
    secret = aws.secretsmanager.Secret(f"secret-{index}", recovery_window_in_days=0, opts=opts)
    text = pulumi.Output.secret(f"canary-{index}")
    aws.secretsmanager.SecretVersion(f"version-{index}", secret_id=secret.id, secret_string=text, opts=opts)
    aws.kms.Key(f"key-{index}", deletion_window_in_days=7, opts=opts)
