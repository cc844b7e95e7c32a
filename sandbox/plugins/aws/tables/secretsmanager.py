"""Secrets Manager: secrets and their versions."""

from __future__ import annotations

from sandbox.plugins.aws.context import Context
from sandbox.plugins.aws.table import AutoName, Op, Read, Resource, Tags


def _schedule(context: Context) -> None:
    """A secret waits ``recoveryWindowInDays`` for its end, or goes at once where that is 0."""
    days = context.props.get("recoveryWindowInDays", 30)
    context.props["deletion"] = {"now": True} if days == 0 else {"days": days}


def _unstage(context: Context) -> None:
    """A version has no deletion of its own: without stages it fades. AWSCURRENT can only move, so that one stays."""
    secret, version = context.id.rsplit("|", 1)
    for stage in context.live.get("VersionStages", []):
        if stage != "AWSCURRENT":
            context.aws(
                "UpdateSecretVersionStage",
                {"SecretId": secret, "VersionStage": stage, "RemoveFromVersionId": version},
            )


RESOURCES = (
    Resource(
        token="aws:secretsmanager/secret:Secret",
        service="secretsmanager",
        create=Op("CreateSecret"),
        read=(
            Read("DescribeSecret", "@"),
            Read("GetResourcePolicy", "ResourcePolicy", into="ResourcePolicy"),
        ),
        update=(
            Op("UpdateSecret", takes=("description", "kmsKeyId")),
            Op("PutResourcePolicy", takes=("policy",), clear="DeleteResourcePolicy"),
        ),
        before_delete=_schedule,
        delete=Op(
            "DeleteSecret",
            {"RecoveryWindowInDays": "{deletion.days}", "ForceDeleteWithoutRecovery": "{deletion.now}"},
        ),
        id="ARN",
        key={"SecretId": "{id}"},
        names={"policy": "ResourcePolicy", "arn": "ARN", "replicas": "AddReplicaRegions"},
        outputs={"replicas": "ReplicationStatus"},
        tags=Tags(on="{id}"),
        replace=("name", "namePrefix", "type"),
        computed=("policy", "replicas"),
        defaults={"forceOverwriteReplicaSecret": False, "recoveryWindowInDays": 30},
        local=("namePrefix", "recoveryWindowInDays"),
        autoname=AutoName(),
        json=("policy",),
        gone=("DeletedDate != null", (True,)),
    ),
    Resource(
        token="aws:secretsmanager/secretVersion:SecretVersion",
        service="secretsmanager",
        create=Op("PutSecretValue"),
        read=(Read("GetSecretValue", "@", {"SecretId": "{secretId}", "VersionId": "{versionId}"}),),
        before_delete=_unstage,
        id="{secretId}|{live.VersionId}",
        importing="{secretId}|{versionId}",
        names={"arn": "ARN", "secretArn": "ARN"},
        replace=("secretBinary", "secretId"),
        replace_if={"secretString": lambda old, new, _: bool(old and new)},
        computed=("versionStages",),
        secret=("secretBinary", "secretString"),
    ),
)
