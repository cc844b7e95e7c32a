from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pulumi
import pytest

from components.cluster import VERSIONS
from components.removal import RemovalPolicy
from recorder import record
from stacks.settings import Settings, SettingsError, advice, load_settings
from tests.stacks.stack_files import bring_up, configuration

SETTLED = date(2026, 11, 1)
"""A day on which no version that the stacks ask for is about to end."""

Change = Callable[[dict[str, Any]], object]


def load(config: dict[str, Any], stack: str = "dev") -> Settings:
    loaded: list[Settings] = []
    record(lambda: loaded.append(load_settings()), config=config, stack=stack)
    return loaded[0]


def mistakes(change: Change) -> str:
    """What the user of dev is told after a change."""
    config = configuration("dev")
    change(config)
    with pytest.raises(SettingsError) as caught:
        load(config)
    return str(caught.value)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_both_stacks_can_be_used(stack: str) -> None:
    assert load(configuration(stack), stack).network.zones in (2, 3)


def test_a_mistake_ends_the_program_without_a_traceback() -> None:
    assert issubclass(SettingsError, pulumi.RunError)


def test_an_encrypted_setting_is_refused_and_its_value_not_told() -> None:
    """It would be built in plain text: a bad one must not be repeated, and a good one not be used."""
    config = configuration("dev")
    config["platform:cache"]["nodeType"] = "Canary-1"
    texts = {key: json.dumps(value) for key, value in config.items()}

    def encrypted() -> None:
        pulumi.runtime.set_all_config(texts, ["platform:cache", "platform:aws", "elsewhere:token"])
        load_settings()

    with pytest.raises(SettingsError) as caught:
        record(encrypted)

    said = str(caught.value)
    assert said.startswith("2 settings of stack test can't be used")
    assert [line.strip() for line in said.splitlines() if line.startswith("  platform:")] == [
        "platform:aws",
        "platform:cache",
    ]
    assert "Set it without --secret" in said
    assert "Canary-1" not in said


def test_data_is_retained_unless_the_stack_says_otherwise() -> None:
    config = configuration("dev")
    del config["platform:removalPolicy"]
    assert load(config).removal_policy is RemovalPolicy.RETAIN


def test_settings_can_not_be_changed_once_read() -> None:
    settings = load(configuration("dev"))
    with pytest.raises(ValueError, match="frozen"):
        settings.network.zones = 3  # pyright: ignore[reportAttributeAccessIssue]


def test_all_mistakes_are_told_at_once_with_the_file_they_are_in() -> None:
    def change(config: dict[str, Any]) -> None:
        config["platform:network"]["zones"] = 4
        config["platform:cache"]["replicas"] = 9
        config["platform:database"]["version"] = "9.6"

    told = mistakes(change)
    assert "3 settings of stack dev can't be used (Pulumi.dev.yaml)" in told
    assert "platform:network.zones\n    value: 4\n    allowed are 2 to 3" in told
    assert "platform:cache.replicas" in told
    assert "platform:database.version" in told


def cases() -> list[tuple[str, Change, str]]:
    def general(config: dict[str, Any]) -> dict[str, Any]:
        return config["platform:nodeGroups"]["general"]

    return [
        (
            "misspelt key",
            lambda c: c["platform:network"].update(zonse=2),
            r"network\.zonse\n.*is not known; did you mean zones\? Known here are cidr, .*, nat, zones",
        ),
        ("misspelt section", lambda c: c.update({"platform:databse": {}}), r"databse\n.*did you mean database\?"),
        (
            "misspelt key of a node group",
            lambda c: general(c).update(taint=[]),
            r"nodeGroups\.general\.taint\n.*did you mean taints\?",
        ),
        ("missing key", lambda c: c["platform:aws"].pop("region"), r"aws\.region\n    is missing; add it"),
        ("missing section", lambda c: c.pop("platform:network"), r"platform:network\n    is missing; add it"),
        ("region", lambda c: c["platform:aws"].update(region="Frankfurt"), "such as eu-central-1"),
        ("account", lambda c: c["platform:aws"].update(allowedAccountIds=["1"]), "12 digits"),
        ("small range", lambda c: c["platform:network"].update(cidr="10.0.0.0/24"), "too few for three zones"),
        ("NAT mode", lambda c: c["platform:network"].update(nat="Double"), "'None', 'Single' or 'PerZone'"),
        ("retention", lambda c: c["platform:network"].update(flowLogRetentionDays=8), "the nearest is 7"),
        (
            "unquoted version",
            lambda c: c["platform:cluster"].update(version=1.35),
            r"cluster\.version\n    value: 1\.35\n    allowed is text; put the value in quotes",
        ),
        (
            "old version",
            lambda c: c["platform:cluster"].update(version="1.31"),
            r"1\.35 \(standard support until 2027-03-27\)",
        ),
        (
            "open endpoint",
            lambda c: c["platform:cluster"].update(publicAccessCidrs=["203.0.113.0/24", "0.0.0.0/0"]),
            r"publicAccessCidrs\[1\]\n    value: \"0\.0\.0\.0/0\"\n.*would open the Kubernetes API",
        ),
        (
            "network that can not be joined",
            lambda c: c["platform:cluster"].update(privateAccessCidrs=["10.0.0.0/4"]),
            r"privateAccessCidrs\[0\]",
        ),
        (
            "role of the kubeconfig",
            lambda c: c["platform:cluster"].update(accessRoleArn="arn:aws:iam::123456789012:user/ada"),
            r"such as arn:aws:iam::123456789012:role/platform-deploy",
        ),
        (
            "trust of an identity that exists",
            lambda c: c["platform:cluster"]["accessEntries"]["developers"].update(
                principalArn="arn:aws:iam::123456789012:role/a", trustedPrincipals=["arn:aws:iam::123456789012:role/b"]
            ),
            "leave one of them out",
        ),
        (
            "add-on",
            lambda c: c["platform:cluster"].update(addonVersions={"dns": "v1"}),
            "no such add-on; allowed are .*coredns",
        ),
        (
            "principal",
            lambda c: c["platform:cluster"]["accessEntries"]["developers"].update(principalArn="me"),
            "arn:aws:iam::123456789012:role/platform-admins",
        ),
        (
            "no grants",
            lambda c: c["platform:cluster"]["accessEntries"]["developers"].update(grants=[]),
            "a list with at least 1",
        ),
        (
            "repeated grant",
            lambda c: c["platform:cluster"]["accessEntries"]["developers"].update(
                grants=[{"policy": "View"}, {"policy": "View", "namespaces": ["a"]}]
            ),
            "each policy may be granted once",
        ),
        ("sizes", lambda c: general(c).update(minSize=5), "minimum size 5, desired size 2, maximum size 4"),
        ("text for a number", lambda c: general(c).update(minSize="2"), "a whole number, without quotes"),
        (
            "architectures",
            lambda c: general(c).update(instanceTypes=["t3.medium", "t4g.medium"]),
            "make a node group for each",
        ),
        ("label", lambda c: general(c).update(labels={"a b": "c"}), "is no label of Kubernetes"),
        (
            "reserved label",
            lambda c: general(c).update(labels={"node.kubernetes.io/role": "worker"}),
            "has a prefix that node groups may not set",
        ),
        ("label value", lambda c: general(c).update(labels={"workload": "not this"}), r"labels\.workload\n"),
        (
            "namespace of a grant",
            lambda c: c["platform:cluster"]["accessEntries"]["developers"]["grants"][0].update(namespaces=["App_1"]),
            r"grants\[0\]\.namespaces\[0\]\n    value: \"App_1\"\n.*names no namespace",
        ),
        (
            "network of the load balancer",
            lambda c: c["platform:ingress"].update(allowedCidrs=["203.0.113.7/24"]),
            r"ingress\.allowedCidrs\[0\]\n    value: \"203\.0\.113\.7/24\"\n.*without host bits",
        ),
        (
            "namespace of Kubernetes",
            lambda c: c["platform:application"].update(namespace="kube-system"),
            r"application\.namespace\n.*\n.*belongs to Kubernetes",
        ),
        (
            "namespace of another part",
            lambda c: c["platform:application"].update(namespace="ingress"),
            "namespace of another part of the platform",
        ),
        ("taint", lambda c: general(c).update(taints=["gpu"]), "such as gpu=nvidia:NoSchedule"),
        (
            "only tainted nodes",
            lambda c: general(c).update(taints=["workload=ai:PreferNoSchedule", "gpu=nvidia:NoSchedule"]),
            "nodeGroups has no group that begins with a node for pods without tolerations",
        ),
        ("no nodes to begin with", lambda c: general(c).update(minSize=0, desiredSize=0), "desiredSize of 1 or more"),
        (
            "version of an add-on that is not installed",
            lambda c: (
                c["platform:cluster"].update(addonVersions={"cert-manager": "v1.19.1-eksbuild.1"}),
                c.pop("platform:application"),
                c.pop("platform:certificates"),
            ),
            "cert-manager, which is installed with certificates only",
        ),
        (
            "name of a node group",
            lambda c: c["platform:nodeGroups"].update(Big=general(c)),
            "begin with a lower-case letter",
        ),
        ("repository", lambda c: c["platform:registry"].update(repositories=["Web"]), "is no repository name"),
        (
            "repeated repository",
            lambda c: c["platform:registry"].update(repositories=["web", "web"]),
            "each repository may be named once",
        ),
        ("node type", lambda c: c["platform:cache"].update(nodeType="t4g.micro"), r"such as cache\.t4g\.micro"),
        ("instance class", lambda c: c["platform:database"].update(instanceClass="t4g"), r"such as db\.t4g\.micro"),
        ("database name", lambda c: c["platform:database"].update(databaseName="1-app"), "beginning with a letter"),
        ("storage", lambda c: c["platform:database"].update(maxStorageGib=21), "at least a tenth more"),
        (
            "replicas without backups",
            lambda c: c["platform:database"].update(readReplicas=1, backupDays=0),
            "keep 1 day or more",
        ),
        (
            "TLS switched off",
            lambda c: c["platform:database"].update(parameters={"rds.force_ssl": "0"}),
            "always 1; leave it out",
        ),
        ("moving tag", lambda c: c["platform:application"]["image"].update(tag="latest"), "one build for ever"),
        ("host", lambda c: c["platform:application"].update(host="no host"), r"application\.host"),
        (
            "autoscaling",
            lambda c: c["platform:application"].update(autoscaling={"minReplicas": 5, "maxReplicas": 4}),
            r"application\.autoscaling",
        ),
        (
            "resources",
            lambda c: c["platform:application"].update(resources={"cpuRequest": "2", "cpuLimit": "1"}),
            r"application\.resources",
        ),
        ("e-mail", lambda c: c["platform:certificates"].update(email="me@example.com"), r"certificates\.email"),
        (
            "unknown repository",
            lambda c: c["platform:application"]["image"].update(repository="api"),
            r"application\.image\.repository is api, which registry\.repositories does not name; allowed are web",
        ),
        (
            "missing counterpart",
            lambda c: (c.pop("platform:database"), c.pop("platform:cache")),
            "application needs cache, database; add these sections or leave application out",
        ),
        ("section that is no mapping", lambda c: c.update({"platform:ingress": "yes"}), "a mapping of keys to values"),
    ]


@pytest.mark.parametrize(("change", "told"), [case[1:] for case in cases()], ids=[case[0] for case in cases()])
def test_a_mistake_is_told_with_what_is_allowed(change: Change, told: str) -> None:
    assert re.search(told, mistakes(change)), mistakes(change)


def test_nodes_without_a_way_out_are_warned_about() -> None:
    config = configuration("dev")
    config["platform:network"]["nat"] = "None"
    logs = bring_up("dev", config).logs
    assert [severity for severity, message in logs if "set Single or PerZone" in message] == ["WARNING"]


@pytest.mark.parametrize(
    ("today", "told"),
    [
        (date(2026, 12, 26), None),
        (date(2026, 12, 27), "whose standard support ends on 2027-03-27; EKS then upgrades"),
        (date(2027, 3, 28), "whose standard support ended on 2027-03-27"),
    ],
)
def test_the_end_of_a_kubernetes_version_is_told_90_days_before(today: date, told: str | None) -> None:
    warnings = advice(load(configuration("dev")), today)
    assert (told in warnings[0] and "platform:cluster.version is 1.35" in warnings[0]) if told else warnings == []


def test_the_version_to_go_to_is_told_when_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VERSIONS, "1.36", date(2027, 8, 1))
    assert advice(load(configuration("dev")), date(2027, 1, 1))[0].endswith("Set 1.36")


def test_a_control_plane_that_only_its_nodes_reach_is_warned_about() -> None:
    config = configuration("prod")
    del config["platform:cluster"]["privateAccessCidrs"]
    (warning,) = advice(load(config, "prod"), SETTLED)
    assert "names no network in publicAccessCidrs or privateAccessCidrs" in warning


@pytest.mark.parametrize("change", [{"exposure": "Internal"}, {"allowedCidrs": ["203.0.113.0/24"]}])
def test_a_challenge_that_never_arrives_is_warned_about(change: dict[str, Any]) -> None:
    config = configuration("dev")
    config["platform:ingress"].update(change)
    (warning,) = advice(load(config), SETTLED)
    assert "no certificate is ever issued" in warning
    for section in ("certificates", "application"):
        del config[f"platform:{section}"]
    assert advice(load(config), SETTLED) == []


def test_rights_in_a_namespace_that_the_application_is_not_in_are_warned_about() -> None:
    config = configuration("dev")
    config["platform:application"]["namespace"] = "shop"
    (warning,) = advice(load(config), SETTLED)
    assert "accessEntries.developers grants Edit in application, and not in shop" in warning
    config["platform:cluster"]["accessEntries"]["developers"]["grants"][0]["namespaces"] = ["sho*"]
    assert advice(load(config), SETTLED) == []


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_our_own_stacks_give_no_cause_for_warnings(stack: str) -> None:
    assert advice(load(configuration(stack), stack), SETTLED) == []


@pytest.mark.parametrize(
    ("change", "read"),
    [
        (lambda c: c["platform:database"].update(version=17), lambda s: s.database.version),
        (lambda c: c["platform:application"]["image"].update(tag=20260511), lambda s: s.application.image.tag),
        (lambda c: c["platform:aws"].update(allowedAccountIds=[123456789012]), lambda s: s.aws.allowed_account_ids[0]),
    ],
)
def test_a_text_of_digits_may_be_written_as_a_number(change: Change, read: Callable[[Settings], str]) -> None:
    """As `pulumi config set --path` does, and as one forgets the quotes."""
    config = configuration("dev")
    change(config)

    assert read(load(config)).isdigit()


@pytest.mark.parametrize("value", [1.35, True])
def test_what_yaml_has_bent_is_not_taken_for_a_text(value: Any) -> None:
    assert "put the value in quotes" in mistakes(lambda c: c["platform:cluster"].update(version=value))
