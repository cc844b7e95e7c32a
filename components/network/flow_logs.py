"""A record of the traffic of a VPC."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.bounds import check_retention_days
from components.identity import ServiceRole, ServiceRoleArgs, allow, policy_document, service_trust
from components.removal import RemovalPolicy


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowLogsArgs:
    """Inputs of FlowLogs. Raises Refusal when CloudWatch Logs does not know the retention."""

    vpc_id: pulumi.Input[str]
    log_key_arn: pulumi.Input[str]
    """Key that CloudWatch Logs may use."""
    retention_days: int = 90
    removal_policy: RemovalPolicy = RemovalPolicy.RETAIN

    def __post_init__(self) -> None:
        check_retention_days("retention_days", self.retention_days)


class FlowLogs(pulumi.ComponentResource):
    """Accepted and refused traffic of a VPC, in an encrypted log group."""

    log_group_arn: pulumi.Output[str]

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:network:FlowLogs", name, None, opts)
        account = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=self)).account_id
        group = aws.cloudwatch.LogGroup(
            f"{name}-group",
            retention_in_days=args.retention_days,
            kms_key_id=args.log_key_arn,
            opts=args.removal_policy.data(self),
        )
        role = ServiceRole(
            f"{name}-writer",
            ServiceRoleArgs(
                description="VPC flow logs write to their log group",
                trust=service_trust("vpc-flow-logs.amazonaws.com", account=account),
                policies={
                    "write": policy_document(
                        allow(
                            ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                            [group.arn, pulumi.Output.concat(group.arn, ":*")],
                        ),
                        # This action knows no narrower resource.
                        allow(["logs:DescribeLogGroups"], ["*"]),
                    )
                },
            ),
            pulumi.ResourceOptions(parent=self),
        )
        aws.ec2.FlowLog(
            f"{name}-record",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.role_arn,
            max_aggregation_interval=600,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role]),
        )
        self.log_group_arn = group.arn
        self.register_outputs({"log_group_arn": self.log_group_arn})
