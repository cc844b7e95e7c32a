"""Every setting changes a resource: which one, where, and to what. A setting without a row here fails the tests."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast, get_args, get_origin

import pytest
from pydantic import BaseModel

from components.cluster.versions import VERSIONS
from recorder import Recording
from stacks.settings import Settings
from tests.stacks.stack_files import bring_up, configuration

Place = tuple[str | int, ...]
CONTAINER: Place = ("spec", "template", "spec", "containers", 0)
NLB_INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"
POLICY = "arn:aws:eks::aws:cluster-access-policy"


@dataclass(frozen=True)
class Row:
    """What a setting of prod changes: ``value`` in the YAML arrives as ``told`` at a place of a resource."""

    setting: str
    value: Any
    resource: str
    """Logical name; a type's token means that its resources are counted."""
    place: Place
    told: Any = ...
    """Left out: the value itself."""
    pattern: re.Pattern[str] | None = None
    """What the text there must match as a whole."""
    alone: bool = False
    """No other value is allowed, so prod has this one too."""

    @property
    def expected(self) -> Any:
        return self.value if self.told is ... else self.told


ROWS = [
    Row("aws.region", "eu-west-1", "aws", ("region",)),
    Row("aws.allowedAccountIds", ["123456789012"], "aws", ("allowedAccountIds",)),
    Row("aws.tags", {"owner": "shop"}, "aws", ("defaultTags", "tags", "owner"), "shop"),
    Row("network.cidr", "10.60.0.0/16", "network-vpc", ("cidrBlock",)),
    Row("network.zones", 2, "aws:ec2/subnet:Subnet", (), 6),
    Row("network.nat", "Single", "aws:ec2/natGateway:NatGateway", (), 1),
    Row("network.flowLogRetentionDays", 30, "network-flow-logs-group", ("retentionInDays",)),
    Row("removalPolicy", "Delete", "database-writer", ("deletionProtection",), False),
    Row("cluster.version", next(iter(VERSIONS)), "cluster-cluster", ("version",), alone=len(VERSIONS) == 1),
    Row("cluster.publicAccessCidrs", ["198.51.100.0/24"], "cluster-cluster", ("vpcConfig", "publicAccessCidrs")),
    Row(
        "cluster.privateAccessCidrs",
        ["10.9.0.0/16"],
        "cluster-from-10.9.0.0-16",
        ("cidrIpv4",),
        "10.9.0.0/16",
    ),
    Row(
        "cluster.serviceCidr",
        "10.100.0.0/16",
        "cluster-cluster",
        ("kubernetesNetworkConfig", "serviceIpv4Cidr"),
    ),
    Row(
        "cluster.accessRoleArn",
        "arn:aws:iam::123456789012:role/deploy",
        "kubernetes",
        ("kubeconfig", "users", 0, "user", "exec", "args", -1),
    ),
    Row(
        "cluster.accessEntries.administrators.trustedPrincipals",
        ["arn:aws:iam::123456789012:role/oncall"],
        "cluster-administrators-people-role",
        ("assumeRolePolicy", "Statement", 0, "Principal", "AWS"),
    ),
    Row("cluster.logRetentionDays", 30, "cluster-logs", ("retentionInDays",)),
    Row(
        "cluster.accessEntries.developers.principalArn",
        "arn:aws:iam::123456789012:role/developers",
        "cluster-developers-entry",
        ("principalArn",),
    ),
    Row(
        "cluster.accessEntries.developers.grants.0.policy",
        "Edit",
        "cluster-developers-Edit",
        ("policyArn",),
        f"{POLICY}/AmazonEKSEditPolicy",
    ),
    Row(
        "cluster.accessEntries.developers.grants.0.namespaces",
        ["shop", "team-*"],
        "cluster-developers-Edit",
        ("accessScope", "namespaces"),
    ),
    Row(
        "cluster.addonVersions",
        {"coredns": "v1.13.1-eksbuild.1"},
        "addons-on-nodes-coredns-addon",
        ("addonVersion",),
        "v1.13.1-eksbuild.1",
    ),
    Row("nodeGroups.spot.instanceTypes", ["m7i.xlarge"], "nodes-spot-nodes", ("instanceTypes",)),
    Row("nodeGroups.spot.minSize", 1, "nodes-spot-nodes", ("scalingConfig", "minSize")),
    Row("nodeGroups.spot.desiredSize", 2, "nodes-spot-nodes", ("scalingConfig", "desiredSize")),
    Row("nodeGroups.spot.maxSize", 7, "nodes-spot-nodes", ("scalingConfig", "maxSize")),
    Row("nodeGroups.spot.capacityType", "OnDemand", "nodes-spot-nodes", ("capacityType",), "ON_DEMAND"),
    Row("nodeGroups.spot.diskGib", 80, "nodes-spot-template", ("blockDeviceMappings", 0, "ebs", "volumeSize")),
    Row("nodeGroups.spot.labels", {"workload": "batch"}, "nodes-spot-nodes", ("labels",)),
    Row(
        "nodeGroups.spot.taints",
        ["gpu=nvidia:NoSchedule"],
        "nodes-spot-nodes",
        ("taints",),
        [{"key": "gpu", "value": "nvidia", "effect": "NO_SCHEDULE"}],
    ),
    Row("nodeGroups.spot.releaseVersion", "1.35.2-20261101", "nodes-spot-nodes", ("releaseVersion",)),
    Row("registry.repositories", ["web", "api"], "registry-api", ("name",), "platform-prod/api"),
    Row(
        "registry.untaggedDays",
        3,
        "registry-web-lifecycle",
        ("policy", "rules", 0, "selection", "countNumber"),
    ),
    Row("registry.keepLast", 20, "registry-web-lifecycle", ("policy", "rules", 1, "selection", "countNumber")),
    Row("cache.nodeType", "cache.r7g.large", "cache-group", ("nodeType",)),
    Row("cache.engine", "Redis", "cache-group", ("engine",), "redis"),
    Row("cache.replicas", 1, "cache-group", ("numCacheClusters",), 2),
    Row("cache.snapshotDays", 3, "cache-group", ("snapshotRetentionLimit",)),
    Row(
        "cache.parameters",
        {"maxmemory-policy": "allkeys-lru"},
        "cache-parameters",
        ("parameters",),
        [{"name": "maxmemory-policy", "value": "allkeys-lru"}],
    ),
    Row("cache.changes", "Immediately", "cache-group", ("applyImmediately",), True),
    Row("database.instanceClass", "db.r7g.large", "database-writer", ("instanceClass",)),
    Row("database.storageGib", 50, "database-writer", ("allocatedStorage",)),
    Row("database.maxStorageGib", 200, "database-writer", ("maxAllocatedStorage",)),
    Row("database.version", "16", "database-writer", ("engineVersion",)),
    Row("database.databaseName", "shop", "database-writer", ("dbName",)),
    Row("database.availability", "SingleZone", "database-writer", ("multiAz",), False),
    Row("database.readReplicas", 1, "aws:rds/instance:Instance", (), 2),
    Row("database.backupDays", 5, "database-writer", ("backupRetentionPeriod",)),
    Row("database.parameters", {"max_connections": "200"}, "database-parameters", ("parameters", 0, "value"), "200"),
    Row("database.changes", "Immediately", "database-writer", ("applyImmediately",), True),
    Row("ingress.className", "web", "ingress-class", ("metadata", "name")),
    Row("ingress.exposure", "Internal", "ingress-load-balancer", ("metadata", "annotations", NLB_INTERNAL), "true"),
    Row("ingress.allowedCidrs", ["198.51.100.0/24"], "ingress-load-balancer", ("spec", "loadBalancerSourceRanges")),
    Row("ingress.replicas", 5, "ingress-release", ("values", "deployment", "replicas")),
    Row("ingress.plainHttp", "PerIngress", "ingress-release", ("values", "ports", "web", "http"), None),
    Row("certificates.email", "platform@pulumi.com", "certificates-letsencrypt-prod", ("spec", "acme", "email")),
    Row(
        "application.image.repository",
        "api",
        "application-deployment",
        (*CONTAINER, "image"),
        pattern=re.compile(r".*/platform-prod/api:.*"),
    ),
    Row(
        "application.image.tag",
        "2.0.0",
        "application-deployment",
        (*CONTAINER, "image"),
        pattern=re.compile(r".*:2\.0\.0"),
    ),
    Row("application.host", "shop.example.com", "application-ingress", ("spec", "rules", 0, "host")),
    Row("application.name", "shop", "application-deployment", ("metadata", "name")),
    Row("application.namespace", "shop", "application-namespace", ("metadata", "name")),
    Row(
        "application.issuer",
        "Staging",
        "application-ingress",
        ("metadata", "annotations", "cert-manager.io/cluster-issuer"),
        "letsencrypt-staging",
    ),
    *(
        Row(f"application.resources.{name}", value, "application-deployment", (*CONTAINER, "resources", *place))
        for name, value, place in (
            ("cpuRequest", "200m", ("requests", "cpu")),
            ("memoryRequest", "300Mi", ("requests", "memory")),
            ("cpuLimit", "600m", ("limits", "cpu")),
            ("memoryLimit", "700Mi", ("limits", "memory")),
        )
    ),
    Row("application.autoscaling.minReplicas", 4, "application-autoscaler", ("spec", "minReplicas")),
    Row("application.autoscaling.maxReplicas", 40, "application-autoscaler", ("spec", "maxReplicas")),
    *(
        Row(
            f"application.autoscaling.{name}",
            60,
            "application-autoscaler",
            ("spec", "metrics", index, "resource", "target", "averageUtilization"),
        )
        for index, name in enumerate(("cpuPercent", "memoryPercent"))
    ),
    Row(
        "application.zoneSpread",
        "ScheduleAnyway",
        "application-deployment",
        ("spec", "template", "spec", "topologySpreadConstraints", 0, "whenUnsatisfiable"),
    ),
]


def steps(setting: str) -> list[str | int]:
    """The way to a setting in a stack file's configuration."""
    section, *path = setting.split(".")
    return [f"platform:{section}", *(int(step) if step.isdigit() else step for step in path)]


@pytest.fixture(scope="module")
def changed() -> Recording:
    """prod with all rows' values at once: one run of the program for the whole table."""
    config = configuration("prod")
    for row in ROWS:
        *keys, last = steps(row.setting)
        place: Any = config
        for key in keys:
            place = place[key] if isinstance(key, int) else cast("dict[str, Any]", place).setdefault(key, {})
        place[last] = row.value
    return bring_up("prod", config)


@pytest.mark.parametrize("row", ROWS, ids=[row.setting for row in ROWS])
def test_a_setting_changes_its_resource(row: Row, recorded_prod: Recording, changed: Recording) -> None:
    assert matches(row, changed), _told(row, changed)
    assert row.alone or not matches(row, recorded_prod), "prod has this value already, so the row proves nothing"


def test_every_setting_has_a_row_and_every_row_a_setting() -> None:
    settings, rows = set(_settings(Settings)), {row.setting for row in ROWS}
    unproven = {setting for setting in settings if not any(_names(row, setting) for row in rows)}
    stale = {row for row in rows if not any(_names(row, setting) for setting in settings)}
    assert (unproven, stale) == (set(), set())


def matches(row: Row, recording: Recording) -> bool:
    told = _told(row, recording)
    if row.pattern is not None:
        return isinstance(told, str) and row.pattern.fullmatch(told) is not None
    return told == row.expected


def _told(row: Row, recording: Recording) -> Any:
    if ":" in row.resource:
        return len(recording.of_type(row.resource))
    if row.resource not in recording:
        return f"there is no {row.resource}"
    value: Any = recording[row.resource].inputs
    for step in row.place:
        value = _inside(value, step)
    return _decoded(value) if isinstance(row.expected, list) else value


def _inside(value: Any, step: str | int) -> Any:
    value = _decoded(value)
    if isinstance(step, int):
        items = cast("list[Any]", value) if isinstance(value, list) else []
        return items[step] if step < len(items) else None
    return cast("dict[str, Any]", value).get(step) if isinstance(value, dict) else None


def _decoded(value: Any) -> Any:
    """Providers' arguments and policies travel as JSON."""
    return json.loads(value) if isinstance(value, str) and value[:1] in ("{", "[") else value


def _settings(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """All keys that hold a value, ``*`` where names or positions stand."""
    for field in model.model_fields.values():
        key = f"{path}{field.alias}"
        sections = list(_sections(field.annotation, key))
        if not sections:
            yield key
        for section, place in sections:
            yield from _settings(section, f"{place}.")


def _sections(annotation: Any, path: str) -> Iterator[tuple[type[BaseModel], str]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, path
        return
    many = get_origin(annotation) not in (None, types.UnionType) and get_origin(annotation) in (dict, tuple, list)
    for argument in get_args(annotation):
        yield from _sections(argument, f"{path}.*" if many else path)


def _names(row: str, setting: str) -> bool:
    """Whether the row's path is one of the setting's."""
    ours, theirs = row.split("."), setting.split(".")
    return len(ours) == len(theirs) and all(b in ("*", a) for a, b in zip(ours, theirs, strict=True))
