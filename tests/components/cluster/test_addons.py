from __future__ import annotations

import json

import pytest

from components.cluster import AFTER_NODES, BEFORE_NODES, CERT_MANAGER, AddonSet, AddonSetArgs
from recorder import Recording, record

ADDON = "aws:eks/addon:Addon"


@pytest.fixture(scope="module")
def addons() -> Recording:
    return record(
        lambda: AddonSet(
            "a",
            AddonSetArgs(
                cluster_name="shop",
                kubernetes_version="1.35",
                addons=(*BEFORE_NODES, *AFTER_NODES, CERT_MANAGER),
                versions={"coredns": "v1.13.2-eksbuild.1"},
            ),
        )
    )


def test_all_add_ons_of_a_platform_are_there(addons: Recording) -> None:
    assert {addon.inputs["addonName"] for addon in addons.of_type(ADDON)} == {
        "vpc-cni",
        "kube-proxy",
        "eks-pod-identity-agent",
        "coredns",
        "aws-ebs-csi-driver",
        "metrics-server",
        "cert-manager",
    }


def test_what_makes_nodes_ready_comes_before_them() -> None:
    assert {addon.name for addon in BEFORE_NODES} == {"vpc-cni", "kube-proxy", "eks-pod-identity-agent"}


@pytest.mark.parametrize(
    ("addon", "account", "policy"),
    [
        ("vpc-cni", "aws-node", "AmazonEKS_CNI_Policy"),
        ("aws-ebs-csi-driver", "ebs-csi-controller-sa", "service-role/AmazonEBSCSIDriverPolicy"),
    ],
)
def test_an_add_on_gets_its_rights_through_pod_identity_first(
    addons: Recording, addon: str, account: str, policy: str
) -> None:
    association = addons[f"a-{addon}-association"].inputs
    assert (association["namespace"], association["serviceAccount"]) == ("kube-system", account)
    attachment = addons[f"a-{addon}-pods-{policy.rpartition('/')[2]}"].inputs
    assert attachment["policyArn"] == f"arn:aws:iam::aws:policy/{policy}"
    assert addons.waits_for(f"a-{addon}-addon", f"a-{addon}")


def test_network_policies_are_enforced(addons: Recording) -> None:
    assert json.loads(addons["a-vpc-cni-addon"].inputs["configurationValues"]) == {"enableNetworkPolicy": "true"}


def test_a_pinned_version_is_asked_for_and_the_others_follow_kubernetes(addons: Recording) -> None:
    assert addons["a-coredns-addon"].inputs["addonVersion"] == "v1.13.2-eksbuild.1"
    assert addons["a-kube-proxy-addon"].inputs["addonVersion"] == "v1.35.0-eksbuild.1"


def test_it_is_the_default_version_of_eks_not_the_newest_one(addons: Recording) -> None:
    asked = [args for token, args, _ in addons.invokes if token == "aws:eks/getAddonVersion:getAddonVersion"]
    assert asked
    assert not any(args["mostRecent"] for args in asked)


def test_a_version_for_an_unknown_add_on_is_refused() -> None:
    with pytest.raises(ValueError, match=r"core-dns: no such add-on; allowed: .*coredns.*; fix: write coredns"):
        AddonSetArgs(
            cluster_name="shop",
            kubernetes_version="1.35",
            addons=BEFORE_NODES,
            versions={"core-dns": "v1.13.2-eksbuild.1"},
        )


def test_what_eks_would_not_call_a_version_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'1\.13' is no version of an add-on"):
        AddonSetArgs(cluster_name="shop", kubernetes_version="1.35", addons=BEFORE_NODES, versions={"coredns": "1.13"})
