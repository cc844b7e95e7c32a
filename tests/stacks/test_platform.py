"""What holds for every stack, and for each of the two."""

from __future__ import annotations

import base64
import gc
import json
from collections.abc import Iterator
from datetime import date
from typing import Any, cast

import pytest

from components.cluster import VERSIONS
from recorder import Recording
from recorder.cloud import RANDOM_PASSWORD
from tests.stacks.stack_files import bring_up, configuration

STATEFUL = {
    "aws:rds/instance:Instance",
    "aws:elasticache/replicationGroup:ReplicationGroup",
    "aws:ecr/repository:Repository",
    "aws:secretsmanager/secret:Secret",
    "aws:kms/key:Key",
    "aws:cloudwatch/logGroup:LogGroup",
}
PASSWORD_FORMS = (RANDOM_PASSWORD, base64.b64encode(RANDOM_PASSWORD.encode()).decode())
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
ADDON = "aws:eks/addon:Addon"


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text inside, with the path that the recorder gives it."""
    if isinstance(value, dict):
        for key, item in cast("dict[str, Any]", value).items():
            yield from _texts(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[Any]", value)):
            yield from _texts(item, f"{path}[{index}]")
    elif isinstance(value, str):
        yield path, value


def test_every_resource_belongs_to_a_component(recorded: Recording) -> None:
    types = {resource.urn: resource.type for resource in recorded.resources}
    for resource in recorded.resources:
        if not resource.type.startswith(("platform:", "pulumi:providers:")):
            assert types[resource.parent].startswith("platform:"), resource.name


def test_every_component_names_its_outputs(recorded: Recording) -> None:
    for resource in recorded.resources:
        if resource.type.startswith("platform:"):
            assert resource.urn in recorded.outputs, resource.name


def test_children_begin_with_the_name_of_their_component(recorded: Recording) -> None:
    for resource in recorded.resources:
        parent = resource.parent.rpartition("::")[2]
        if "pulumi:pulumi:Stack" not in resource.parent:
            assert resource.name.startswith(f"{parent}-"), resource.urn


def test_nothing_uses_a_default_provider(recorded: Recording) -> None:
    for resource in recorded.resources:
        package = resource.type.partition(":")[0]
        if package in ("aws", "kubernetes"):
            assert resource.provider == f"{recorded[package].urn}::{package}-id", resource.name


def test_no_function_uses_a_default_provider(recorded: Recording) -> None:
    assert recorded.invokes
    for token, _, provider in recorded.invokes:
        assert provider == f"{recorded['aws'].urn}::aws-id", token


def test_configuration_and_secrets_are_changed_under_running_pods_not_recreated(recorded: Recording) -> None:
    provider = recorded["kubernetes"].inputs

    assert json.loads(provider["enableConfigMapMutable"]) is True
    assert json.loads(provider["enableSecretMutable"]) is True


def test_the_cluster_decides_whether_its_objects_are_replaced_not_a_guess_from_the_kubeconfig(
    recorded: Recording,
) -> None:
    assert recorded["kubernetes"].inputs["clusterIdentifier"] == recorded.outputs_of("cluster")["identifier"]


def test_the_program_looks_for_no_garbage(monkeypatch: pytest.MonkeyPatch) -> None:
    disabled: list[bool] = []
    monkeypatch.setattr(gc, "disable", lambda: disabled.append(True))

    bring_up("dev")

    assert disabled


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_default_providers_are_disabled(stack: str) -> None:
    assert configuration(stack)["pulumi:disable-default-providers"] == ["*"]


def test_whose_a_resource_is_can_be_seen_from_its_account(recorded_prod: Recording) -> None:
    tags = json.loads(recorded_prod["aws"].inputs["defaultTags"])["tags"]
    assert tags == {"owner": "platform-team", "project": "platform", "stack": "prod", "removal-policy": "Retain"}


def test_as_many_tags_as_the_settings_take_leave_room_for_those_of_a_resource() -> None:
    """50 is AWS's limit; EKS gives what it starts five more than its resource has here."""
    config = configuration("prod")
    ours = len(config["platform:aws"]["tags"])
    config["platform:aws"]["tags"].update({f"tag-{number}": "a" for number in range(40 - ours)})
    recording = bring_up("prod", config)
    default = json.loads(recording["aws"].inputs["defaultTags"])["tags"]

    assert len(default) > 40
    for resource in recording.resources:
        assert len({**default, **resource.inputs.get("tags", {})}) <= 50, resource.name
        for specification in resource.inputs.get("tagSpecifications", []):
            assert len(specification["tags"]) + 5 <= 50, resource.name


def test_instances_carry_the_same_tags(recorded_prod: Recording) -> None:
    (specification, *_) = recorded_prod["nodes-general-template"].inputs["tagSpecifications"]
    assert specification["tags"].items() >= {"owner": "platform-team", "project": "platform", "stack": "prod"}.items()


def test_the_outputs_are_those_that_users_need(recorded: Recording) -> None:
    assert set(recorded.exports) >= {
        "clusterName",
        "clusterEndpoint",
        "kubeconfig",
        "accessRoleArns",
        "registryUrls",
        "databaseWriter",
        "databaseReaders",
        "redisEndpoint",
        "applicationUrl",
    }


def test_the_kubeconfig_is_secret_and_the_addresses_are_not(recorded: Recording) -> None:
    assert recorded.secret_exports == {"kubeconfig"}


def test_no_component_registers_a_password(recorded: Recording) -> None:
    """The SDK writes the outputs of components into the engine's debug log, secret or not."""
    components = [resource for resource in recorded.resources if resource.type.startswith("platform:")]
    assert len(components) > 10
    for component in components:
        outputs = recorded.outputs.get(component.urn, {})
        told = [path for path, text in _texts(outputs) if any(form in text for form in PASSWORD_FORMS)]
        assert told == [], component.name


def test_no_password_is_sent_in_the_clear(recorded: Recording) -> None:
    found = [
        (resource, path)
        for resource in recorded.resources
        for path, text in _texts(resource.inputs)
        if any(form in text for form in PASSWORD_FORMS)
    ]
    assert {resource.name for resource, _ in found} >= {"database-writer", "cache-group", "application-secrets"}
    for resource, path in found:
        assert any(path == secret or path.startswith((f"{secret}.", f"{secret}[")) for secret in resource.secrets), (
            f"{resource.name}.{path}"
        )


def test_the_network_plugin_is_there_before_nodes(recorded: Recording) -> None:
    for group in recorded.of_type(NODE_GROUP):
        assert recorded.waits_for(group.name, "addons-before-nodes")


def test_nodes_have_rights_and_a_way_out_as_long_as_they_live(recorded: Recording) -> None:
    for group in recorded.of_type(NODE_GROUP):
        assert recorded.waits_for(group.name, "nodes")
        assert recorded.waits_for(group.name, "network")


@pytest.mark.parametrize("addon", ["coredns", "aws-ebs-csi-driver", "metrics-server", "cert-manager"])
def test_what_runs_on_nodes_comes_after_them(recorded: Recording, addon: str) -> None:
    for group in recorded.of_type(NODE_GROUP):
        assert recorded.waits_for(f"addons-on-nodes-{addon}-addon", group.name)


def test_what_is_in_the_cluster_goes_before_nodes_add_ons_and_access(recorded: Recording) -> None:
    ground = [*recorded.of_type(NODE_GROUP), *recorded.of_type(ADDON)]
    ground += recorded.of_type("aws:eks/accessPolicyAssociation:AccessPolicyAssociation")
    for resource in recorded.resources:
        if resource.type.startswith("kubernetes:"):
            for below in ground:
                assert recorded.waits_for(resource.name, below.name), f"{resource.name} outlives {below.name}"


def test_prod_spans_three_zones(recorded_prod: Recording) -> None:
    subnets = recorded_prod.of_type("aws:ec2/subnet:Subnet")
    assert len({subnet.inputs["availabilityZone"] for subnet in subnets}) == 3
    assert len(recorded_prod.of_type("aws:ec2/natGateway:NatGateway")) == 3


def test_prods_data_is_in_three_zones(recorded_prod: Recording) -> None:
    readers = [recorded_prod[f"database-reader-{index}"].inputs["availabilityZone"] for index in range(2)]
    assert len(set(readers)) == 2
    assert recorded_prod["database-writer"].inputs["multiAz"] is True
    assert recorded_prod["cache-group"].inputs["numCacheClusters"] == 3


def test_prods_data_can_not_be_deleted_by_mistake(recorded_prod: Recording) -> None:
    for resource in recorded_prod.resources:
        is_replica = "replicateSourceDb" in resource.inputs
        if resource.type in STATEFUL and not is_replica:
            assert resource.protect, resource.name
            assert resource.retain_on_delete, resource.name


def test_prods_endpoint_is_private(recorded_prod: Recording) -> None:
    assert recorded_prod["cluster-cluster"].inputs["vpcConfig"]["endpointPublicAccess"] is False


def test_prods_endpoint_is_reached_from_the_network_that_pulumi_runs_in(recorded_prod: Recording) -> None:
    rule = recorded_prod["cluster-from-10.0.0.0-16"]
    assert rule.inputs["fromPort"] == 443
    assert recorded_prod.waits_for("kubernetes", rule.name)


def test_developers_read_no_secrets_beside_their_namespaces_own(recorded: Recording) -> None:
    for association in recorded.of_type("aws:eks/accessPolicyAssociation:AccessPolicyAssociation"):
        if "developers" in association.name and association.inputs["accessScope"]["type"] == "cluster":
            assert association.inputs["policyArn"].endswith("AmazonEKSViewPolicy")


def test_dev_is_small(recorded_dev: Recording) -> None:
    assert len(recorded_dev.of_type("aws:ec2/natGateway:NatGateway")) == 1
    assert recorded_dev["database-writer"].inputs["multiAz"] is False
    assert recorded_dev["cache-group"].inputs["numCacheClusters"] == 1


def test_dev_goes_without_a_trace(recorded_dev: Recording) -> None:
    assert not any(resource.protect or resource.retain_on_delete for resource in recorded_dev.resources)
    assert recorded_dev["database-writer"].inputs["deletionProtection"] is False
    assert recorded_dev["database-writer"].inputs["skipFinalSnapshot"] is True
    assert recorded_dev["registry-web"].inputs["forceDelete"] is True
    assert recorded_dev["database-connection-secret"].inputs["recoveryWindowInDays"] == 0


def test_one_setting_lifts_all_protection_of_prod() -> None:
    recording = bring_up("prod", {**configuration("prod"), "platform:removalPolicy": "Delete"})
    assert not any(resource.protect or resource.retain_on_delete for resource in recording.resources)
    assert recording["database-writer"].inputs["deletionProtection"] is False
    assert recording["cluster-cluster"].inputs["deletionProtection"] is False


def test_lifting_protection_replaces_nothing(recorded_prod: Recording) -> None:
    """Every input that differs is one that AWS changes in place."""
    recording = bring_up("prod", {**configuration("prod"), "platform:removalPolicy": "Delete"})
    changed = {
        (resource.type.rpartition(":")[2], key)
        for resource in recording.resources
        for key in {*resource.inputs, *recorded_prod[resource.name].inputs}
        if resource.inputs.get(key) != recorded_prod[resource.name].inputs.get(key)
    }
    assert changed == {
        ("Cluster", "deletionProtection"),
        # A tag. Not of the nodes: a new launch template would replace them all.
        ("aws", "defaultTags"),
        ("Instance", "deleteAutomatedBackups"),
        ("Instance", "deletionProtection"),
        ("Instance", "skipFinalSnapshot"),
        ("Key", "deletionWindowInDays"),
        ("Repository", "forceDelete"),
        ("Secret", "recoveryWindowInDays"),
    }


def test_the_application_runs_the_image_of_our_own_registry(recorded_prod: Recording) -> None:
    (container,) = recorded_prod["application-deployment"].inputs["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "123456789012.dkr.ecr.eu-central-1.amazonaws.com/platform-prod/web:1.0.0"


def test_a_version_change_reaches_control_plane_add_ons_and_nodes(
    recorded_prod: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(VERSIONS, "1.36", date(2100, 1, 1))
    config = configuration("prod")
    config["platform:cluster"]["version"] = "1.36"
    recording = bring_up("prod", config)
    changed = {
        (resource.name, key)
        for resource in recording.resources
        for key, value in resource.inputs.items()
        if value != recorded_prod[resource.name].inputs.get(key)
    }
    nodes = {(group.name, "version") for group in recording.of_type(NODE_GROUP)}
    addons = {(addon.name, "addonVersion") for addon in recording.of_type(ADDON)}
    assert len(nodes) == 2
    assert len(addons) == 7
    assert changed == {("cluster-cluster", "version"), *nodes, *addons}


def test_cert_manager_is_there_only_for_certificates(recorded_dev: Recording) -> None:
    config = configuration("dev")
    for section in ("application", "certificates"):
        del config[f"platform:{section}"]
    assert "addons-on-nodes-cert-manager-addon" in recorded_dev
    assert "addons-on-nodes-cert-manager-addon" not in bring_up("dev", config)


@pytest.mark.parametrize("section", ["application", "certificates", "ingress", "registry", "database", "cache"])
def test_a_section_that_is_left_out_is_not_built(section: str) -> None:
    config = configuration("dev")
    dropped = {"application", section}
    if section == "ingress":
        dropped.add("certificates")
    for name in dropped:
        del config[f"platform:{name}"]
    recording = bring_up("dev", config)
    assert "cluster" in recording
    for name in ("application", "certificates", "ingress", "registry", "database", "cache"):
        assert (name in recording) is (name not in dropped)


def test_a_network_alone_is_a_platform_too() -> None:
    config = {
        key: value
        for key, value in configuration("dev").items()
        if key in ("platform:aws", "platform:network", "platform:removalPolicy")
    }
    recording = bring_up("dev", config)
    assert "network" in recording
    assert "kubernetes" not in recording
    assert recording.exports == {}
