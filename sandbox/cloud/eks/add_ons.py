"""EKS add-ons: the API operations."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any, cast

import yaml

from sandbox.cloud import moto_state
from sandbox.cloud.eks.pod_identities import new_association
from sandbox.cloud.eks.state import OWN_KEYS, Cluster, Clusters
from sandbox.cloud.operations import AwsError, Call, Operations, Record, now, page
from sandbox.stand_ins.table import STAND_INS, StandIn

ADD_ONS: Mapping[str, StandIn] = STAND_INS
"""The add-ons that there are, each with the version that is the default and its namespace."""
SELF_MANAGED = ("vpc-cni", "kube-proxy", "coredns")
"""What EKS puts into a new cluster unless bootstrapSelfManagedAddons is false."""


class AddOnOperations(Operations):
    """CreateAddon and its kin. An add-on's status follows its stand-ins: ACTIVE once they are available."""

    service = "eks"

    def __init__(self, clusters: Clusters, wake: Callable[[], None]) -> None:
        """``wake`` tells the simulation of add-ons that something changed."""
        self._clusters = clusters
        self._wake = wake

    def create_addon(self, call: Call) -> Record:
        cluster = self._clusters.of(call)
        cluster.require_active()
        name = call["addonName"]
        with self._clusters.lock:
            if name in cluster.add_ons:
                raise AwsError(
                    "ResourceInUseException", "Addon already exists.", clusterName=cluster.name, addonName=name
                )
            default = _known(name)
            _check(call)
            record: Record = {
                "addonName": name,
                "clusterName": cluster.name,
                "status": "CREATING",
                "addonVersion": call.get("addonVersion", default.version),
                "health": {"issues": []},
                "addonArn": cluster.arn("addon", name, str(uuid.uuid4())),
                "createdAt": now(),
                "modifiedAt": now(),
                "tags": call.get("tags", {}),
                "owner": "aws",
                "publisher": "eks",
                "namespaceConfig": call.get("namespaceConfig", {"namespace": default.namespace}),
                OWN_KEYS: {"applied": False, "deadline": None},
            }
            for key in ("serviceAccountRoleArn", "configurationValues"):
                if key in call.params:
                    record[key] = call[key]
            self._associate(cluster, record, call)
            cluster.add_ons[name] = record
        self._wake()
        return {"addon": record}

    def describe_addon(self, call: Call) -> Record:
        return {"addon": self._clusters.of(call).add_on(call["addonName"])}

    def list_addons(self, call: Call) -> Record:
        return page(sorted(self._clusters.of(call).add_ons), call, "addons")

    def update_addon(self, call: Call) -> Record:
        cluster = self._clusters.of(call)
        record = cluster.add_on(call["addonName"])
        _check(call)
        params: Record = {}
        with self._clusters.lock:
            for key, param in (
                ("addonVersion", "AddonVersion"),
                ("serviceAccountRoleArn", "ServiceAccountRoleArn"),
                ("configurationValues", "ConfigurationValues"),
            ):
                if key in call.params:
                    record[key] = params[param] = call[key]
            self._associate(cluster, record, call)
            record |= {"status": "UPDATING", "modifiedAt": now(), OWN_KEYS: {"applied": False, "deadline": None}}
        self._wake()
        return {"update": cluster.add_update("AddonUpdate", params)}

    def delete_addon(self, call: Call) -> Record:
        """With ``preserve`` the software stays in the cluster, and only EKS forgets about it."""
        cluster = self._clusters.of(call)
        record = cluster.add_on(call["addonName"])
        with self._clusters.lock:
            for association in record.get("podIdentityAssociations", []):
                cluster.pod_identities.pop(association.rpartition("/")[2], None)
            if call.get("preserve"):
                del cluster.add_ons[call["addonName"]]
            record["status"] = "DELETING"
        self._wake()
        return {"addon": record}

    def describe_addon_versions(self, call: Call) -> Record:
        """One version for each add-on: the default."""
        wanted = call.get("addonName")
        names = [wanted] if wanted in ADD_ONS else [] if wanted else sorted(ADD_ONS)
        version = call.get("kubernetesVersion")
        compatibilities = [{"clusterVersion": version, "platformVersions": ["*"], "defaultVersion": True}]
        infos: list[Record] = [
            {
                "addonName": name,
                "type": "infra-management",
                "owner": "aws",
                "publisher": "eks",
                "defaultNamespace": ADD_ONS[name].namespace,
                "addonVersions": [
                    {
                        "addonVersion": ADD_ONS[name].version,
                        "architecture": ["amd64", "arm64"],
                        "compatibilities": compatibilities if version else [],
                        "requiresConfiguration": False,
                    }
                ],
            }
            for name in names
        ]
        return page(infos, call, "addons")

    def _associate(self, cluster: Cluster, record: Record, call: Call) -> None:
        """Make the pod identity associations that an add-on owns, in place of those that it had."""
        if "podIdentityAssociations" not in call.params:
            return
        for old in record.get("podIdentityAssociations", []):
            cluster.pod_identities.pop(old.rpartition("/")[2], None)
        record["podIdentityAssociations"] = [
            new_association(
                cluster,
                record["namespaceConfig"]["namespace"],
                each["serviceAccount"],
                each["roleArn"],
                ownerArn=record["addonArn"],
            )["associationArn"]
            for each in cast("list[Record]", call["podIdentityAssociations"])
        ]


def configuration(record: Record) -> dict[str, Any]:
    """The add-on's configuration values."""
    return yaml.safe_load(record.get("configurationValues") or "{}") or {}


def _known(name: str) -> StandIn:
    if name not in ADD_ONS:
        raise AwsError(
            "InvalidParameterException",
            f"Addon {name} specified is not supported. The sandbox has: {', '.join(ADD_ONS)}",
            addonName=name,
        )
    return ADD_ONS[name]


def _check(call: Call) -> None:
    name, version = call["addonName"], call.get("addonVersion")
    if version and not re.fullmatch(r"v\d+\.\d+\.\d+-eksbuild\.\d+", version):
        raise AwsError(
            "InvalidParameterException",
            f"Addon version specified is not supported: {version!r} is not of the form v1.2.3-eksbuild.4",
            addonName=name,
        )
    if "serviceAccountRoleArn" in call.params:
        moto_state.require_role(call["serviceAccountRoleArn"])
    try:
        values: Any = yaml.safe_load(call.get("configurationValues") or "{}")
    except yaml.YAMLError as error:
        values = error
    if not isinstance(values, dict | None):
        raise AwsError(
            "InvalidParameterException",
            f"ConfigurationValue provided in request is neither a JSON nor a YAML object: {values}",
            addonName=name,
        )
