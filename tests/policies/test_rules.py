"""Each rule fires where it should, and is silent where it should."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from policies.judging import Judge
from policies.model import Resource, Rule, StackRule
from policies.reading import UNKNOWN
from policies.rules import RULES
from policies.rules.stack import DATA
from tests.policies.examples import (
    BREAKS,
    FINE,
    LACKS,
    LOADED,
    LOGIN,
    NETWORK_POLICY,
    SERVICE,
    TAGS,
    Change,
    allow,
    disposable,
    document,
    fine,
    fine_stack,
)

JUDGE = Judge(RULES, LOADED, stack="prod", today=date(2026, 11, 21))
NAMES = [rule.name for rule in RULES]


def _fired(resource: Resource) -> set[str]:
    return {violation.rule.name for violation in JUDGE.all([resource]) if isinstance(violation.rule, Rule)}


def test_there_are_at_least_forty_rules_and_no_two_of_the_same_name() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 40


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_every_rule_says_who_asks_for_it_why_and_what_to_do(rule: Rule | StackRule) -> None:
    assert rule.controls
    assert rule.reason.endswith(".")
    assert rule.fix.endswith(".")


def test_every_rule_has_an_example_that_breaks_it() -> None:
    elsewhere = {"data-protected", "eks-one-administrator", "providers-explicit"}
    assert set(NAMES) == BREAKS.keys() | LACKS.keys() | elsewhere


@pytest.mark.parametrize(
    ("rule", "token", "change"), [(rule, token, change) for rule, cases in BREAKS.items() for token, change in cases]
)
def test_a_rule_fires_where_it_is_broken(rule: str, token: str, change: Change) -> None:
    assert rule in _fired(fine(token, change))


@pytest.mark.parametrize("token", FINE)
def test_no_rule_speaks_of_what_is_fine(token: str) -> None:
    assert _fired(fine(token)) == set()


def test_no_rule_speaks_of_a_stack_that_is_fine() -> None:
    assert [(violation.rule.name, violation.text) for violation in JUDGE.all(fine_stack())] == []


@pytest.mark.parametrize(("rule", "token"), LACKS.items())
def test_a_rule_about_stacks_fires_where_something_is_missing(rule: str, token: str) -> None:
    stack = [resource for resource in fine_stack() if resource.type != token]
    assert rule in {violation.rule.name for violation in JUDGE.all(stack)}


def test_a_flow_log_of_another_vpc_does_not_count() -> None:
    stack = [
        replace(resource, refers_to={"vpcId": frozenset({"another"})}) if "flowLog" in resource.type else resource
        for resource in fine_stack()
    ]
    assert {violation.rule.name for violation in JUDGE.all(stack)} == {"vpc-flow-logs"}


@pytest.mark.parametrize("token", sorted(DATA))
def test_data_is_protected_or_declared_disposable(token: str) -> None:
    assert "data-protected" not in _fired(fine(token))
    assert "data-protected" in _fired(replace(fine(token), protect=False))
    assert "data-protected" not in _fired(disposable(fine(token)))


def test_a_default_provider_is_found() -> None:
    stack = [replace(fine("aws:ec2/vpc:Vpc"), provider="default_7_51_1"), fine("aws:ec2/flowLog:FlowLog")]
    assert {violation.rule.name for violation in JUDGE.all(stack)} == {"providers-explicit"}


def test_tags_may_come_from_the_provider() -> None:
    untagged = replace(fine("aws:ec2/vpc:Vpc"), default_tags={}, provider="default_7_51_1")
    assert _fired(untagged) == {"aws-tags"}
    untagged = replace(untagged, provider="aws")
    # What the provider does not give is said of the provider, and not of each resource again.
    assert _fired(replace(untagged, default_tags={"project": "b", "stack": "c"})) == set()
    assert _fired(replace(untagged, default_tags={"owner": "a", "project": "b", "stack": "c"})) == set()


def test_the_entrance_may_be_open() -> None:
    web = {"fromPort": 443, "toPort": 443, "cidrBlocks": ["0.0.0.0/0"]}
    group = fine("aws:ec2/securityGroup:SecurityGroup", {"tags": {"entrance": "true"}, "ingress": [web]})
    assert _fired(group) == set()


def test_a_tag_that_the_provider_gives_to_everything_names_no_entrance() -> None:
    web = {"fromPort": 443, "toPort": 443, "cidrBlocks": ["0.0.0.0/0"]}
    group = fine("aws:ec2/securityGroup:SecurityGroup", {"ingress": [web]})
    balancer = fine("aws:alb/loadBalancer:LoadBalancer", {"internal": False})
    everywhere = {**TAGS, "entrance": "true"}
    for resource, rule in ((group, "ec2-closed-to-the-internet"), (balancer, "lb-entrance-named")):
        own = {**resource.properties, "tags": {"entrance": "true"}}
        # AWS's provider writes its default tags there too.
        all_of_them = {**resource.properties, "tagsAll": everywhere}
        assert _fired(replace(resource, default_tags=everywhere)) == {rule}
        assert _fired(replace(resource, default_tags=everywhere, properties=all_of_them)) == {rule}
        assert _fired(replace(resource, properties=own)) == set()


def test_a_second_administrator_of_a_cluster_is_spoken_of() -> None:
    one = fine("aws:eks/accessPolicyAssociation:AccessPolicyAssociation")

    def said(**changed: Any) -> list[str]:
        second = replace(one, urn="second", properties={**one.properties, **changed})
        return [violation.urn for violation in JUDGE.all([one, second])]

    assert said() == [one.urn, "second"]
    assert said(clusterName="another") == []
    assert said(accessScope={"type": "namespace", "namespaces": ["application"]}) == []
    assert said(policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy") == []


def test_a_replica_is_backed_up_by_its_source() -> None:
    replica = fine("aws:rds/instance:Instance", {"replicateSourceDb": "writer", "backupRetentionPeriod": None})
    assert _fired(replica) == set()


def test_what_is_disposable_needs_no_standby_and_no_second_thought() -> None:
    small = {
        "aws:rds/instance:Instance": {
            "multiAz": False,
            "deletionProtection": False,
            "skipFinalSnapshot": True,
            "backupRetentionPeriod": 1,
        },
        "aws:elasticache/replicationGroup:ReplicationGroup": {
            "automaticFailoverEnabled": False,
            "snapshotRetentionLimit": 0,
        },
        "aws:kms/key:Key": {"deletionWindowInDays": 7},
        "aws:secretsmanager/secret:Secret": {"recoveryWindowInDays": 0},
        "aws:eks/cluster:Cluster": {"deletionProtection": False},
    }
    for token, change in small.items():
        assert _fired(disposable(fine(token, change))) == set(), token


def test_being_disposable_is_no_leave_to_be_public_or_unencrypted() -> None:
    database = fine("aws:rds/instance:Instance", {"publiclyAccessible": True, "storageEncrypted": False})
    assert _fired(disposable(database)) == {"rds-not-public", "rds-encrypted"}


def _with_unknowns(value: Any) -> Iterator[Any]:
    """``value`` with each thing in it unknown, one at a time."""
    yield UNKNOWN
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        for changed in _with_unknowns(item):
            copy = deepcopy(value)
            copy[key] = changed
            yield copy


TEMPLATED = [
    "kubernetes:apps/v1:DaemonSet",
    "kubernetes:apps/v1:ReplicaSet",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:batch/v1:Job",
    "kubernetes:core/v1:ReplicationController",
]


@pytest.mark.parametrize("token", TEMPLATED)
def test_what_holds_for_a_deployment_holds_for_all_that_have_a_template(token: str) -> None:
    for rule in RULES:
        if not isinstance(rule, Rule) or not rule.concerns(token):
            continue
        for example, change in BREAKS[rule.name]:
            if example == "kubernetes:apps/v1:Deployment":
                assert rule.name in _fired(replace(fine(example, change), type=token)), rule.name


def test_every_type_of_a_rule_is_one_of_the_sdks() -> None:
    tokens = {token for rule in RULES if isinstance(rule, Rule) for token in rule.types if not token.endswith("*")}
    for token in tokens - {"pulumi:providers:aws"}:
        package, module, name = token.split(":")
        (folder,) = importlib.util.find_spec(f"pulumi_{package}").submodule_search_locations
        if package == "aws":
            service, _, file = module.partition("/")
            path = Path(folder, service, re.sub("([A-Z])", r"_\1", file).lower() + ".py")
        else:
            group = module.replace("rbac.authorization", "rbac").replace(".k8s.io", "").replace("helm.sh", "helm")
            path = Path(folder, group, f"{name}.py")
        assert f"class {name}(" in path.read_text(), token


def test_sound_infrastructure_is_left_alone() -> None:
    saml = {"Federated": "arn:aws:iam::123456789012:saml-provider/idp"}
    trust = document(allow(Principal=saml, Condition={"StringEquals": {"SAML:aud": "x"}}))
    env = [{"name": "TOKEN_URL", "value": "x"}, {"name": "DATABASE_URL", "value": "postgres://app:$(PASSWORD)@db/app"}]
    keys = {"token-url": "", "MAX_TOKENS": "", "tokenizer.json": "", "secretName": "", "url": "http://a:80/b@c:d"}
    passing = allow(Action="iam:PassRole", Resource="*", Condition={"StringEquals": {SERVICE: "ec2.amazonaws.com"}})
    named = allow(Action=["iam:Pass*", "sts:*"], Resource=["arn:aws:iam::123456789012:role/app-*"])
    objects = allow(Action="*", Resource="arn:aws:s3:::bucket/*")
    sound: list[tuple[str, Change]] = [
        ("aws:iam/role:Role", {"assumeRolePolicy": trust}),
        *(
            ("aws:iam/role:Role", {"assumeRolePolicy": document(allow(Principal="*", Condition=condition))})
            for condition in (
                {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/*"}},
                {"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::bucket"}},
                {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-1/r-1/ou-1/*"]}},
            )
        ),
        ("aws:iam/rolePolicy:RolePolicy", {"policy": document(passing, named, objects)}),
        ("aws:rds/parameterGroup:ParameterGroup", {"family": "aurora-postgresql17", "parameters": []}),
        ("aws:rds/parameterGroup:ParameterGroup", {"family": "oracle-ee-19", "parameters": []}),
        ("aws:rds/instance:Instance", {"replicateSourceDb": "writer", "storageEncrypted": None}),
        ("kubernetes:core/v1:ConfigMap", {"data": keys}),
        (
            "kubernetes:core/v1:Service",
            {"spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": ["192.0.2.0/24"]}},
        ),
        ("kubernetes:apps/v1:Deployment", {"spec.template.spec.containers.0.env": env}),
    ]
    for token, change in sound:
        assert _fired(fine(token, change)) == set(), (token, change)


@pytest.mark.parametrize("key", ["API_TOKEN", "db-password", "clientSecret", "PRIVATE_KEY", "a.password", "apiKey2"])
def test_a_secret_is_known_by_the_end_of_its_name(key: str) -> None:
    assert _fired(fine("kubernetes:core/v1:ConfigMap", {"data": {key: "x"}})) == {"config-map-no-secrets"}


@pytest.mark.parametrize(
    ("change", "denies"),
    [
        ({"spec.ingress": [{}]}, False),
        ({"spec.ingress": [{"from": [{"namespaceSelector": {}}]}]}, False),
        ({"spec.ingress": [{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]}, False),
        ({"spec.ingress": [{"ports": [{"port": 80}]}]}, False),
        ({"spec.podSelector": {"matchLabels": {"app": "app"}}}, False),
        ({"spec.policyTypes": ["Egress"]}, False),
        ({"spec.ingress": []}, True),
        ({"spec.policyTypes": None}, True),
        ({"spec.policyTypes": [UNKNOWN]}, True),
        ({"metadata.namespace": UNKNOWN}, True),
    ],
)
def test_only_a_network_policy_without_rules_denies_everything(change: Change, denies: bool) -> None:
    others = [resource for resource in fine_stack() if resource.type != NETWORK_POLICY]
    said = {violation.rule.name for violation in JUDGE.all([*others, fine(NETWORK_POLICY, change)])}
    assert ("namespace-default-deny" not in said) is denies


def test_a_namespace_is_closed_whoever_makes_its_pods() -> None:
    charts = fine("kubernetes:core/v1:Namespace", {"metadata.name": "charts"})
    elsewhere = fine("kubernetes:batch/v1:CronJob", {"metadata.namespace": "elsewhere"})
    said = [(violation.rule.name, violation.text) for violation in JUDGE.all([*fine_stack(), charts, elsewhere])]
    assert [rule for rule, _ in said] == ["namespace-default-deny"] * 2
    assert [("namespace charts" in text, "namespace elsewhere" in text) for _, text in said] == [
        (True, False),
        (False, True),
    ]


def test_a_flow_log_of_what_is_refused_only_is_not_enough() -> None:
    stack = [resource for resource in fine_stack() if "flowLog" not in resource.type]
    half = fine("aws:ec2/flowLog:FlowLog", {"trafficType": "REJECT"})
    assert {violation.rule.name for violation in JUDGE.all([*stack, half])} == {"vpc-flow-logs"}


@pytest.mark.parametrize("token", [token for token in FINE if token.startswith("aws:")])
def test_tags_of_a_provider_that_are_not_known_yet_are_no_violation(token: str) -> None:
    assert _fired(replace(fine(token), default_tags=UNKNOWN, protect=False)) == set()


@pytest.mark.parametrize("token", FINE)
def test_what_a_preview_cannot_know_is_no_violation(token: str) -> None:
    resource = fine(token)
    for name, value in resource.properties.items():
        for changed in _with_unknowns(value):
            properties = {**resource.properties, name: changed}
            assert _fired(replace(resource, properties=properties)) == set(), (name, changed)


def test_a_violation_never_repeats_a_secret() -> None:
    secret = "s3cret-value"
    leaking = fine(
        "kubernetes:apps/v1:Deployment",
        {"spec.template.spec.containers.0.env": [{"name": "API_TOKEN", "value": secret}]},
    )
    by_url = fine(
        "kubernetes:apps/v1:Deployment",
        {"spec.template.spec.containers.0.env": [{"name": "DATABASE_URL", "value": LOGIN}]},
    )
    config = fine("kubernetes:core/v1:ConfigMap", {"data": {"password": secret, "url": LOGIN}})
    texts = [violation.text for one in (leaking, by_url, config) for violation in JUDGE.all([one])]
    texts = [text for text in texts if "NetworkPolicy" not in text and "PodDisruptionBudget" not in text]
    assert len(texts) == 4
    assert not any(secret in text for text in texts)
