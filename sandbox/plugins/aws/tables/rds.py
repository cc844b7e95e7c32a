"""RDS: subnet groups, parameter groups, instances and read replicas."""

from __future__ import annotations

from typing import Any

from sandbox.plugins.aws.context import Context
from sandbox.plugins.aws.table import AutoName, Op, Read, Resource, Tags, Wait, words
from sandbox.plugins.aws.tables.elasticache import parameters
from sandbox.plugins.protocol import ProviderError


def _tags(arn: str) -> Tags:
    return Tags("AddTagsToResource", "RemoveTagsFromResource", arn)


def _read_tags(arn: str) -> Read:
    return Read("ListTagsForResource", "TagList", {"ResourceName": arn}, into="Tags")


def _set_parameters(values: dict[str, Any]) -> dict[str, Any] | None:
    return parameters("Parameters", values)


def _final_snapshot(context: Context) -> None:
    """RDS keeps a last snapshot unless told not to; a replica has none."""
    props = context.props
    props["skipSnapshot"] = bool(props.get("skipFinalSnapshot")) or bool(props.get("replicateSourceDb"))
    if props["skipSnapshot"]:
        props.pop("finalSnapshotIdentifier", None)
    elif not props.get("finalSnapshotIdentifier"):
        raise ProviderError(f"{context.call.name}: finalSnapshotIdentifier is required when skipFinalSnapshot is false")


def _apply_now(context: Context) -> None:
    """What creation itself can't carry belongs to it, and does not wait for the maintenance window."""
    context.props["applyImmediately"] = True


def _instance_rules(inputs: dict[str, Any]) -> list[tuple[str, str]]:
    problems: list[tuple[str, str]] = []
    replica = inputs.get("replicateSourceDb") is not None
    if not replica:
        problems += [(name, "is required") for name in ("engine",) if not inputs.get(name)]
    for name in ("dbName", "username", "password"):
        if replica and inputs.get(name) is not None:
            problems.append((name, "can't be set beside replicateSourceDb"))
    if inputs.get("password") is not None and inputs.get("manageMasterUserPassword") is True:
        problems.append(("password", "can't be set beside manageMasterUserPassword"))
    return problems


_NAMES = {
    "identifier": "DBInstanceIdentifier",
    "instanceClass": "DBInstanceClass",
    "username": "MasterUsername",
    "password": "MasterUserPassword",
    "parameterGroupName": "DBParameterGroupName",
    "backupWindow": "PreferredBackupWindow",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "caCertIdentifier": "CACertificateIdentifier",
    "replicateSourceDb": "SourceDBInstanceIdentifier",
    "customerOwnedIpEnabled": "EnableCustomerOwnedIp",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
}

RESOURCES = (
    Resource(
        token="aws:rds/subnetGroup:SubnetGroup",
        service="rds",
        create=Op("CreateDBSubnetGroup"),
        read=(Read("DescribeDBSubnetGroups", "DBSubnetGroups[0]"), _read_tags("{live.DBSubnetGroupArn}")),
        update=(Op("ModifyDBSubnetGroup", whole=True),),
        delete=Op("DeleteDBSubnetGroup"),
        id="DBSubnetGroup.DBSubnetGroupName",
        key={"DBSubnetGroupName": "{id}"},
        names={"name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription", "arn": "DBSubnetGroupArn"},
        outputs={"subnetIds": "Subnets[].SubnetIdentifier"},
        tags=_tags("{live.DBSubnetGroupArn}"),
        replace=("name", "namePrefix"),
        defaults={"description": "Managed by Pulumi"},
        local=("namePrefix",),
        autoname=AutoName(lower=True),
    ),
    Resource(
        token="aws:rds/parameterGroup:ParameterGroup",
        service="rds",
        create=Op("CreateDBParameterGroup"),
        read=(
            Read("DescribeDBParameterGroups", "DBParameterGroups[0]"),
            Read(
                "DescribeDBParameters",
                "Parameters[?ParameterValue].{name: ParameterName, value: ParameterValue, applyMethod: ApplyMethod}",
                {"Source": "user"},
                into="Parameters",
            ),
            _read_tags("{live.DBParameterGroupArn}"),
        ),
        update=(
            Op(
                "ModifyDBParameterGroup",
                takes=(),
                encode=_set_parameters,
                consumes=("parameters",),
                reset="ResetDBParameterGroup",
            ),
        ),
        delete=Op("DeleteDBParameterGroup"),
        id="DBParameterGroup.DBParameterGroupName",
        key={"DBParameterGroupName": "{id}"},
        names={
            "name": "DBParameterGroupName",
            "family": "DBParameterGroupFamily",
            "arn": "DBParameterGroupArn",
        },
        tags=_tags("{live.DBParameterGroupArn}"),
        replace=("description", "family", "name", "namePrefix"),
        defaults={"description": "Managed by Pulumi", "parameters.applyMethod": "immediate", "skipDestroy": False},
        local=("namePrefix", "skipDestroy"),
        autoname=AutoName(lower=True),
    ),
    Resource(
        token="aws:rds/instance:Instance",
        service="rds",
        create=Op("CreateDBInstance"),
        create_by={"replicateSourceDb": Op("CreateDBInstanceReadReplica")},
        read=(Read("DescribeDBInstances", "DBInstances[0]"),),
        update=(
            Op(
                "PromoteReadReplica",
                takes=(),
                consumes=("replicateSourceDb",),
                encode=lambda values: None if values["replicateSourceDb"] else {},
            ),
            Op(
                "ModifyDBInstance",
                {"ApplyImmediately": "{applyImmediately}", "AllowMajorVersionUpgrade": "{allowMajorVersionUpgrade}"},
                names={"port": "DBPortNumber", "identifier": "NewDBInstanceIdentifier"},
                deltas={
                    "enabledCloudwatchLogsExports": (
                        "CloudwatchLogsExportConfiguration.EnableLogTypes",
                        "CloudwatchLogsExportConfiguration.DisableLogTypes",
                    )
                },
            ),
        ),
        after_create=_apply_now,
        before_delete=_final_snapshot,
        delete=Op(
            "DeleteDBInstance",
            {
                "SkipFinalSnapshot": "{skipSnapshot}",
                "FinalDBSnapshotIdentifier": "{finalSnapshotIdentifier}",
                "DeleteAutomatedBackups": "{deleteAutomatedBackups}",
            },
        ),
        id="DBInstance.DbiResourceId",
        key={"DBInstanceIdentifier": "{identifier}"},
        importing="{identifier}",
        live_id="DbiResourceId",
        names=_NAMES,
        outputs={
            "arn": "DBInstanceArn",
            "address": "Endpoint.Address",
            "port": "Endpoint.Port",
            "endpoint": "Endpoint.Address && join(':', [Endpoint.Address, to_string(Endpoint.Port)]) || null",
            "hostedZoneId": "Endpoint.HostedZoneId",
            "status": "DBInstanceStatus",
            "resourceId": "DbiResourceId",
            "dbSubnetGroupName": "DBSubnetGroup.DBSubnetGroupName",
            "parameterGroupName": "DBParameterGroups[0].DBParameterGroupName",
            "optionGroupName": "OptionGroupMemberships[0].OptionGroupName",
            "vpcSecurityGroupIds": "VpcSecurityGroups[].VpcSecurityGroupId",
            "replicateSourceDb": "ReadReplicaSourceDBInstanceIdentifier",
            "replicas": "ReadReplicaDBInstanceIdentifiers",
            "engineVersionActual": "EngineVersion",
            "iamDatabaseAuthenticationEnabled": "IAMDatabaseAuthenticationEnabled",
            "performanceInsightsEnabled": "PerformanceInsightsEnabled",
            "enabledCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
            "password": "`null`",
            # moto's is the time of the question, another one at each refresh. Nothing is backed up here.
            "latestRestorableTime": "InstanceCreateTime",
        },
        tags=_tags("{live.DBInstanceArn}"),
        replace=words(
            "availabilityZone backupTarget characterSetName customIamInstanceProfile dbName engine kmsKeyId "
            "ncharCharacterSetName storageEncrypted timezone username"
        ),
        computed=words(
            "allocatedStorage availabilityZone backupRetentionPeriod backupTarget backupWindow caCertIdentifier "
            "characterSetName databaseInsightsMode dbName dbSubnetGroupName engine engineLifecycleSupport "
            "engineVersion identifier iops kmsKeyId licenseModel maintenanceWindow masterUserSecretKmsKeyId "
            "monitoringRoleArn multiAz networkType optionGroupName parameterGroupName performanceInsightsKmsKeyId "
            "performanceInsightsRetentionPeriod port replicaMode storageThroughput storageType timezone username "
            "vpcSecurityGroupIds"
        ),
        recomputed=("engineVersionActual", "status"),
        late=words("allocatedStorage engineVersion instanceClass iops multiAz port storageThroughput storageType"),
        defaults={
            "applyImmediately": False,
            "autoMinorVersionUpgrade": True,
            "copyTagsToSnapshot": False,
            "dedicatedLogVolume": False,
            "deleteAutomatedBackups": True,
            "monitoringInterval": 0,
            "performanceInsightsEnabled": False,
            "publiclyAccessible": False,
            "skipFinalSnapshot": False,
        },
        local=words(
            "allowMajorVersionUpgrade applyImmediately deleteAutomatedBackups finalSnapshotIdentifier "
            "identifierPrefix skipFinalSnapshot"
        ),
        autoname=AutoName("identifier", length=63),
        same={"maintenanceWindow": lambda old, new: str(old).lower() == str(new).lower()},
        reads_as={
            "engineVersion": lambda live, given: str(live).startswith(f"{given}."),
            "replicateSourceDb": lambda live, given: str(given).endswith(str(live)),
        },
        secret=("password",),
        check=_instance_rules,
        wait=Wait(
            "DBInstanceStatus",
            ("available", "storage-optimization"),
            ("failed", "incompatible-parameters", "incompatible-network", "storage-full"),
            timeout=4800,
        ),
    ),
)
