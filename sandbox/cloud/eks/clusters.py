"""EKS clusters: the API operations, and the control plane that they start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from sandbox.cloud import moto_state
from sandbox.cloud.eks.state import Cluster, Clusters, merge
from sandbox.cloud.operations import AwsError, Call, Operations, Record, hex_digits, now, page

_LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_UPDATES = {
    # what may change -> the type of the update
    "logging": "LoggingUpdate",
    "accessConfig": "AccessConfigUpdate",
    "upgradePolicy": "UpgradePolicyUpdate",
    "zonalShiftConfig": "ZonalShiftConfigUpdate",
    "deletionProtection": "DeletionProtectionUpdate",
    "kubernetesNetworkConfig": "ConfigUpdate",
    "remoteNetworkConfig": "RemoteNetworkConfigUpdate",
    "controlPlaneScalingConfig": "ControlPlaneScalingConfigUpdate",
}


class ClusterOperations(Operations):
    """CreateCluster and its kin. Only one cluster at a time: there is one control plane."""

    service = "eks"

    def __init__(
        self,
        clusters: Clusters,
        version: str,
        when_made: Callable[[Cluster], None],
        when_deleted: Callable[[], None],
    ) -> None:
        """``version`` is the Kubernetes of new clusters, unless the journal tells of another one that was there then.
        ``when_made`` gives a cluster its control plane, ``when_deleted`` is called after one went.
        """
        self._clusters = clusters
        self._given = version
        self._when_made = when_made
        self._when_deleted = when_deleted

    def create_cluster(self, call: Call) -> Record:
        with self._clusters.lock:
            self._check_new(call)
            cluster = Cluster(self._describe_new(call), call.region, moto_state.principal(call.access_key))
            self._clusters.add(cluster)
        self._when_made(cluster)
        return {"cluster": cluster.record}

    def describe_cluster(self, call: Call) -> Record:
        return {"cluster": self._clusters.of(call).record}

    def list_clusters(self, call: Call) -> Record:
        return page(sorted(each.name for each in self._clusters if each.region == call.region), call, "clusters")

    def delete_cluster(self, call: Call) -> Record:
        """The control plane keeps running: what was left in it can still be seen."""
        with self._clusters.lock:
            cluster = self._clusters.of(call)
            if cluster.record["deletionProtection"]:
                raise AwsError(
                    "InvalidRequestException",
                    f"Cluster {cluster.name} has deletion protection: turn it off first",
                    clusterName=cluster.name,
                )
            if cluster.node_groups:
                raise AwsError(
                    "ResourceInUseException",
                    "Cluster has nodegroups attached",
                    clusterName=cluster.name,
                    nodegroupName=",".join(cluster.node_groups),
                )
            if cluster.record["status"] == "CREATING":
                raise AwsError("ResourceInUseException", "Cluster has status CREATING", clusterName=cluster.name)
            self._clusters.remove(cluster)
        ec2 = moto_state.backend("ec2", call.region)
        ec2.delete_security_group(group_id=cluster.record["resourcesVpcConfig"]["clusterSecurityGroupId"])
        self._when_deleted()
        cluster.record["status"] = "DELETING"
        return {"cluster": cluster.record}

    def update_cluster_config(self, call: Call) -> Record:
        cluster = self._clusters.of(call)
        cluster.require_active()
        changes = {key: value for key, value in call.params.items() if key not in ("name", "clientRequestToken")}
        if len(changes) != 1:
            raise AwsError(
                "InvalidParameterException",
                f"Only one type of update can be made at a time, not {len(changes)}: {', '.join(changes)}",
            )
        ((key, change),) = changes.items()
        if key == "resourcesVpcConfig":
            return {"update": self._update_vpc_config(cluster, change)}
        if key not in _UPDATES:
            raise AwsError("InvalidParameterException", f"the sandbox cannot change {key} of a cluster")
        if key == "logging":
            change = _logging(change, cluster.record["logging"])
        if key == "accessConfig":
            _check_mode(cluster.record["accessConfig"]["authenticationMode"], change["authenticationMode"])
        if not isinstance(change, dict):
            cluster.record[key] = change
        else:
            merge(cluster.record.setdefault(key, {}), cast("Record", change))
        return {"update": cluster.add_update(_UPDATES[key], {})}

    def update_cluster_version(self, call: Call) -> Record:
        cluster = self._clusters.of(call)
        wanted = call["version"]
        if wanted not in (self._version, _minor_after(self._version)):
            raise AwsError(
                "InvalidParameterException",
                f"Unsupported Kubernetes minor version update from {self._version} to {wanted}",
                clusterName=cluster.name,
            )
        self._check_version(wanted)
        raise AwsError(
            "InvalidParameterException",
            f"Cluster {cluster.name} is already at version {self._version}",
            clusterName=cluster.name,
        )

    def associate_encryption_config(self, call: Call) -> Record:
        cluster = self._clusters.of(call)
        if cluster.record["encryptionConfig"]:
            raise AwsError("InvalidRequestException", f"Cluster {cluster.name} is encrypted already")
        cluster.record["encryptionConfig"] = call["encryptionConfig"]
        return {"update": cluster.add_update("AssociateEncryptionConfig", {})}

    def list_updates(self, call: Call) -> Record:
        return page(sorted(self._clusters.of(call).updates), call, "updateIds")

    def describe_update(self, call: Call) -> Record:
        cluster = self._clusters.of(call)
        if call["updateId"] not in cluster.updates:
            raise AwsError("ResourceNotFoundException", f"No update found for ID: {call['updateId']}")
        return {"update": cluster.updates[call["updateId"]]}

    # Inside

    @property
    def _version(self) -> str:
        return self._clusters.version or self._given

    def _check_new(self, call: Call) -> None:
        name = call["name"]
        if self._clusters.find(call.region, name):
            raise AwsError("ResourceInUseException", f"Cluster already exists with name: {name}", clusterName=name)
        for other in self._clusters:
            raise AwsError(
                "ResourceLimitExceededException",
                f"the sandbox has one control plane, and cluster {other.name} in {other.region} has it: "
                "bring up the second cluster in a sandbox of its own",
                clusterName=name,
            )
        self._check_version(call.get("version", self._version))
        moto_state.require_role(call["roleArn"])
        for key in ("computeConfig", "outpostConfig"):
            if call.get(key, {}).get("enabled", key == "outpostConfig" and key in call.params):
                raise AwsError("InvalidParameterException", f"the sandbox does not simulate {key}")
        for entry in call.get("encryptionConfig", []):
            _check_key(call.region, entry.get("provider", {}).get("keyArn", ""))

    def _check_version(self, version: str) -> None:
        if version != self._version:
            raise AwsError(
                "InvalidParameterException",
                f"unsupported Kubernetes version {version}: this sandbox was started for {self._version}, which its "
                "stack asks for, and keeps its version. `make reset STACK=<this stack>` forgets it with all that it "
                "holds; `make up` then begins anew, with the version that the stack asks for",
            )

    def _describe_new(self, call: Call) -> Record:
        name, region = call["name"], call.region
        vpc = cast("Record", call["resourcesVpcConfig"])
        subnets = [moto_state.subnet(region, each) for each in vpc.get("subnetIds", [])]
        if len({subnet.zone for subnet in subnets}) < 2:
            raise AwsError("InvalidParameterException", "Subnets specified must be in at least two different AZs")
        access = cast("Record", call.get("accessConfig", {}))
        network = cast("Record", call.get("kubernetesNetworkConfig", {}))
        return {
            "name": name,
            "arn": f"arn:aws:eks:{region}:{call.account}:cluster/{name}",
            "createdAt": now(),
            "version": self._version,
            "roleArn": call["roleArn"],
            "resourcesVpcConfig": {
                "subnetIds": [subnet.id for subnet in subnets],
                "securityGroupIds": vpc.get("securityGroupIds", []),
                "clusterSecurityGroupId": _cluster_security_group(region, name, subnets[0].vpc_id),
                "vpcId": subnets[0].vpc_id,
                "endpointPublicAccess": vpc.get("endpointPublicAccess", True),
                "endpointPrivateAccess": vpc.get("endpointPrivateAccess", False),
                "publicAccessCidrs": vpc.get("publicAccessCidrs", ["0.0.0.0/0"])
                if vpc.get("endpointPublicAccess", True)
                else [],
            },
            "kubernetesNetworkConfig": {
                "serviceIpv4Cidr": network.get("serviceIpv4Cidr", "172.20.0.0/16"),
                "ipFamily": network.get("ipFamily", "ipv4"),
                "elasticLoadBalancing": {"enabled": False},
            },
            "logging": _logging(call.get("logging", {}), _logging({}, {})),
            "identity": {"oidc": {"issuer": f"https://oidc.eks.{region}.amazonaws.com/id/{hex_digits(32).upper()}"}},
            "status": "CREATING",
            "certificateAuthority": {},
            "platformVersion": "eks.1",
            "tags": call.get("tags", {}),
            "encryptionConfig": call.get("encryptionConfig", []),
            "health": {"issues": []},
            "accessConfig": {
                "authenticationMode": access.get("authenticationMode", "CONFIG_MAP"),
                "bootstrapClusterCreatorAdminPermissions": access.get("bootstrapClusterCreatorAdminPermissions", True),
            },
            "bootstrapSelfManagedAddons": call.get("bootstrapSelfManagedAddons", True),
            "upgradePolicy": {"supportType": "EXTENDED", **call.get("upgradePolicy", {})},
            "zonalShiftConfig": {"enabled": False, **call.get("zonalShiftConfig", {})},
            "remoteNetworkConfig": call.get("remoteNetworkConfig"),
            "deletionProtection": call.get("deletionProtection", False),
        }

    def _update_vpc_config(self, cluster: Cluster, change: Record) -> Record:
        config = cluster.record["resourcesVpcConfig"]
        if all(config.get(key) == value for key, value in change.items()):
            raise AwsError(
                "InvalidParameterException",
                "Cluster is already at the desired configuration with "
                + ", ".join(f"{key}: {value}" for key, value in change.items()),
                clusterName=cluster.name,
            )
        for subnet in change.get("subnetIds", []):
            moto_state.subnet(cluster.region, subnet)
        config.update(change)
        if not config["endpointPublicAccess"] and not config["endpointPrivateAccess"]:
            raise AwsError("InvalidParameterException", "Private and public endpoint access cannot both be disabled")
        moved = "subnetIds" in change or "securityGroupIds" in change
        return cluster.add_update("VpcConfigUpdate" if moved else "EndpointAccessUpdate", {})


def _minor_after(version: str) -> str:
    major, minor = version.split(".")
    return f"{major}.{int(minor) + 1}"


def _cluster_security_group(region: str, cluster: str, vpc_id: str) -> str:
    """The group that EKS makes for the control plane and the nodes: they reach each other."""
    tags = {
        "Name": f"eks-cluster-sg-{cluster}",
        "aws:eks:cluster-name": cluster,
        f"kubernetes.io/cluster/{cluster}": "owned",
    }
    ec2: Any = moto_state.backend("ec2", region)
    description = "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes"
    name = f"eks-cluster-sg-{cluster}-{hex_digits(9)}"
    group = ec2.create_security_group(name, description, vpc_id, tags)
    ec2.authorize_security_group_ingress(group.id, "-1", None, None, [], source_groups=[{"GroupId": group.id}])
    return str(group.id)


def _logging(wanted: Record, current: Record) -> Record:
    enabled = {type_ for each in current.get("clusterLogging", []) if each["enabled"] for type_ in each["types"]}
    for each in cast("list[Record]", wanted.get("clusterLogging", [])):
        types = set(cast("list[str]", each.get("types", [])))
        enabled = enabled | types if each.get("enabled") else enabled - types
    parts = ((True, [t for t in _LOG_TYPES if t in enabled]), (False, [t for t in _LOG_TYPES if t not in enabled]))
    return {"clusterLogging": [{"types": types, "enabled": value} for value, types in parts if types]}


def _check_mode(current: str, wanted: str) -> None:
    order = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
    if order.index(wanted) < order.index(current):
        raise AwsError(
            "InvalidParameterException", f"Unsupported authentication mode update from {current} to {wanted}"
        )


def _check_key(region: str, arn: str) -> None:
    kms = moto_state.backend("kms", region)
    if all(key.arn != arn for key in list(kms.keys.values())):
        raise AwsError("InvalidParameterException", f"The KMS key {arn} does not exist")
