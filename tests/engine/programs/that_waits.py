"""Goes on once there is a file `go` in the stack's folder, and says that it has come so far.

It has a network and a role, which are called the same in every clone and stack.
"""

import json
import time
from pathlib import Path

import pulumi
import pulumi_aws as aws

folder = Path(pulumi.get_stack())
if not pulumi.runtime.is_dry_run():
    folder.mkdir(exist_ok=True)
    (folder / "came").touch()
    while not (folder / "go").exists():
        time.sleep(0.05)
pulumi.export("folder", str(folder))

opts = pulumi.ResourceOptions(provider=aws.Provider("aws", region="eu-central-1"))
allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
trust = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
aws.iam.Role("role", name="same", assume_role_policy=trust, opts=opts)
aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=opts)
