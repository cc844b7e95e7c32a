"""Rules for RDS' instances and parameter groups: what AWS refuses, and what waits for the maintenance window."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast

from moto.core.parse import XFormedDict

from sandbox.cloud import moto_state
from sandbox.cloud.gaps import RdsGaps
from sandbox.cloud.operations import AwsError, Call, NotOurs, Operations, Record
from sandbox.cloud.rds import parameters

_WAITING = {
    # parameter -> its name among the pending values
    "AllocatedStorage": "AllocatedStorage",
    "CACertificateIdentifier": "CACertificateIdentifier",
    "DBInstanceClass": "DBInstanceClass",
    "DBPortNumber": "Port",
    "EngineVersion": "EngineVersion",
    "Iops": "Iops",
    "MultiAZ": "MultiAZ",
    "StorageThroughput": "StorageThroughput",
    "StorageType": "StorageType",
}
"""What waits for the maintenance window unless it is to be applied at once. In the sandbox no window ever comes."""


class RdsRules(Operations):
    """ModifyDBInstance with its rules, and the rules that moto lacks in front of its own operations."""

    service = "rds"

    def create_db_instance(self, call: Call) -> Record:
        group, version = call.get("DBParameterGroupName"), str(call.get("EngineVersion") or "")
        if group and call["Engine"] == "postgres" and version:
            _check_family(call, group, _major(version))
        raise NotOurs

    def modify_db_instance(self, call: Call) -> Record:
        rds = moto_state.backend("rds", call.region)
        instance: Any = rds.databases.get(call["DBInstanceIdentifier"].lower())
        if instance is None or instance.engine != "postgres":
            raise NotOurs
        at_once = bool(call.get("ApplyImmediately"))
        waiting: Record = getattr(instance, "waiting", {})
        params: Record = {**waiting, **call.params} if at_once else dict(call.params)
        upgrades = _major(str(params.get("EngineVersion", instance.engine_version))) != _major(instance.engine_version)
        self._check(call, instance, params, upgrades=upgrades)
        group = ("DBParameterGroupName",) if upgrades else ()
        late = () if at_once else (*_WAITING, *group)
        kept = {name: params.pop(name) for name in late if name in params and not _has(instance, name, params[name])}
        instance.waiting = {} if at_once else {**waiting, **kept}
        instance.pending_modified_values = {
            _WAITING[name]: value for name, value in instance.waiting.items() if name in _WAITING
        }
        if "PreferredMaintenanceWindow" in params:
            params["PreferredMaintenanceWindow"] = params["PreferredMaintenanceWindow"].lower()
        changed = rds.modify_db_instance(call["DBInstanceIdentifier"], XFormedDict(params))
        if "DBPortNumber" in params:
            instance.port = params["DBPortNumber"]
        RdsGaps().after_modify_db_instance(replace(call, params=params))
        if upgrades and at_once:
            for name in instance.replicas:
                replica = rds.databases[str(name).rpartition(":")[2]]
                replica.engine_version = instance.engine_version
                replica.db_parameter_group_name = f"default.postgres{_major(instance.engine_version)}"
        return {"DBInstance": changed}

    def modify_db_parameter_group(self, call: Call) -> Record:
        for entry in cast("Iterable[Record]", call["Parameters"]):
            parameters.check(str(entry["ParameterName"]), str(entry.get("ApplyMethod", "immediate")))
        raise NotOurs

    def delete_db_parameter_group(self, call: Call) -> Record:
        name = call["DBParameterGroupName"].lower()
        instances = moto_state.backend("rds", call.region).databases.values()
        if any(instance.db_parameter_group_name == name for instance in instances):
            raise AwsError(
                "InvalidDBParameterGroupState",
                f"One or more database instances are still members of this parameter group {name}, so the group cannot "
                "be deleted",
            )
        raise NotOurs

    @staticmethod
    def _check(call: Call, instance: Any, params: Record, *, upgrades: bool) -> None:
        version, group = str(params.get("EngineVersion", instance.engine_version)), params.get("DBParameterGroupName")
        if upgrades:
            if int(_major(version)) < int(_major(instance.engine_version)):
                raise AwsError(
                    "InvalidParameterCombination",
                    f"Cannot upgrade postgres from {instance.engine_version} to {version}",
                )
            if not params.get("AllowMajorVersionUpgrade"):
                raise AwsError(
                    "InvalidParameterCombination",
                    "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.",
                )
            if instance.source_db_instance_identifier is not None:
                raise AwsError("InvalidParameterCombination", "A read replica is upgraded with its source only")
            current = instance.db_parameter_group_name or "default."
            if group is None and not current.startswith("default."):
                raise AwsError(
                    "InvalidParameterCombination",
                    f"The current DB instance parameter group {current} is non-default. You need to explicitly specify "
                    "a new DB instance parameter group in this case (default or custom) for the engine version upgrade",
                )
        if group:
            _check_family(call, group, _major(version))


def _check_family(call: Call, name: str, major: str) -> None:
    group: Any = moto_state.backend("rds", call.region).db_parameter_groups.get(name.lower())
    if group is not None and group.family != f"postgres{major}":
        raise AwsError(
            "InvalidParameterCombination",
            f"The parameter group {name} with DBParameterGroupFamily {group.family} can't be used for this instance. "
            f"Please use a parameter group with DBParameterGroupFamily postgres{major}",
        )


def _major(version: str) -> str:
    return version.partition(".")[0]


def _has(instance: Any, parameter: str, value: Any) -> bool:
    """Whether the instance is so already: then nothing waits."""
    attribute = {
        "AllocatedStorage": "allocated_storage",
        "DBInstanceClass": "db_instance_class",
        "DBPortNumber": "port",
        "EngineVersion": "engine_version",
        "Iops": "iops",
        "MultiAZ": "multi_az",
        "StorageType": "storage_type",
    }.get(parameter)
    return attribute is not None and getattr(instance, attribute, None) == value
