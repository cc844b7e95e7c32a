"""Key policies, as pure data."""

from __future__ import annotations

from enum import StrEnum

import pulumi

from components.identity import Document, Statement, policy_document


class KeyUse(StrEnum):
    """What a key is for."""

    DATA = "Data"
    """Services that use the key with their caller's rights: RDS, ElastiCache, ECR, Secrets Manager, EKS."""
    LOGS = "Logs"
    """CloudWatch log groups besides: that service needs to be named in the key's policy."""


def key_policy(
    use: KeyUse, *, account: pulumi.Input[str], partition: pulumi.Input[str], region: pulumi.Input[str]
) -> Document:
    """The account administers the key through IAM; CloudWatch Logs may use it for this account's log groups only."""
    account_root: Statement = {
        "Sid": "AccountAdministersThroughIam",
        "Effect": "Allow",
        "Action": ["kms:*"],
        "Principal": {"AWS": pulumi.Output.concat("arn:", partition, ":iam::", account, ":root")},
        "Resource": ["*"],
    }
    if use is KeyUse.DATA:
        return policy_document(account_root)
    logs: Statement = {
        "Sid": "LogGroupsOfThisAccount",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
        "Principal": {"Service": pulumi.Output.concat("logs.", region, ".amazonaws.com")},
        "Resource": ["*"],
        "Condition": {
            "ArnLike": {
                "kms:EncryptionContext:aws:logs:arn": pulumi.Output.concat(
                    "arn:", partition, ":logs:", region, ":", account, ":log-group:*"
                )
            }
        },
    }
    return policy_document(account_root, logs)
