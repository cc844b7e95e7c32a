"""CloudWatch Logs."""

from __future__ import annotations

from sandbox.plugins.aws.table import AutoName, Op, Read, Resource, Tags, Text

RESOURCES = (
    Resource(
        token="aws:cloudwatch/logGroup:LogGroup",
        service="logs",
        create=Op("CreateLogGroup"),
        read=(
            Read("DescribeLogGroups", "logGroups[?logGroupName == '{id}'] | [0]", {"logGroupNamePrefix": "{id}"}),
            Read(
                "ListTagsForResource",
                "tags",
                {"resourceArn": "arn:{partition}:logs:{region}:{account}:log-group:{id}"},
                into="tags",
            ),
        ),
        update=(
            Op("PutRetentionPolicy", takes=("retentionInDays",), clear="DeleteRetentionPolicy"),
            Op("AssociateKmsKey", takes=("kmsKeyId",), clear="DisassociateKmsKey"),
        ),
        delete=Op("DeleteLogGroup"),
        id="{name}",
        key={"logGroupName": "{id}"},
        names={"name": "logGroupName"},
        outputs={
            "arn": Text("arn:{partition}:logs:{region}:{account}:log-group:{id}"),
            "retentionInDays": "retentionInDays || `0`",
        },
        tags=Tags(on="arn:{partition}:logs:{region}:{account}:log-group:{id}"),
        replace=("name", "namePrefix", "logGroupClass"),
        computed=("logGroupClass",),
        defaults={"retentionInDays": 0, "skipDestroy": False},
        initial={"retentionInDays": 0},
        local=("namePrefix", "skipDestroy"),
        autoname=AutoName(),
    ),
)
