"""Single operations that moto lacks or gets wrong, on top of moto's own state."""

from __future__ import annotations

import hashlib
import re
from typing import Any, cast

from sandbox.cloud import moto_state
from sandbox.cloud.operations import AwsError, Call, NotOurs, Operations, Record


class KmsGaps(Operations):
    """moto forgets the rotation period of a key."""

    service = "kms"

    def enable_key_rotation(self, call: Call) -> Record:
        key = self._key(call)
        period = call.get("RotationPeriodInDays", 365)
        if not 90 <= period <= 2560:
            raise AwsError("ValidationException", f"RotationPeriodInDays {period} is not between 90 and 2560")
        key.key_rotation_status, key.rotation_period = True, period
        return {}

    def get_key_rotation_status(self, call: Call) -> Record:
        key = self._key(call)
        status: Record = {"KeyId": key.arn, "KeyRotationEnabled": bool(key.key_rotation_status)}
        if key.key_rotation_status:
            status["RotationPeriodInDays"] = getattr(key, "rotation_period", 365)
        return status

    @staticmethod
    def _key(call: Call) -> Any:
        """Raises NotOurs for moto to say what is wrong with the key."""
        key = moto_state.backend("kms", call.region).keys.get(str(call["KeyId"]).rpartition("/")[2])
        if key is None or key.key_state != "Enabled":
            raise NotOurs
        return key


class LogsGaps(Operations):
    """moto cannot change the key of a log group."""

    service = "logs"

    def associate_kms_key(self, call: Call) -> Record:
        self._group(call).kms_key_id = call["kmsKeyId"]
        return {}

    def disassociate_kms_key(self, call: Call) -> Record:
        self._group(call).kms_key_id = None
        return {}

    @staticmethod
    def _group(call: Call) -> Any:
        name = call.get("logGroupName") or str(call.get("resourceIdentifier", "")).rpartition("log-group:")[2]
        group = moto_state.backend("logs", call.region).groups.get(name)
        if group is None:
            raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
        return group


class RdsGaps(Operations):
    """moto makes a subnet group twice, loses one that is modified, and cannot reset parameters."""

    service = "rds"

    def before_create_db_subnet_group(self, call: Call) -> None:
        name = call["DBSubnetGroupName"].lower()
        if name in moto_state.backend("rds", call.region).subnet_groups:
            raise AwsError("DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.")

    def modify_db_subnet_group(self, call: Call) -> Record:
        rds = moto_state.backend("rds", call.region)
        name = call["DBSubnetGroupName"].lower()
        if name not in rds.subnet_groups:
            raise AwsError("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.")
        ec2 = moto_state.backend("ec2", call.region)
        group = rds.subnet_groups[name]
        group.subnets = [ec2.get_subnet(each) for each in call["SubnetIds"]]
        group.description = call.get("DBSubnetGroupDescription", group.description)
        return {
            "DBSubnetGroup": {
                "DBSubnetGroupName": name,
                "DBSubnetGroupDescription": group.description,
                "VpcId": group.vpc_id,
                "SubnetGroupStatus": "Complete",
                "DBSubnetGroupArn": group.arn,
                "Subnets": group.subnets,
            }
        }

    def reset_db_parameter_group(self, call: Call) -> Record:
        name = call["DBParameterGroupName"]
        group: Any = moto_state.backend("rds", call.region).db_parameter_groups.get(name)
        if group is None:
            raise AwsError("DBParameterGroupNotFoundFault", f"DBParameterGroup not found: {name}")
        wanted = [each["ParameterName"] for each in cast("list[Record]", call.get("Parameters", []))]
        for parameter in list(group.parameters) if call.get("ResetAllParameters") else wanted:
            group.parameters.pop(parameter, None)
        return {"DBParameterGroupName": name}

    def after_create_db_instance(self, call: Call) -> None:
        self._complete(call, call.params)

    def after_create_db_instance_read_replica(self, call: Call) -> None:
        # moto gives a replica its source's settings; on AWS these begin with what the request says.
        apart: Record = {
            "BackupRetentionPeriod": 0,
            "EnableCloudwatchLogsExports": [],
            "EnablePerformanceInsights": False,
        }
        replica = self._complete(call, apart | call.params)
        replica.backup_retention_period = call.get("BackupRetentionPeriod", 0)
        replica.enabled_cloudwatch_logs_exports = call.get("EnableCloudwatchLogsExports", [])
        replica.deletion_protection = call.get("DeletionProtection", False)
        if "Tags" in call.params:
            replica.tags = call["Tags"]

    def after_modify_db_instance(self, call: Call) -> None:
        self._complete(call, call.params)

    @staticmethod
    def _complete(call: Call, params: Record) -> Any:
        """Keep what moto does not: an id of its own for each instance, and Performance Insights."""
        name = call["DBInstanceIdentifier"].lower()
        instance: Any = moto_state.backend("rds", call.region).databases[name]
        # Switching on a log that is on already gives it twice.
        instance.enabled_cloudwatch_logs_exports = list(dict.fromkeys(instance.enabled_cloudwatch_logs_exports))
        instance.dbi_resource_id = f"db-{hashlib.sha256(instance.arn.encode()).hexdigest()[:26].upper()}"
        if "EnablePerformanceInsights" in params:
            enabled = bool(params["EnablePerformanceInsights"])
            instance.performance_insights_enabled = enabled
            instance.performance_insights_retention_period = (
                params.get("PerformanceInsightsRetentionPeriod", 7) if enabled else None
            )
        if "PerformanceInsightsKMSKeyId" in params:
            instance.performance_insights_kms_key_id = params["PerformanceInsightsKMSKeyId"]
        return instance


class Ec2Gaps(Operations):
    """moto forgets the description of a rule that names another security group, and what goes with a deletion."""

    service = "ec2"

    def after_delete_vpc(self, call: Call) -> None:
        acls = moto_state.backend("ec2", call.region).network_acls
        for name in [name for name, acl in acls.items() if acl.vpc_id == call["VpcId"]]:
            del acls[name]

    def after_delete_nat_gateway(self, call: Call) -> None:
        ec2 = moto_state.backend("ec2", call.region)
        ec2.enis.pop(ec2.nat_gateways[call["NatGatewayId"]]._eni.id, None)

    def after_authorize_security_group_ingress(self, call: Call) -> None:
        self._describe(call, "ingress_rules")

    def after_authorize_security_group_egress(self, call: Call) -> None:
        self._describe(call, "egress_rules")

    @staticmethod
    def _describe(call: Call, kind: str) -> None:
        group: Any = moto_state.backend("ec2", call.region).get_security_group_from_id(call.get("GroupId", ""))
        for permission in call.get("IpPermissions", []) if group is not None else ():
            for pair in permission.get("UserIdGroupPairs", []):
                for rule in getattr(group, kind):
                    source: Any = rule.source_group or {}
                    ports = (rule.ip_protocol, rule.from_port, rule.to_port)
                    asked = tuple(permission.get(key) for key in ("IpProtocol", "FromPort", "ToPort"))
                    if source.get("GroupId") == pair.get("GroupId") and _same_ports(ports, asked):
                        rule.ip_range["Description"] = pair.get("Description", "")


class SsmGaps(Operations):
    """The public parameters with EKS's node images, which moto has for old versions only."""

    service = "ssm"
    _images = re.compile(
        r"/aws/service/(eks/optimized-ami|bottlerocket)/[^\s]+/(image_id|release_version|image_version)"
    )

    def __init__(self, version: str) -> None:
        self._version = version

    def get_parameter(self, call: Call) -> Record:
        name = str(call["Name"])
        found = self._images.fullmatch(name)
        if found is None or f"{self._version}/" not in name.replace(f"-{self._version}/", f"/{self._version}/"):
            raise NotOurs
        image = f"ami-{hashlib.sha256(name.encode()).hexdigest()[:17]}"
        value = image if found[2] == "image_id" else f"{self._version}.0-20261110"
        return {
            "Parameter": {
                "Name": name,
                "Type": "String",
                "Value": value,
                "Version": 1,
                "ARN": f"arn:aws:ssm:{call.region}::parameter{name}",
                "DataType": "text",
            }
        }


def _same_ports(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return [str(value) for value in one] == [str(value) for value in other]
