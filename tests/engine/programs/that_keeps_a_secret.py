"""Keeps a secret, then says that it has come so far; while there is a file `wait` in its folder, it does not end."""

import time
from pathlib import Path

import pulumi
import pulumi_aws as aws

opts = pulumi.ResourceOptions(provider=aws.Provider("aws", region="eu-central-1"))
secret = aws.secretsmanager.Secret("secret", recovery_window_in_days=0, opts=opts)
version = aws.secretsmanager.SecretVersion(
    "version", secret_id=secret.id, secret_string=pulumi.Output.secret(Path("canary").read_text()), opts=opts
)
pulumi.export("kept", version.secret_string)
if not pulumi.runtime.is_dry_run():
    Path("came").touch()
    while Path("wait").exists():
        time.sleep(0.05)
