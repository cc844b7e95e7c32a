"""EKS managed node groups: the API operations. The nodes themselves come from ``sandbox.cloud.nodes``."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, cast

from sandbox.cloud import moto_state
from sandbox.cloud.eks.state import Clusters
from sandbox.cloud.operations import AwsError, Call, Operations, Record, now, page

_RELEASE = "20261110"
"""The date in the node images' release version."""


class NodeGroupOperations(Operations):
    """CreateNodegroup and its kin. A group's status follows its nodes: ACTIVE once they are as asked."""

    service = "eks"

    def __init__(self, clusters: Clusters, wake: Callable[[], None]) -> None:
        """``wake`` tells the simulation of nodes that something changed."""
        self._clusters = clusters
        self._wake = wake

    def create_nodegroup(self, call: Call) -> Record:
        cluster = self._clusters.of(call)
        cluster.require_active()
        name = call["nodegroupName"]
        with self._clusters.lock:
            if name in cluster.node_groups:
                raise AwsError(
                    "ResourceInUseException",
                    f"NodeGroup already exists with name {name} and cluster name {cluster.name}",
                    clusterName=cluster.name,
                    nodegroupName=name,
                )
            moto_state.require_role(call["nodeRole"])
            if not call["subnets"]:
                raise AwsError("InvalidParameterException", "Subnets are not specified")
            vpcs = {moto_state.subnet(call.region, each).vpc_id for each in call["subnets"]}
            if vpcs != {cluster.record["resourcesVpcConfig"]["vpcId"]}:
                raise AwsError("InvalidParameterException", "Subnets are not in the cluster's VPC")
            record = self._describe_new(call, cluster.record["version"], cluster.arn("nodegroup", name))
            cluster.node_groups[name] = record
        self._wake()
        return {"nodegroup": record}

    def describe_nodegroup(self, call: Call) -> Record:
        return {"nodegroup": self._clusters.of(call).node_group(call["nodegroupName"])}

    def list_nodegroups(self, call: Call) -> Record:
        return page(sorted(self._clusters.of(call).node_groups), call, "nodegroups")

    def delete_nodegroup(self, call: Call) -> Record:
        record = self._clusters.of(call).node_group(call["nodegroupName"])
        record["status"] = "DELETING"
        self._wake()
        return {"nodegroup": record}

    def update_nodegroup_config(self, call: Call) -> Record:
        cluster = self._clusters.of(call)
        record = cluster.node_group(call["nodegroupName"])
        _require_idle(record)
        params: Record = {}
        with self._clusters.lock:
            if "scalingConfig" in call.params:
                scaling = {**record["scalingConfig"], **call["scalingConfig"]}
                _check_scaling(scaling)
                record["scalingConfig"] = scaling
                params |= {key[0].upper() + key[1:]: value for key, value in call["scalingConfig"].items()}
            labels = cast("Record", call.get("labels", {}))
            for key in cast("list[str]", labels.get("removeLabels", [])):
                record["labels"].pop(key, None)
            record["labels"].update(labels.get("addOrUpdateLabels", {}))
            _update_taints(record, call.get("taints", {}))
            for key in ("updateConfig", "nodeRepairConfig"):
                if key in call.params:
                    record[key] = call[key]
            params |= {"LabelsToAdd": labels.get("addOrUpdateLabels"), "TaintsToAdd": call.get("taints")}
            self._start(record)
        return {"update": cluster.add_update("ConfigUpdate", params)}

    def update_nodegroup_version(self, call: Call) -> Record:
        """A new launch template version or release: the nodes are replaced."""
        cluster = self._clusters.of(call)
        record = cluster.node_group(call["nodegroupName"])
        _require_idle(record)
        version = call.get("version", record["version"])
        if version != cluster.record["version"]:
            raise AwsError(
                "InvalidParameterException",
                f"The node group's version {version} must be the cluster's, {cluster.record['version']}",
            )
        with self._clusters.lock:
            if "launchTemplate" in call.params:
                if "launchTemplate" not in record:
                    raise AwsError(
                        "InvalidParameterException",
                        "A node group made without a launch template cannot be given one",
                    )
                template = moto_state.launch_template(call.region, call["launchTemplate"])
                if template.id != record["launchTemplate"]["id"]:
                    raise AwsError("InvalidParameterException", "The launch template itself cannot be changed")
                record["launchTemplate"] = {"id": template.id, "name": template.name, "version": template.version}
            record["version"] = version
            record["releaseVersion"] = call.get("releaseVersion", record["releaseVersion"])
            self._start(record)
        return {"update": cluster.add_update("VersionUpdate", {"Version": version})}

    # Inside

    def _start(self, record: Record) -> None:
        record["status"] = "UPDATING"
        record["modifiedAt"] = now()
        self._wake()

    def _describe_new(self, call: Call, version: str, arn: str) -> Record:
        if call.get("version", version) != version:
            raise AwsError("InvalidParameterException", f"The node group's version must be the cluster's, {version}")
        identity = str(uuid.uuid4())
        record: Record = {
            "nodegroupName": call["nodegroupName"],
            "nodegroupArn": f"{arn}/{identity}",
            "clusterName": call["clusterName"],
            "version": version,
            "createdAt": now(),
            "modifiedAt": now(),
            "status": "CREATING",
            "capacityType": call.get("capacityType", "ON_DEMAND"),
            "scalingConfig": {"minSize": 1, "maxSize": 2, "desiredSize": 2, **call.get("scalingConfig", {})},
            "subnets": call["subnets"],
            "nodeRole": call["nodeRole"],
            "labels": call.get("labels", {}),
            "taints": call.get("taints", []),
            "resources": {"autoScalingGroups": [{"name": f"eks-{call['nodegroupName']}-{identity}"}]},
            "health": {"issues": []},
            "updateConfig": call.get("updateConfig", {"maxUnavailable": 1}),
            "tags": call.get("tags", {}),
        }
        for key in ("nodeRepairConfig", "remoteAccess"):
            if key in call.params:
                record[key] = call[key]
        _check_scaling(record["scalingConfig"])
        return record | _machines(call, version)


def _machines(call: Call, version: str) -> Record:
    """What the group's machines are: from the launch template, the request or the defaults."""
    types = cast("list[str]", call.get("instanceTypes", []))
    machines: Record = {}
    if "launchTemplate" in call.params:
        if "diskSize" in call.params or "remoteAccess" in call.params:
            wrong = "diskSize" if "diskSize" in call.params else "remoteAccess"
            raise AwsError("InvalidParameterException", f"{wrong} must be specified within the launch template")
        template = moto_state.launch_template(call.region, call["launchTemplate"])
        if template.instance_type and types:
            raise AwsError(
                "InvalidParameterException",
                "Instance types cannot be specified in both the request and the launch template",
            )
        machines["launchTemplate"] = {"id": template.id, "name": template.name, "version": template.version}
        effective = [template.instance_type] if template.instance_type else types or ["t3.medium"]
        if not template.instance_type:
            machines["instanceTypes"] = effective
        custom = template.image_id is not None
    else:
        effective = types or ["t3.medium"]
        machines |= {"instanceTypes": effective, "diskSize": call.get("diskSize", 20)}
        custom = False
    architectures = {moto_state.instance_type(each).architecture for each in effective}
    if len(architectures) > 1:
        raise AwsError("InvalidParameterException", f"Instance types of two architectures: {', '.join(effective)}")
    standard = "AL2023_ARM_64_STANDARD" if architectures == {"arm64"} else "AL2023_x86_64_STANDARD"
    machines["amiType"] = "CUSTOM" if custom else call.get("amiType", standard)
    if not custom and ("ARM" in machines["amiType"].upper()) != (architectures == {"arm64"}):
        raise AwsError(
            "InvalidParameterException", f"{', '.join(effective)} cannot run images of type {machines['amiType']}"
        )
    return machines | {"releaseVersion": call.get("releaseVersion", f"{version}.0-{_RELEASE}")}


def _check_scaling(scaling: Record) -> None:
    smallest, desired, biggest = scaling["minSize"], scaling["desiredSize"], scaling["maxSize"]
    problem = None
    if smallest > biggest:
        problem = f"Minimum capacity {smallest} can't be greater than maximum capacity {biggest}"
    elif desired < smallest:
        problem = f"Minimum capacity {smallest} can't be greater than desired size {desired}"
    elif desired > biggest:
        problem = f"desired capacity {desired} can't be greater than max size {biggest}"
    if problem:
        raise AwsError("InvalidParameterException", problem)


def _update_taints(record: Record, change: Any) -> None:
    def same(one: Record, other: Record) -> bool:
        return (one.get("key"), one.get("effect")) == (other.get("key"), other.get("effect"))

    gone = [*change.get("removeTaints", []), *change.get("addOrUpdateTaints", [])]
    kept = [taint for taint in record["taints"] if not any(same(taint, each) for each in gone)]
    record["taints"] = kept + change.get("addOrUpdateTaints", [])


def _require_idle(record: Record) -> None:
    if record["status"] != "ACTIVE":
        raise AwsError(
            "ResourceInUseException",
            f"Nodegroup {record['nodegroupName']} has status {record['status']}: wait until it is ACTIVE",
            clusterName=record["clusterName"],
            nodegroupName=record["nodegroupName"],
        )
