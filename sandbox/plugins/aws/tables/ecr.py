"""ECR: repositories and their lifecycle."""

from __future__ import annotations

from sandbox.plugins.aws.table import AutoName, Op, Read, Resource, Tags

RESOURCES = (
    Resource(
        token="aws:ecr/repository:Repository",
        service="ecr",
        create=Op("CreateRepository"),
        read=(
            Read("DescribeRepositories", "repositories[0]"),
            Read("ListTagsForResource", "tags", {"resourceArn": "{live.repositoryArn}"}, into="tags"),
        ),
        update=(
            Op("PutImageTagMutability", whole=True),
            Op("PutImageScanningConfiguration"),
        ),
        delete=Op("DeleteRepository", {"force": "{forceDelete}"}),
        id="repository.repositoryName",
        key={"repositoryName": "{id}"},
        names={"name": "repositoryName", "arn": "repositoryArn", "repositoryUrl": "repositoryUri"},
        tags=Tags(on="{live.repositoryArn}"),
        replace=("encryptionConfigurations", "name"),
        computed=("encryptionConfigurations", "imageScanningConfiguration", "encryptionConfigurations.kmsKey"),
        defaults={"imageTagMutability": "MUTABLE", "encryptionConfigurations.encryptionType": "AES256"},
        local=("forceDelete",),
        autoname=AutoName(lower=True),
    ),
    Resource(
        token="aws:ecr/lifecyclePolicy:LifecyclePolicy",
        service="ecr",
        create=Op("PutLifecyclePolicy"),
        read=(Read("GetLifecyclePolicy", "@"),),
        delete=Op("DeleteLifecyclePolicy"),
        id="{repository}",
        key={"repositoryName": "{id}"},
        names={"repository": "repositoryName", "policy": "lifecyclePolicyText"},
        replace=("policy", "repository"),
        json=("policy",),
        delete_before_replace=True,
    ),
)
