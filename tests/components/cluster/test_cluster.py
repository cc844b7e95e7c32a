from __future__ import annotations

import json
from typing import Any

import pytest

from components.cluster import AccessEntry, AccessGrant, AccessPolicy, Cluster, ClusterArgs
from components.removal import RemovalPolicy
from tests.recorder import Recording, record


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


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1"])
def test_the_endpoint_is_never_open_to_the_internet(cidr: str) -> None:
    with pytest.raises(ValueError, match="would open the Kubernetes API"):
        args(public_access_cidrs=[cidr])


def test_an_unsupported_version_is_refused_with_those_that_are_not() -> None:
    with pytest.raises(ValueError, match=r"'1.31'.*1\.34.*until 2026-12-02.*1\.35.*until 2027-03-27"):
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


def test_the_kubeconfig_holds_no_credentials(cluster: Recording) -> None:
    user = json.loads(cluster.outputs_of("c")["kubeconfig"])["users"][0]["user"]
    assert set(user) == {"exec"}
