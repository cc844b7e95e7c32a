"""KMS: keys and aliases."""

from __future__ import annotations

from typing import Any

from sandbox.plugins.aws.table import AutoName, Op, Read, Resource, Tags, Text


def same_key(old: Any, new: Any) -> bool:
    """Whether two texts name one key: by its id, or by its ARN."""
    return str(old).rpartition("/")[2] == str(new).rpartition("/")[2] and "alias/" not in f"{old}{new}"


RESOURCES = (
    Resource(
        token="aws:kms/key:Key",
        service="kms",
        create=Op("CreateKey"),
        read=(
            Read("DescribeKey", "KeyMetadata"),
            Read("GetKeyPolicy", "Policy", {"PolicyName": "default"}, into="Policy"),
            Read("GetKeyRotationStatus", "@"),
            Read("ListResourceTags", "Tags", into="Tags"),
        ),
        update=(
            Op("EnableKey", takes=(), consumes=("isEnabled",), encode=lambda _: {}, clear="DisableKey"),
            Op(
                "EnableKeyRotation",
                takes=("rotationPeriodInDays",),
                consumes=("enableKeyRotation",),
                encode=lambda values: {} if values["enableKeyRotation"] else None,
                clear="DisableKeyRotation",
                whole=True,
            ),
            Op("UpdateKeyDescription", takes=("description",)),
            Op(
                "PutKeyPolicy",
                {"PolicyName": "default"},
                takes=("policy", "bypassPolicyLockoutSafetyCheck"),
                whole=True,
            ),
        ),
        delete=Op("ScheduleKeyDeletion", {"PendingWindowInDays": "{deletionWindowInDays}"}),
        id="KeyMetadata.KeyId",
        key={"KeyId": "{id}"},
        names={"customerMasterKeySpec": "KeySpec"},
        outputs={"enableKeyRotation": "KeyRotationEnabled", "isEnabled": "Enabled"},
        tags=Tags(on="{id}"),
        replace=("customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId"),
        computed=("description", "multiRegion", "policy", "rotationPeriodInDays"),
        defaults={
            "bypassPolicyLockoutSafetyCheck": False,
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "enableKeyRotation": False,
            "isEnabled": True,
            "keyUsage": "ENCRYPT_DECRYPT",
        },
        initial={"enableKeyRotation": False, "isEnabled": True},
        local=("deletionWindowInDays",),
        json=("policy",),
        gone=("KeyState", ("PendingDeletion", "PendingReplicaDeletion")),
    ),
    Resource(
        token="aws:kms/alias:Alias",
        service="kms",
        create=Op("CreateAlias"),
        read=(Read("ListAliases", "Aliases[?AliasName == '{name}'] | [0]"),),
        update=(Op("UpdateAlias"),),
        delete=Op("DeleteAlias", {"AliasName": "{name}"}),
        id="{name}",
        key={"AliasName": "{name}"},
        names={"name": "AliasName", "arn": "AliasArn"},
        outputs={"targetKeyArn": Text("arn:{partition}:kms:{region}:{account}:key/{live.TargetKeyId}")},
        replace=("name", "namePrefix"),
        local=("namePrefix",),
        autoname=AutoName(length=238, prefix="alias/"),
        same={"targetKeyId": same_key},
        recomputed=("targetKeyArn",),
    ),
)
