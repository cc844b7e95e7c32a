"""EKS as its clients see it: what the API takes, refuses and answers. No control plane runs behind it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.processes import KilledError
from tests.sandbox.cloud_server import Served, served


@pytest.fixture
def cloud() -> Iterator[Served]:
    with served() as running:
        yield running


@pytest.fixture
def eks(cloud: Served) -> Any:
    return cloud.client("eks")


def refused(code: str, match: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{match}")


class TestClusters:
    def test_a_cluster_has_the_planes_endpoint_and_authority(self, cloud: Served) -> None:
        cluster = cloud.cluster()
        assert cluster["status"] == "ACTIVE"
        assert (cluster["endpoint"], cluster["certificateAuthority"]["data"]) == (cloud.plane.endpoint, "Y2E=")
        assert cluster["identity"]["oidc"]["issuer"] == cloud.plane.starts[0]["issuer"]
        assert cluster["resourcesVpcConfig"]["clusterSecurityGroupId"].startswith("sg-")

    def test_a_plane_that_does_not_start_fails_the_cluster_and_says_why(self, cloud: Served) -> None:
        cloud.plane.fails_with = RuntimeError("kube-apiserver ended with exit status 1")
        cluster = cloud.cluster()
        assert cluster["status"] == "FAILED"
        assert cluster["health"]["issues"][0]["message"] == "kube-apiserver ended with exit status 1"

    def test_a_plane_that_was_killed_while_it_came_is_brought_up_at_once_again(self, cloud: Served) -> None:
        cloud.plane.fails_first = [KilledError("etcd was killed")]
        assert cloud.cluster()["status"] == "ACTIVE"
        assert (len(cloud.plane.starts), cloud.plane.resets) == (2, 2)

    def test_a_plane_that_did_not_come_is_tried_again_by_the_next_command(self, cloud: Served, eks: Any) -> None:
        cloud.plane.fails_with = KilledError("etcd was killed")
        assert cloud.cluster()["status"] == "FAILED"
        assert len(cloud.plane.starts) == 2

        cloud.plane.fails_with = None
        cloud.keeper.ensure()
        while (cluster := eks.describe_cluster(name="main")["cluster"])["status"] == "CREATING":
            time.sleep(0.005)
        assert (cluster["status"], cluster["health"]["issues"]) == ("ACTIVE", [])
        starts = len(cloud.plane.starts)
        cloud.keeper.ensure()
        assert len(cloud.plane.starts) == starts

    def test_another_version_than_the_sandboxs_is_refused(self, cloud: Served) -> None:
        with refused("InvalidParameterException", "1.34: this sandbox was started for 1.35.* `make reset STACK=<"):
            cloud.cluster(version="1.34")

    def test_a_minor_version_is_neither_skipped_nor_taken_back(self, cloud: Served, eks: Any) -> None:
        cloud.cluster()
        for version in ("1.37", "1.34"):
            with refused("InvalidParameterException", f"Kubernetes minor version update from 1.35 to {version}"):
                eks.update_cluster_version(name="main", version=version)

    def test_subnets_must_span_two_zones(self, cloud: Served) -> None:
        with refused("InvalidParameterException", "at least two different AZs"):
            cloud.cluster(resourcesVpcConfig={"subnetIds": cloud.subnets(1)})

    def test_values_outside_of_an_enumeration_are_refused(self, cloud: Served) -> None:
        with refused("InvalidParameterException", "accessConfig.authenticationMode: 'NONE' is not one of API,"):
            cloud.cluster(accessConfig={"authenticationMode": "NONE"})

    def test_the_endpoints_configuration_changes_in_place(self, cloud: Served, eks: Any) -> None:
        cloud.cluster()
        change = {"endpointPrivateAccess": True, "publicAccessCidrs": ["192.0.2.0/24"]}
        update = eks.update_cluster_config(name="main", resourcesVpcConfig=change)["update"]
        assert eks.describe_update(name="main", updateId=update["id"])["update"]["status"] == "Successful"
        config = eks.describe_cluster(name="main")["cluster"]["resourcesVpcConfig"]
        assert (config["endpointPublicAccess"], config["publicAccessCidrs"]) == (True, ["192.0.2.0/24"])
        with refused("InvalidParameterException", "already at the desired configuration"):
            eks.update_cluster_config(name="main", resourcesVpcConfig=change)

    def test_logging_is_switched_by_type(self, cloud: Served, eks: Any) -> None:
        cloud.cluster(logging={"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]})
        eks.update_cluster_config(name="main", logging={"clusterLogging": [{"types": ["api"], "enabled": False}]})
        logging = eks.describe_cluster(name="main")["cluster"]["logging"]["clusterLogging"]
        assert {"types": ["audit"], "enabled": True} in logging

    def test_one_update_changes_one_thing(self, cloud: Served, eks: Any) -> None:
        cloud.cluster()
        with refused("InvalidParameterException", "Only one type of update"):
            eks.update_cluster_config(name="main", deletionProtection=True, upgradePolicy={"supportType": "STANDARD"})

    def test_a_cluster_with_node_groups_is_not_deleted(self, cloud: Served, eks: Any) -> None:
        subnets = cloud.cluster()["resourcesVpcConfig"]["subnetIds"]
        role = cloud.client("iam").get_role(RoleName="role")["Role"]["Arn"]
        eks.create_nodegroup(clusterName="main", nodegroupName="general", subnets=subnets, nodeRole=role)
        with refused("ResourceInUseException", "nodegroups attached"):
            eks.delete_cluster(name="main")

    def test_nothing_is_left_of_a_deleted_cluster(self, cloud: Served, eks: Any) -> None:
        before = cloud.inventory.left()
        cloud.cluster()
        assert "eks cluster/main" in cloud.inventory.left()
        eks.delete_cluster(name="main")
        left = set(cloud.inventory.left()) - set(before)
        assert not [name for name in left if name.startswith("eks")]
        assert sum("SecurityGroup" in name for name in left) == 1, "only the VPC's own"

    def test_deletion_protection_protects(self, cloud: Served, eks: Any) -> None:
        cloud.cluster(deletionProtection=True)
        with refused("InvalidRequestException", "deletion protection"):
            eks.delete_cluster(name="main")

    def test_what_the_sandbox_lacks_is_refused_at_once(self, cloud: Served, eks: Any) -> None:
        cloud.cluster()
        with refused("UnsupportedOperation", "does not have eks ListInsights"):
            eks.list_insights(clusterName="main")


class TestNodeGroups:
    @pytest.fixture
    def create(self, cloud: Served, eks: Any) -> Any:
        subnets = cloud.cluster()["resourcesVpcConfig"]["subnetIds"]
        role = cloud.client("iam").get_role(RoleName="role")["Role"]["Arn"]

        def create(**arguments: Any) -> dict[str, Any]:
            common = {"clusterName": "main", "nodegroupName": "general", "subnets": subnets, "nodeRole": role}
            return eks.create_nodegroup(**{**common, **arguments})["nodegroup"]

        return create

    def test_defaults_are_those_of_eks(self, create: Any) -> None:
        group = create()
        assert group["status"] == "CREATING"
        assert (group["instanceTypes"], group["capacityType"], group["diskSize"]) == (["t3.medium"], "ON_DEMAND", 20)
        assert (group["amiType"], group["updateConfig"]) == ("AL2023_x86_64_STANDARD", {"maxUnavailable": 1})

    def test_arm_machines_get_arm_images(self, create: Any) -> None:
        assert create(instanceTypes=["m7g.large"])["amiType"] == "AL2023_ARM_64_STANDARD"

    @pytest.mark.parametrize(
        ("arguments", "match"),
        [
            ({"instanceTypes": ["m5.tiny"]}, "m5.tiny does not exist"),
            ({"instanceTypes": ["m5.large", "m7g.large"]}, "two architectures"),
            ({"instanceTypes": ["m7g.large"], "amiType": "AL2023_x86_64_STANDARD"}, "cannot run images"),
            ({"scalingConfig": {"minSize": 3, "maxSize": 2, "desiredSize": 2}}, "Minimum capacity 3"),
            ({"scalingConfig": {"minSize": 1, "maxSize": 2, "desiredSize": 3}}, "desired capacity 3"),
            ({"launchTemplate": {"name": "none"}}, "launch template none does not exist"),
            ({"nodeRole": "arn:aws:iam::123456789012:role/none"}, "does not exist"),
            ({"taints": [{"key": "gpu", "effect": "NoSchedule"}]}, "taints.0..effect: 'NoSchedule' is not one of"),
        ],
    )
    def test_what_aws_refuses(self, create: Any, arguments: dict[str, Any], match: str) -> None:
        with refused("InvalidParameterException", match):
            create(**arguments)

    def test_a_launch_template_decides_about_disks(self, cloud: Served, create: Any) -> None:
        data = {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 50}}]}
        cloud.client("ec2").create_launch_template(LaunchTemplateName="nodes", LaunchTemplateData=data)
        group = create(launchTemplate={"name": "nodes", "version": "$Latest"})
        assert (group["launchTemplate"]["version"], "diskSize" in group) == ("1", False)
        with refused("InvalidParameterException", "diskSize must be specified within the launch template"):
            create(nodegroupName="other", launchTemplate={"name": "nodes"}, diskSize=20)

    def test_a_group_is_changed_only_once_it_is_active(self, cloud: Served, eks: Any, create: Any) -> None:
        create(labels={"tier": "general"})
        change = {
            "scalingConfig": {"desiredSize": 1},
            "labels": {"addOrUpdateLabels": {"team": "data"}, "removeLabels": ["tier"]},
            "taints": {"addOrUpdateTaints": [{"key": "gpu", "value": "nvidia", "effect": "NO_SCHEDULE"}]},
        }
        with refused("ResourceInUseException", "has status CREATING"):
            eks.update_nodegroup_config(clusterName="main", nodegroupName="general", **change)
        for cluster in cloud.clusters:
            cluster.node_groups["general"]["status"] = "ACTIVE"
        eks.update_nodegroup_config(clusterName="main", nodegroupName="general", **change)
        group = eks.describe_nodegroup(clusterName="main", nodegroupName="general")["nodegroup"]
        assert (group["status"], group["labels"]) == ("UPDATING", {"team": "data"})
        assert group["scalingConfig"] == {"minSize": 1, "maxSize": 2, "desiredSize": 1}
        assert group["taints"] == [{"key": "gpu", "value": "nvidia", "effect": "NO_SCHEDULE"}]


class TestAccess:
    ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

    def test_an_entry_and_its_policies(self, cloud: Served, eks: Any) -> None:
        cloud.cluster()
        role = cloud.client("iam").get_role(RoleName="role")["Role"]["Arn"]
        entry = eks.create_access_entry(clusterName="main", principalArn=role, kubernetesGroups=["viewers"])
        assert entry["accessEntry"]["username"].endswith(":assumed-role/role/{{SessionName}}")
        scope = {"type": "namespace", "namespaces": ["shop"]}
        eks.associate_access_policy(clusterName="main", principalArn=role, policyArn=self.ADMIN, accessScope=scope)
        found = eks.list_associated_access_policies(clusterName="main", principalArn=role)["associatedAccessPolicies"]
        assert [(each["policyArn"], each["accessScope"]) for each in found] == [(self.ADMIN, scope)]
        eks.disassociate_access_policy(clusterName="main", principalArn=role, policyArn=self.ADMIN)
        eks.delete_access_entry(clusterName="main", principalArn=role)
        assert eks.list_access_entries(clusterName="main")["accessEntries"] == []

    @pytest.mark.parametrize(
        ("arguments", "match"),
        [
            ({"principalArn": "arn:aws:s3:::bucket"}, "principalArn parameter format is not valid"),
            ({"kubernetesGroups": ["system:masters"]}, "cannot start with system:"),
            ({"type": "PERSON"}, "PERSON is not one of STANDARD"),
            ({"type": "EC2_LINUX", "username": "node"}, "sets the user name"),
        ],
    )
    def test_what_aws_refuses(self, cloud: Served, eks: Any, arguments: dict[str, Any], match: str) -> None:
        cloud.cluster()
        entry = {"clusterName": "main", "principalArn": "arn:aws:iam::123456789012:role/x", **arguments}
        with refused("InvalidParameterException", match):
            eks.create_access_entry(**entry)

    def test_there_are_no_entries_in_config_map_mode(self, cloud: Served, eks: Any) -> None:
        cloud.cluster(accessConfig={"authenticationMode": "CONFIG_MAP"})
        with refused("InvalidRequestException", "authentication mode must be set to one of"):
            eks.list_access_entries(clusterName="main")
        eks.update_cluster_config(name="main", accessConfig={"authenticationMode": "API"})
        assert eks.list_access_entries(clusterName="main")["accessEntries"] == []
        with refused("InvalidParameterException", "from API to CONFIG_MAP"):
            eks.update_cluster_config(name="main", accessConfig={"authenticationMode": "CONFIG_MAP"})


class TestAddOns:
    def test_an_add_on_begins_as_creating_and_is_tagged(self, cloud: Served, eks: Any) -> None:
        cloud.cluster()
        add_on = eks.create_addon(clusterName="main", addonName="coredns", tags={"team": "platform"})["addon"]
        assert (add_on["status"], add_on["namespaceConfig"]) == ("CREATING", {"namespace": "kube-system"})
        eks.tag_resource(resourceArn=add_on["addonArn"], tags={"cost": "shared"})
        tags = eks.list_tags_for_resource(resourceArn=add_on["addonArn"])["tags"]
        assert tags == {"team": "platform", "cost": "shared"}
        with refused("ResourceInUseException", "Addon already exists"):
            eks.create_addon(clusterName="main", addonName="coredns")

    @pytest.mark.parametrize(
        ("arguments", "match"),
        [
            ({"addonName": "nginx"}, "Addon nginx specified is not supported"),
            ({"addonVersion": "1.12"}, "version specified is not supported"),
            ({"configurationValues": "- a"}, "neither a JSON nor a YAML object"),
        ],
    )
    def test_what_aws_refuses(self, cloud: Served, eks: Any, arguments: dict[str, Any], match: str) -> None:
        cloud.cluster()
        with refused("InvalidParameterException", match):
            eks.create_addon(**{"clusterName": "main", "addonName": "coredns", **arguments})

    def test_pod_identities_of_an_add_on_go_with_it(self, cloud: Served, eks: Any) -> None:
        cloud.cluster()
        role = cloud.client("iam").get_role(RoleName="role")["Role"]["Arn"]
        identity = {"serviceAccount": "ebs-csi-controller-sa", "roleArn": role}
        eks.create_addon(clusterName="main", addonName="aws-ebs-csi-driver", podIdentityAssociations=[identity])
        (association,) = eks.list_pod_identity_associations(clusterName="main")["associations"]
        with refused("InvalidRequestException", "owned by"):
            eks.delete_pod_identity_association(clusterName="main", associationId=association["associationId"])
        eks.delete_addon(clusterName="main", addonName="aws-ebs-csi-driver")
        assert eks.list_pod_identity_associations(clusterName="main")["associations"] == []

    def test_the_default_version_is_offered(self, eks: Any) -> None:
        (info,) = eks.describe_addon_versions(addonName="coredns", kubernetesVersion="1.35")["addons"]
        assert info["addonVersions"][0]["compatibilities"][0]["defaultVersion"] is True


def test_a_service_account_has_one_role(cloud: Served, eks: Any) -> None:
    cloud.cluster()
    role = cloud.client("iam").get_role(RoleName="role")["Role"]["Arn"]
    wanted = {"clusterName": "main", "namespace": "shop", "serviceAccount": "web", "roleArn": role}
    association = eks.create_pod_identity_association(**wanted)["association"]
    with refused("ResourceInUseException", "already exists"):
        eks.create_pod_identity_association(**wanted)
    eks.delete_pod_identity_association(clusterName="main", associationId=association["associationId"])
    assert eks.list_pod_identity_associations(clusterName="main")["associations"] == []
