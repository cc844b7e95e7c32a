"""The provider's functions (data sources) of EKS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.plugins.aws.context import Place
from sandbox.plugins.protocol import Properties, ProviderError


def _clusters(place: Place, arguments: Properties) -> Properties:
    del arguments
    names = place.cloud.call("eks", place.region, "ListClusters", {}).get("clusters", [])
    return {"id": place.region, "region": place.region, "names": sorted(names)}


def _cluster(place: Place, arguments: Properties) -> Properties:
    name = arguments["name"]
    cluster: dict[str, Any] = place.cloud.call("eks", place.region, "DescribeCluster", {"name": name})["cluster"]
    alike = ("arn", "deletionProtection", "endpoint", "platformVersion", "roleArn", "status", "tags",
             "version")  # fmt: skip
    lists = {"accessConfig": "accessConfigs", "certificateAuthority": "certificateAuthorities",
             "identity": "identities", "kubernetesNetworkConfig": "kubernetesNetworkConfigs",
             "upgradePolicy": "upgradePolicies", "zonalShiftConfig": "zonalShiftConfigs"}  # fmt: skip
    setups = cluster["logging"]["clusterLogging"]
    return {
        "id": name,
        "name": name,
        "region": place.region,
        "createdAt": cluster["createdAt"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "enabledClusterLogTypes": [each for setup in setups if setup["enabled"] for each in setup["types"]],
        "vpcConfig": cluster["resourcesVpcConfig"],
        **{member: cluster.get(member) for member in alike},
        **{name: [cluster[member]] if cluster.get(member) else [] for member, name in lists.items()},
    }


def _node_groups(place: Place, arguments: Properties) -> Properties:
    cluster = arguments["clusterName"]
    names = place.cloud.call("eks", place.region, "ListNodegroups", {"clusterName": cluster}).get("nodegroups", [])
    return {"id": cluster, "clusterName": cluster, "region": place.region, "names": sorted(names)}


def _node_group(place: Place, arguments: Properties) -> Properties:
    cluster, name = arguments["clusterName"], arguments["nodeGroupName"]
    params = {"clusterName": cluster, "nodegroupName": name}
    group: dict[str, Any] = place.cloud.call("eks", place.region, "DescribeNodegroup", params)["nodegroup"]
    alike = ("amiType", "capacityType", "diskSize", "instanceTypes", "labels", "releaseVersion", "status", "tags",
             "taints", "version")  # fmt: skip
    # The genuine data source wraps each structure in a list.
    lists = {"launchTemplate": "launchTemplates", "remoteAccess": "remoteAccesses", "scalingConfig": "scalingConfigs",
             "updateConfig": "updateConfigs", "warmPoolConfig": "warmPoolConfigs"}  # fmt: skip
    return {
        "id": f"{cluster}:{name}",
        "clusterName": cluster,
        "nodeGroupName": name,
        "region": place.region,
        "arn": group["nodegroupArn"],
        "nodeRoleArn": group["nodeRole"],
        "subnetIds": group["subnets"],
        "resources": [group["resources"]],
        **{member: group.get(member) for member in alike},
        **{name: [group[member]] if member in group else [] for member, name in lists.items()},
    }


def _addon_version(place: Place, arguments: Properties) -> Properties:
    addon, version = arguments["addonName"], arguments["kubernetesVersion"]
    params = {"addonName": addon, "kubernetesVersion": version}
    known = place.cloud.call("eks", place.region, "DescribeAddonVersions", params).get("addons", [])
    versions: list[dict[str, Any]] = [each for entry in known for each in entry["addonVersions"]]
    if not arguments.get("mostRecent"):
        versions = [each for each in versions if any(fit.get("defaultVersion") for fit in each["compatibilities"])]
    if not versions:
        raise ProviderError(f"no version of the EKS add-on {addon} for Kubernetes {version}")
    return {**arguments, "id": addon, "region": place.region, "version": versions[0]["addonVersion"]}


FUNCTIONS: Mapping[str, Callable[[Place, Properties], Properties]] = {
    "aws:eks/getAddonVersion:getAddonVersion": _addon_version,
    "aws:eks/getCluster:getCluster": _cluster,
    "aws:eks/getClusters:getClusters": _clusters,
    "aws:eks/getNodeGroup:getNodeGroup": _node_group,
    "aws:eks/getNodeGroups:getNodeGroups": _node_groups,
}
