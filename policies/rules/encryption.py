"""Keys, secrets, logs and buckets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.checks import must, must_be_set, unless_disposable
from policies.controls import cis_aws, cis_eks, guide, security_hub
from policies.model import Resource, Rule, Settings, StackRule
from policies.reading import UNKNOWN, is_on, shown

_KEY: Final = frozenset({"aws:kms/key:Key"})
_SECRET: Final = frozenset({"aws:secretsmanager/secret:Secret"})
_LOG_GROUP: Final = frozenset({"aws:cloudwatch/logGroup:LogGroup"})
_BUCKETS: Final = frozenset({"aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"})
_ACCESS_BLOCK: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_BLOCKS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _rotation(resource: Resource, _: Settings) -> Iterator[str]:
    # Asymmetric and HMAC keys can't be rotated by KMS.
    symmetric = resource.get("customerMasterKeySpec") in (None, "SYMMETRIC_DEFAULT")
    if symmetric and not is_on(resource.get("enableKeyRotation")):
        yield f"enableKeyRotation is {shown(resource.get('enableKeyRotation'))}"


def _deletion_window(resource: Resource, _: Settings) -> Iterator[str]:
    days = resource.get("deletionWindowInDays")
    # KMS waits for 30 days where nothing is said.
    if isinstance(days, int | float) and days < 30:
        yield f"deletionWindowInDays is {shown(days)}"


def _recovery_window(resource: Resource, _: Settings) -> Iterator[str]:
    days = resource.get("recoveryWindowInDays")
    if days is not None and days is not UNKNOWN and days == 0:
        yield "recoveryWindowInDays is 0"


def _for_ever(resource: Resource, _: Settings) -> Iterator[str]:
    # 0 is CloudWatch's word for never.
    if resource.get("retentionInDays") in (None, 0):
        yield f"retentionInDays is {shown(resource.get('retentionInDays'))}"


def _public_bucket(resource: Resource, _: Settings) -> Iterator[str]:
    acl = resource.get("acl")
    if isinstance(acl, str) and acl.startswith(("public-", "authenticated-")):
        yield f"acl is {acl}"


def _half_blocked(resource: Resource, _: Settings) -> Iterator[str]:
    for switch in _BLOCKS:
        if not is_on(resource.get(switch)):
            yield f"{switch} is {shown(resource.get(switch))}"


def _unblocked_buckets(resources: list[Resource], _: Settings) -> Iterator[tuple[Resource, str]]:
    blocked = {urn for one in resources if one.type == _ACCESS_BLOCK for urn in one.refers_to.get("bucket", ())}
    for bucket in resources:
        if bucket.type in _BUCKETS and bucket.urn not in blocked:
            yield bucket, "no BucketPublicAccessBlock is set for this bucket"


RULES: Final = (
    Rule(
        name="kms-rotation",
        types=_KEY,
        check=_rotation,
        controls=(
            cis_aws("3.6"),
            guide("Data encryption and secrets management", "Rotate your CMKs periodically"),
            security_hub("KMS.4"),
        ),
        reason="A key that is never rotated protects everything that was ever encrypted.",
        fix="set enableKeyRotation to true.",
    ),
    Rule(
        name="kms-deletion-window",
        types=_KEY,
        check=unless_disposable(_deletion_window),
        controls=(guide("Data encryption and secrets management", "Encrypt data at rest"), security_hub("KMS.3")),
        reason="What a deleted key encrypted is lost: the longest time to notice is short enough.",
        fix="set deletionWindowInDays to 30.",
    ),
    Rule(
        name="secrets-own-key",
        types=_SECRET,
        check=must_be_set("kmsKeyId"),
        controls=(
            cis_eks("4.4.2"),
            guide("Data encryption and secrets management", "Use an external secrets provider"),
        ),
        reason="With AWS's own key everybody in the account who may read secrets may read this one.",
        fix="set kmsKeyId to a key of your own.",
    ),
    Rule(
        name="secrets-recovery-window",
        types=_SECRET,
        check=unless_disposable(_recovery_window),
        controls=(
            cis_eks("4.4.2"),
            guide("Data encryption and secrets management", "Use an external secrets provider"),
        ),
        reason="A secret deleted by mistake would be gone at once.",
        fix="set recoveryWindowInDays to 7 to 30.",
    ),
    Rule(
        name="logs-encrypted",
        types=_LOG_GROUP,
        check=must_be_set("kmsKeyId"),
        controls=(guide("Data encryption and secrets management", "Encrypt data at rest"),),
        reason="Audit and flow logs tell an attacker where to go next.",
        fix="set kmsKeyId to a key that CloudWatch Logs may use.",
    ),
    Rule(
        name="logs-retention",
        types=_LOG_GROUP,
        check=_for_ever,
        controls=(guide("Auditing and logging", "Enable audit logs"), security_hub("CloudWatch.16")),
        reason="Without it logs are kept, and paid for, for ever.",
        fix="set retentionInDays to what your auditors ask for.",
    ),
    Rule(
        name="s3-no-public-acl",
        types=_BUCKETS | {"aws:s3/bucketAcl:BucketAcl", "aws:s3/bucketAclV2:BucketAclV2"},
        check=_public_bucket,
        controls=(cis_aws("2.1.4"), security_hub("S3.2"), security_hub("S3.3"), security_hub("S3.12")),
        reason="Everybody could read the bucket.",
        fix="leave acl out; share objects by a bucket policy or CloudFront.",
    ),
    Rule(
        name="s3-public-access-block-whole",
        types=frozenset({_ACCESS_BLOCK}),
        check=_half_blocked,
        controls=(cis_aws("2.1.4"), security_hub("S3.8")),
        reason="Each of the four switches closes another way to make a bucket public.",
        fix=f"set {', '.join(_BLOCKS)} to true.",
    ),
    StackRule(
        name="s3-public-access-block",
        check=_unblocked_buckets,
        controls=(cis_aws("2.1.4"), security_hub("S3.8")),
        reason="A later policy could make the bucket public.",
        fix="make an aws.s3.BucketPublicAccessBlock with all four switches on.",
    ),
    Rule(
        name="sqs-encrypted",
        types=frozenset({"aws:sqs/queue:Queue"}),
        check=lambda resource, _: (
            ()
            if is_on(resource.get("sqsManagedSseEnabled")) or resource.get("kmsMasterKeyId")
            else ("neither sqsManagedSseEnabled nor kmsMasterKeyId is set",)
        ),
        controls=(guide("Data encryption and secrets management", "Encrypt data at rest"), security_hub("SQS.1")),
        reason="Messages hold what their senders put in.",
        fix="set sqsManagedSseEnabled to true, or kmsMasterKeyId to a key of your own.",
    ),
    Rule(
        name="efs-encrypted",
        types=frozenset({"aws:efs/fileSystem:FileSystem"}),
        check=must("encrypted"),
        controls=(
            cis_aws("2.3.1"),
            guide("Data encryption and secrets management", "Encrypt data at rest"),
            security_hub("EFS.8"),
        ),
        reason="Files would lie on AWS's disks in plain text, and can't be encrypted later.",
        fix="set encrypted to true.",
    ),
    Rule(
        name="ebs-encrypted",
        types=frozenset({"aws:ebs/volume:Volume"}),
        check=must("encrypted"),
        controls=(
            cis_aws("5.1.1"),
            guide("Data encryption and secrets management", "Encrypt data at rest"),
            security_hub("EC2.3"),
        ),
        reason="Volumes and their snapshots would be in plain text.",
        fix="set encrypted to true.",
    ),
)
