from __future__ import annotations

import json
from typing import Any

import pytest

from components.cluster import AccessEntry, AccessGrant, AccessPolicy, Cluster, ClusterArgs
from components.removal import RemovalPolicy
from recorder import Recording, record


def args(**overrides: Any) -> ClusterArgs:
    return ClusterArgs(
        **{
            "cluster_name": "shop-prod",
            "version": "1.35",
            "subnet_ids": ["subnet-a", "subnet-b"],
            "secrets_key_arn": "arn:secrets",
            "log_key_arn": "arn:logs",
            **overrides,
        }
    )


def build(**overrides: Any) -> Recording:
    return record(lambda: Cluster("c", args(**overrides)))


@pytest.fixture(scope="module")
def cluster() -> Recording:
    return build(
        access_entries={
            "admins": AccessEntry(
                principal_arn="arn:aws:iam::123456789012:role/admins",
                grants=[AccessGrant(policy=AccessPolicy.CLUSTER_ADMIN)],
            ),
            "developers": AccessEntry(
                grants=[AccessGrant(policy=AccessPolicy.EDIT, namespaces=["shop", "search"])],
            ),
        }
    )


def test_the_endpoint_is_private_unless_networks_are_named(cluster: Recording) -> None:
    vpc = cluster["c-cluster"].inputs["vpcConfig"]
    assert vpc["endpointPrivateAccess"] is True
    assert vpc["endpointPublicAccess"] is False
    assert "publicAccessCidrs" not in vpc


def test_named_networks_reach_the_endpoint() -> None:
    vpc = build(public_access_cidrs=["203.0.113.0/24"])["c-cluster"].inputs["vpcConfig"]
    assert vpc["endpointPrivateAccess"] is True
    assert vpc["endpointPublicAccess"] is True
    assert vpc["publicAccessCidrs"] == ["203.0.113.0/24"]


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "20.0.0.0/8", "20.0.0.0/15"])
def test_the_endpoint_is_never_open_to_the_internet(cidr: str) -> None:
    with pytest.raises(ValueError, match="would open the Kubernetes API"):
        args(public_access_cidrs=[cidr])


def test_an_unsupported_version_is_refused_with_those_that_are_not() -> None:
    with pytest.raises(ValueError, match=r"'1.31'.*1\.35 \(standard support until 2027-03-27\)"):
        args(version="1.31")


def test_identities_get_in_through_access_entries_only(cluster: Recording) -> None:
    assert cluster["c-cluster"].inputs["accessConfig"] == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": True,
    }


def test_an_entry_gives_its_identity_a_policy_for_the_cluster(cluster: Recording) -> None:
    association = cluster["c-admins-ClusterAdmin"].inputs
    assert association["principalArn"] == "arn:aws:iam::123456789012:role/admins"
    assert association["policyArn"] == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
    assert association["accessScope"] == {"type": "cluster"}


def test_an_entry_can_be_held_to_namespaces(cluster: Recording) -> None:
    assert cluster["c-developers-Edit"].inputs["accessScope"] == {
        "type": "namespace",
        "namespaces": ["shop", "search"],
    }


def test_an_entry_without_identity_gets_a_role_that_people_of_the_account_can_take(cluster: Recording) -> None:
    trust = json.loads(cluster["c-developers-people-role"].inputs["assumeRolePolicy"])["Statement"][0]
    assert trust["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert cluster["c-developers-entry"].inputs["principalArn"].endswith("c-developers-people-role")


def test_a_leaked_key_is_not_enough_to_take_a_role_that_trusts_the_account(cluster: Recording) -> None:
    trust = json.loads(cluster["c-developers-people-role"].inputs["assumeRolePolicy"])["Statement"][0]
    assert trust["Condition"] == {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def test_a_role_can_be_held_to_named_identities() -> None:
    people = ["arn:aws:iam::123456789012:role/oncall", "arn:aws:iam::123456789012:user/ada"]
    entry = AccessEntry(trusted_principals=people, grants=[AccessGrant(policy=AccessPolicy.CLUSTER_ADMIN)])
    role = build(access_entries={"admins": entry})["c-admins-people-role"].inputs["assumeRolePolicy"]
    (statement,) = json.loads(role)["Statement"]
    assert statement["Principal"] == {"AWS": people}
    assert "Condition" not in statement


def test_an_identity_that_exists_is_not_told_whom_to_trust() -> None:
    with pytest.raises(ValueError, match="leave one of them out"):
        AccessEntry(principal_arn="arn:aws:iam::1:role/a", trusted_principals=["arn:aws:iam::1:role/b"], grants=[])


def test_the_roles_that_were_made_are_told(cluster: Recording) -> None:
    roles = cluster.outputs_of("c")["access_role_arns"]
    assert set(roles) == {"developers"}
    assert roles["developers"].endswith("c-developers-people-role")


def test_joined_networks_reach_the_private_endpoint() -> None:
    recording = build(private_access_cidrs=["10.8.0.0/16", "10.9.0.0/24"])
    rule = recording["c-from-10.8.0.0-16"].inputs
    assert (rule["securityGroupId"], rule["cidrIpv4"]) == ("sg-cluster", "10.8.0.0/16")
    assert (rule["ipProtocol"], rule["fromPort"], rule["toPort"]) == ("tcp", 443, 443)
    assert recording["c-from-10.9.0.0-24"].inputs["cidrIpv4"] == "10.9.0.0/24"


def test_without_joined_networks_only_nodes_reach_the_private_endpoint(cluster: Recording) -> None:
    assert not cluster.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")


def test_the_public_endpoint_takes_as_many_networks_as_eks_does() -> None:
    networks = [f"203.0.113.{host}/32" for host in range(41)]
    args(public_access_cidrs=networks[:40])
    with pytest.raises(ValueError, match="it names 41 networks; allowed: at most 40; fix: name networks that hold"):
        args(public_access_cidrs=networks)


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "10.0.0.1/8", "ten"])
def test_what_can_not_be_joined_to_a_vpc_is_refused(cidr: str) -> None:
    with pytest.raises(ValueError, match=r"allowed: IPv4 networks such as 10\.0\.0\.0/16, of /8 or narrower"):
        args(private_access_cidrs=[cidr])


@pytest.mark.parametrize("access", ["public_access_cidrs", "private_access_cidrs"])
def test_networks_that_overlap_are_refused_before_they_are_two_rules_of_one_name(access: str) -> None:
    with pytest.raises(
        ValueError, match=r"203\.0\.113\.0/24 and 203\.0\.113\.0/28 overlap.*leave out 203\.0\.113\.0/28"
    ):
        args(**{access: ["203.0.113.0/24", "203.0.113.0/28"]})


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "192.168.1.0/24", "100.64.0.0/16"])
def test_nobody_comes_from_a_private_network_over_the_internet(cidr: str) -> None:
    with pytest.raises(ValueError, match="name it in privateAccessCidrs instead"):
        args(public_access_cidrs=[cidr])


def test_services_have_the_addresses_that_were_asked_for() -> None:
    network = build(service_cidr="10.100.0.0/16")["c-cluster"].inputs["kubernetesNetworkConfig"]
    assert network == {"serviceIpv4Cidr": "10.100.0.0/16"}


@pytest.mark.parametrize(
    ("cidr", "reason"),
    [
        ("10.0.0.0/8", "too many addresses"),
        ("10.0.0.0/25", "too few addresses"),
        ("8.8.0.0/16", "is no private network"),
        ("ten", "is no IPv4 network"),
    ],
)
def test_what_eks_gives_to_no_services_is_refused(cidr: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        args(service_cidr=cidr)


def test_a_cluster_is_told_from_its_successor_of_the_same_name(cluster: Recording) -> None:
    assert cluster.outputs_of("c")["identifier"] == "https://oidc.eks.eu-central-1.amazonaws.com/id/0A1B2C"


def test_a_policy_is_given_after_the_entry_is_there(cluster: Recording) -> None:
    assert cluster.waits_for("c-admins-ClusterAdmin", "c-admins-entry")


def test_secrets_are_encrypted_with_the_given_key(cluster: Recording) -> None:
    assert cluster["c-cluster"].inputs["encryptionConfig"] == {
        "provider": {"keyArn": "arn:secrets"},
        "resources": ["secrets"],
    }


def test_all_control_plane_logs_are_kept_in_a_group_that_is_there_first(cluster: Recording) -> None:
    assert set(cluster["c-cluster"].inputs["enabledClusterLogTypes"]) == {
        "api",
        "audit",
        "authenticator",
        "controllerManager",
        "scheduler",
    }
    assert cluster["c-logs"].inputs["name"] == "/aws/eks/shop-prod/cluster"
    assert cluster["c-logs"].inputs["retentionInDays"] == 90
    assert cluster["c-logs"].inputs["kmsKeyId"] == "arn:logs"
    assert cluster.waits_for("c-cluster", "c-logs")


def test_the_cluster_has_its_rights_as_long_as_it_lives(cluster: Recording) -> None:
    assert cluster.waits_for("c-cluster", "c-control-plane")


def test_eks_installs_no_add_ons_of_its_own(cluster: Recording) -> None:
    assert cluster["c-cluster"].inputs["bootstrapSelfManagedAddons"] is False


@pytest.mark.parametrize("policy", RemovalPolicy)
def test_removal_policy_decides_whether_the_cluster_can_be_deleted(policy: RemovalPolicy) -> None:
    recording = build(removal_policy=policy)
    assert recording["c-cluster"].protect is policy.retains
    assert recording["c-cluster"].inputs["deletionProtection"] is policy.retains
    assert recording["c-logs"].protect is recording["c-logs"].retain_on_delete is policy.retains


def test_a_successor_does_not_clash_with_the_fixed_name(cluster: Recording) -> None:
    assert cluster["c-cluster"].delete_before_replace


def test_the_kubeconfig_is_secret_and_asks_aws_for_tokens(cluster: Recording) -> None:
    assert "kubeconfig" in cluster.secret_outputs_of("c")
    config = json.loads(cluster.outputs_of("c")["kubeconfig"])
    assert config["clusters"][0]["cluster"] == {
        "server": "https://cluster.example.com",
        "certificate-authority-data": "Y2VydGlmaWNhdGU=",
    }
    command = config["users"][0]["user"]["exec"]
    assert [command["command"], *command["args"]] == (
        ["aws", "--region", "eu-central-1", "eks", "get-token", "--cluster-name", "shop-prod", "--output", "json"]
    )


def test_tokens_can_be_asked_for_as_one_role_whoever_runs_pulumi() -> None:
    role = "arn:aws:iam::123456789012:role/deploy"
    config = json.loads(build(access_role_arn=role).outputs_of("c")["kubeconfig"])
    assert config["users"][0]["user"]["exec"]["args"][-2:] == ["--role-arn", role]


def test_the_kubeconfig_holds_no_credentials(cluster: Recording) -> None:
    user = json.loads(cluster.outputs_of("c")["kubeconfig"])["users"][0]["user"]
    assert set(user) == {"exec"}
