"""EKS: clusters, node groups, add-ons, and who may reach them."""

from __future__ import annotations

from typing import Any, cast

from sandbox.plugins.aws.table import AutoName, Op, Params, Read, Resource, Tags, Wait, words
from sandbox.plugins.values import Unknown

_LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_CONFLICTS = {
    "resolveConflictsOnCreate": ("NONE", "OVERWRITE"),
    "resolveConflictsOnUpdate": ("NONE", "OVERWRITE", "PRESERVE"),
}


def _logging(values: dict[str, Any]) -> dict[str, Any]:
    wanted: Any = values["enabledClusterLogTypes"] or []
    if isinstance(wanted, Unknown):
        return {"logging": wanted}
    others = [name for name in _LOG_TYPES if name not in wanted]
    setups: list[dict[str, Any]] = [{"types": wanted, "enabled": True}, {"types": others, "enabled": False}]
    return {"logging": {"clusterLogging": [setup for setup in setups if setup["types"]]}}


def _access(values: dict[str, Any]) -> dict[str, Any] | None:
    config: dict[str, Any] = values["accessConfig"] or {}
    mode = config.get("authenticationMode")
    return {"accessConfig": {"authenticationMode": mode}} if mode else None


def _conflicts(inputs: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, f"{inputs[name]!r} is none of {', '.join(allowed)}")
        for name, allowed in _CONFLICTS.items()
        if isinstance(inputs.get(name), str) and inputs[name] not in allowed
    ]


def _sizes(inputs: dict[str, Any]) -> list[tuple[str, str]]:
    scaling: Any = inputs.get("scalingConfig")
    if not isinstance(scaling, dict):
        return []
    given = [cast("dict[str, Any]", scaling).get(name) for name in ("minSize", "desiredSize", "maxSize")]
    sizes = [size for size in given if isinstance(size, int)]
    if len(sizes) == len(given) and sizes != sorted(sizes):
        return [("scalingConfig", "minSize <= desiredSize <= maxSize does not hold: " + ", ".join(map(str, sizes)))]
    return []


def _comes_or_goes(old: Any, new: Any, _state: Params) -> bool:
    """Whether it is a whole block that is new or gone, with those of its members that replace."""
    return not (old and new)


def _other_node_role(old: Any, new: Any, _state: Params) -> bool:
    """Whether the nodes of auto mode get another role than they had, rather than a first one or none."""
    before, after = _members(old), _members(new)
    had, gets = before.get("nodeRoleArn"), after.get("nodeRoleArn")
    goes_with_its_nodes = not gets and not (after.get("enabled") and after.get("nodePools"))
    return bool(had and after) and had != gets and not goes_with_its_nodes


def _egress(network: Any) -> Any:
    return _members(network).get("controlPlaneEgressMode")


def _members(block: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", block) if isinstance(block, dict) else {}


RESOURCES = (
    Resource(
        token="aws:eks/cluster:Cluster",
        service="eks",
        kept=True,
        create=Op("CreateCluster", encode=_logging, consumes=("enabledClusterLogTypes",)),
        read=(Read("DescribeCluster", "cluster"),),
        update=(
            Op("UpdateClusterVersion", {"force": "{forceUpdateVersion}"}, takes=("version",)),
            Op("UpdateClusterConfig", takes=("vpcConfig",)),
            Op("UpdateClusterConfig", takes=(), encode=_logging, consumes=("enabledClusterLogTypes",)),
            Op("UpdateClusterConfig", takes=(), encode=_access, consumes=("accessConfig",)),
            Op(
                "UpdateClusterConfig",
                takes=words(
                    "computeConfig controlPlaneScalingConfig deletionProtection kubernetesNetworkConfig "
                    "remoteNetworkConfig storageConfig upgradePolicy zonalShiftConfig"
                ),
                each=True,
            ),
            Op("AssociateEncryptionConfig", takes=("encryptionConfig",)),
        ),
        delete=Op("DeleteCluster"),
        id="cluster.name",
        key={"name": "{id}", "clusterName": "{id}"},
        names={"vpcConfig": "resourcesVpcConfig", "identities": "identity", "clusterId": "id"},
        outputs={"enabledClusterLogTypes": "logging.clusterLogging[?enabled].types | []"},
        tags=Tags(),
        replace=words(
            "name roleArn accessConfig.bootstrapClusterCreatorAdminPermissions bootstrapSelfManagedAddons "
            "kubernetesNetworkConfig.ipFamily kubernetesNetworkConfig.serviceIpv4Cidr "
            "outpostConfig.controlPlaneInstanceType outpostConfig.controlPlanePlacement.groupName "
            "outpostConfig.controlPlanePlacement.spreadLevel outpostConfig.etcdInstanceType "
            "outpostConfig.etcdPlacement.spreadLevel"
        ),
        replace_if={
            "computeConfig": _other_node_role,
            # Secrets once encrypted stay so: only a new cluster is without.
            "encryptionConfig": lambda old, new, _: bool(old) and not new,
            "outpostConfig": _comes_or_goes,
            "vpcConfig": lambda old, new, _: _egress(old) == "CUSTOMER_ROUTED" and _egress(new) == "AWS_MANAGED",
        },
        computed=words(
            "accessConfig accessConfig.authenticationMode controlPlaneScalingConfig kubernetesNetworkConfig "
            "kubernetesNetworkConfig.elasticLoadBalancing kubernetesNetworkConfig.ipFamily "
            "kubernetesNetworkConfig.serviceIpv4Cidr kubernetesNetworkConfig.serviceIpv6Cidr upgradePolicy "
            "version vpcConfig.clusterSecurityGroupId vpcConfig.publicAccessCidrs vpcConfig.vpcId "
            "zonalShiftConfig"
        ),
        recomputed=("platformVersion", "status"),
        defaults={
            "bootstrapSelfManagedAddons": True,
            "vpcConfig.endpointPrivateAccess": False,
            "vpcConfig.endpointPublicAccess": True,
            "accessConfig.bootstrapClusterCreatorAdminPermissions": True,
        },
        local=("forceUpdateVersion",),
        autoname=AutoName(length=100),
        wait=Wait("status", ("ACTIVE",), ("FAILED",), why="join('; ', health.issues[].message || `[]`)"),
    ),
    Resource(
        token="aws:eks/nodeGroup:NodeGroup",
        service="eks",
        kept=True,
        create=Op("CreateNodegroup"),
        read=(Read("DescribeNodegroup", "nodegroup"),),
        update=(
            Op(
                "UpdateNodegroupVersion",
                {"force": "{forceUpdateVersion}"},
                takes=("launchTemplate", "releaseVersion", "version"),
            ),
            Op(
                "UpdateNodegroupConfig",
                takes=("nodeRepairConfig", "scalingConfig", "updateConfig", "warmPoolConfig"),
                deltas={
                    "labels": ("labels.addOrUpdateLabels", "labels.removeLabels"),
                    "taints": ("taints.addOrUpdateTaints", "taints.removeTaints"),
                },
            ),
        ),
        delete=Op("DeleteNodegroup"),
        id="{clusterName}:{nodeGroupName}",
        key={"clusterName": "{clusterName}", "nodegroupName": "{nodeGroupName}"},
        names={
            "subnetIds": "subnets",
            "nodeRoleArn": "nodeRole",
            "arn": "nodegroupArn",
            "remoteAccess.sourceSecurityGroupIds": "sourceSecurityGroups",
            "resources.remoteAccessSecurityGroupId": "remoteAccessSecurityGroup",
        },
        tags=Tags(on="{live.nodegroupArn}"),
        replace=words(
            "amiType capacityType clusterName diskSize instanceTypes launchTemplate.id launchTemplate.name "
            "nodeGroupName nodeGroupNamePrefix nodeRoleArn remoteAccess subnetIds"
        ),
        replace_if={"launchTemplate": _comes_or_goes},
        computed=words(
            "amiType capacityType diskSize instanceTypes launchTemplate.id launchTemplate.name nodeRepairConfig "
            "releaseVersion updateConfig version"
        ),
        recomputed=("status",),
        local=("forceUpdateVersion", "nodeGroupNamePrefix"),
        autoname=AutoName("nodeGroupName", length=63),
        ordered=("instanceTypes",),
        check=_sizes,
        wait=Wait(
            "status",
            ("ACTIVE",),
            ("CREATE_FAILED", "DELETE_FAILED"),
            why="join('; ', health.issues[].message || `[]`)",
            timeout=3600,
        ),
    ),
    Resource(
        token="aws:eks/addon:Addon",
        service="eks",
        kept=True,
        create=Op("CreateAddon", {"resolveConflicts": "{resolveConflictsOnCreate}"}),
        read=(Read("DescribeAddon", "addon"),),
        update=(Op("UpdateAddon", {"resolveConflicts": "{resolveConflictsOnUpdate}"}),),
        delete=Op("DeleteAddon", {"preserve": "{preserve}"}),
        id="{clusterName}:{addonName}",
        key={"clusterName": "{clusterName}", "addonName": "{addonName}"},
        names={"arn": "addonArn"},
        # AWS describes the associations by ARN only: what the program gave stands.
        outputs={"podIdentityAssociations": "`null`"},
        tags=Tags(on="{live.addonArn}"),
        replace=("addonName", "clusterName", "namespaceConfig"),
        computed=("addonVersion", "configurationValues", "namespaceConfig"),
        recomputed=("modifiedAt",),
        local=("preserve", "resolveConflictsOnCreate", "resolveConflictsOnUpdate"),
        json=("configurationValues",),
        check=_conflicts,
        wait=Wait(
            "status",
            ("ACTIVE",),
            ("CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED"),
            why="join('; ', health.issues[].message || `[]`)",
            timeout=1200,
        ),
    ),
    Resource(
        token="aws:eks/accessEntry:AccessEntry",
        service="eks",
        kept=True,
        create=Op("CreateAccessEntry"),
        read=(Read("DescribeAccessEntry", "accessEntry"),),
        update=(Op("UpdateAccessEntry"),),
        delete=Op("DeleteAccessEntry"),
        id="{clusterName}:{principalArn}",
        key={"clusterName": "{clusterName}", "principalArn": "{principalArn}"},
        tags=Tags(on="{live.accessEntryArn}"),
        replace=("clusterName", "principalArn", "type"),
        computed=("kubernetesGroups", "userName"),
        recomputed=("modifiedAt",),
        defaults={"type": "STANDARD"},
    ),
    Resource(
        token="aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        service="eks",
        kept=True,
        create=Op("AssociateAccessPolicy"),
        read=(Read("ListAssociatedAccessPolicies", "associatedAccessPolicies[?policyArn == '{policyArn}'] | [0]"),),
        delete=Op("DisassociateAccessPolicy", {"policyArn": "{policyArn}"}),
        id="{clusterName}#{principalArn}#{policyArn}",
        key={"clusterName": "{clusterName}", "principalArn": "{principalArn}"},
        replace=("accessScope", "clusterName", "policyArn", "principalArn"),
    ),
    Resource(
        token="aws:eks/podIdentityAssociation:PodIdentityAssociation",
        service="eks",
        kept=True,
        create=Op("CreatePodIdentityAssociation"),
        read=(Read("DescribePodIdentityAssociation", "association"),),
        update=(Op("UpdatePodIdentityAssociation"),),
        delete=Op("DeletePodIdentityAssociation"),
        id="association.associationId",
        key={"clusterName": "{clusterName}", "associationId": "{id}"},
        tags=Tags(on="{live.associationArn}"),
        replace=("clusterName", "namespace", "serviceAccount"),
        defaults={"disableSessionTags": False},
        importing="{clusterName},{id}",
    ),
)
