"""What the user of dev is told, to the letter, about each mistake: the lines are in ``bad_input.txt``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stacks.settings import SettingsError
from tests.stacks.loading import load
from tests.stacks.stack_files import configuration

Config = dict[str, Any]
Change = Callable[[Config], object]

DEEP = '{"a": ' * 300 + "1" + "}" * 300

LINES = Path(__file__).with_name("bad_input.txt")
"""The name of a case, and below it the lines that its user sees."""


def general(config: Config) -> Config:
    return config["platform:nodeGroups"]["general"]


def developers(config: Config) -> Config:
    return config["platform:cluster"]["accessEntries"]["developers"]


def with_values(section: str, **values: Any) -> Change:
    return lambda config: config[f"platform:{section}"].update(values)


def in_nodes(**values: Any) -> Change:
    return lambda config: general(config).update(values)


def in_access(**values: Any) -> Change:
    return lambda config: developers(config).update(values)


CASES: dict[str, Change] = {
    # An unknown key
    "a misspelt key": with_values("network", zonse=2),
    "a key in snake case": in_nodes(max_size=5),
    "a key that resembles none": with_values("network", colour="blue"),
    "a misspelt section": lambda config: config.update({"platform:databse": {}}),
    "half a character": with_values("aws", region="\ud800"),
    "a mapping in a mapping in a mapping": lambda config: config.update({"platform:registry": json.loads(DEEP)}),
    "a misspelt project": lambda config: config.update({"platfrom:database": config.pop("platform:database")}),
    "a project in capitals": lambda config: config.update({"Platform:registry": config.pop("platform:registry")}),
    "the region where the provider would have it": lambda config: config.update({"aws:region": "eu-west-1"}),
    "tags where the provider would have them": lambda config: config.update({"aws:defaultTags": {"tags": {}}}),
    "a profile for the provider": lambda config: config.update({"aws:profile": "shop"}),
    "a kubeconfig for the provider": lambda config: config.update({"kubernetes:kubeconfig": "~/.kube/config"}),
    "a misspelt key of a node group": in_nodes(taint=[]),
    "a misspelt key in a list": lambda config: developers(config)["grants"][0].update(namespace="shop"),
    "an unknown add-on": with_values("cluster", addonVersions={"core-dns": "v1.13.1-eksbuild.1"}),
    "a key that needs quotes": lambda config: config["platform:network"].update({"a b": 1}),
    # Something that is missing
    "a missing key": lambda config: config["platform:aws"].pop("region"),
    "a missing section": lambda config: config.pop("platform:network"),
    "a key without a value": with_values("database", instanceClass=None),
    "an image without a tag": lambda config: config["platform:application"]["image"].pop("tag"),
    "an image as one text": with_values("application", image="web"),
    "an image with an empty tag": lambda config: config["platform:application"]["image"].update(tag=""),
    "an image with a tag that moves": lambda config: config["platform:application"]["image"].update(tag="latest"),
    "a tag at the repository": lambda config: config["platform:application"]["image"].update(repository="web:1.0.0"),
    # A wrong type
    "a text for a number": in_nodes(minSize="2"),
    "a number with a fraction": in_nodes(minSize=1.5),
    "a mapping for a number": in_nodes(minSize={"nodes": 2}),
    "true for a number": in_nodes(minSize=True),
    "a version without quotes": with_values("cluster", version=1.35),
    "a list for a text": with_values("aws", region=["eu-central-1"]),
    "a text for a list": in_nodes(instanceTypes="t3.medium"),
    "an empty list": with_values("registry", repositories=[]),
    "a text for a section": lambda config: config.update({"platform:ingress": "yes"}),
    "a list for a mapping": in_nodes(labels=["workload"]),
    "a number for a choice": with_values("network", nat=1),
    # A choice that there is not
    "a choice in other letters": with_values("network", nat="single"),
    "a choice that resembles none": with_values("cache", engine="Memcached"),
    "a retention that there is not": with_values("network", flowLogRetentionDays=8),
    # Address ranges
    "a VPC too small for its zones": with_values("network", cidr="10.20.0.0/21"),
    "a VPC larger than AWS allows": with_values("network", cidr="10.0.0.0/8"),
    "a VPC of public addresses": with_values("network", cidr="8.8.0.0/16"),
    "a VPC of loopback addresses": with_values("network", cidr="127.0.0.0/16"),
    "a VPC of link-local addresses": with_values("network", cidr="169.254.0.0/16"),
    "a VPC of addresses that mean this network": with_values("network", cidr="0.0.0.0/16"),
    "a VPC of reserved addresses": with_values("network", cidr="240.0.0.0/16"),
    "a VPC with host bits": with_values("network", cidr="10.20.0.1/16"),
    "a VPC over the Services": lambda config: config["platform:network"].update(cidr="172.20.0.0/16"),
    "Services in the VPC": with_values("cluster", serviceCidr="10.20.128.0/20"),
    "Services with too few addresses": with_values("cluster", serviceCidr="10.100.0.0/28"),
    "a joined network over the Services": with_values("cluster", privateAccessCidrs=["172.16.0.0/12"]),
    "joined networks that overlap": with_values("cluster", privateAccessCidrs=["10.0.0.0/16", "10.0.1.0/24"]),
    "a joined network named twice": with_values("cluster", privateAccessCidrs=["10.0.0.0/16", "10.0.0.0/16"]),
    "an open endpoint": with_values("cluster", publicAccessCidrs=["203.0.113.0/24", "0.0.0.0/0"]),
    "a private network at the public endpoint": with_values("cluster", publicAccessCidrs=["10.0.0.0/16"]),
    "more networks than EKS takes": with_values("cluster", publicAccessCidrs=[f"203.0.113.{n}/32" for n in range(41)]),
    "a load balancer's network with host bits": with_values("ingress", allowedCidrs=["203.0.113.7/24"]),
    "a load balancer's network of IPv6": with_values("ingress", allowedCidrs=["2001:db8::/32"]),
    # Regions and zones
    "a region that does not exist": with_values("aws", region="eu-centrl-1"),
    "a region by its other name": with_values("aws", region="Frankfurt"),
    "more zones than are built": with_values("network", zones=4),
    "a zone for the number of zones": with_values("network", zones=["eu-central-1a", "eu-central-1d"]),
    # Numbers
    "a minimum above the size": in_nodes(minSize=3, desiredSize=2, maxSize=4),
    "a minimum above the maximum": in_nodes(minSize=5, desiredSize=5, maxSize=4),
    "fewest pods above most": with_values("application", autoscaling={"minReplicas": 5, "maxReplicas": 4}),
    "fewest pods above most by default": with_values("application", autoscaling={"minReplicas": 20}),
    "more storage than it may grow to": with_values("database", storageGib=200, maxStorageGib=100),
    "a request above the limit": with_values("application", resources={"cpuRequest": "2", "cpuLimit": "1"}),
    "a request above the limit by default": with_values("application", resources={"memoryRequest": "1Gi"}),
    "CPU in bytes": with_values("application", resources={"cpuRequest": "512Mi"}),
    "memory without its unit": with_values("application", resources={"memoryLimit": "512"}),
    "memory that nothing starts with": with_values("application", resources={"memoryRequest": "500k"}),
    "a negative number of pods": with_values("ingress", replicas=-1),
    "a negative number of replicas": with_values("cache", replicas=-1),
    "negative read replicas": with_values("database", readReplicas=-1),
    "fewest pods below zero": with_values("application", autoscaling={"minReplicas": -3}),
    "a negative size": in_nodes(minSize=-1),
    "a group that never has nodes": in_nodes(minSize=0, desiredSize=0, maxSize=0),
    "too small a disk": in_nodes(diskGib=8),
    # Machines
    "an instance type that does not exist": in_nodes(instanceTypes=["t3.meduim"]),
    "an instance type that resembles none": in_nodes(instanceTypes=["big"]),
    "instance types of two architectures": in_nodes(instanceTypes=["t3.medium", "t4g.medium"]),
    "an instance type without an image": in_nodes(instanceTypes=["mac2.metal"]),
    "an instance type too old for the image": in_nodes(instanceTypes=["a1.large"]),
    "an instance type named twice": in_nodes(instanceTypes=["t3.medium", "t3.medium"]),
    "an instance class that does not exist": with_values("database", instanceClass="db.t4g.mirco"),
    "an instance class without its db.": with_values("database", instanceClass="t4g.micro"),
    "an instance class of a size that RDS has not": with_values("database", instanceClass="db.t3.nano"),
    "an instance class of a family that RDS has not": with_values("database", instanceClass="db.mac2.metal"),
    "a node type that does not exist": with_values("cache", nodeType="cache.t4g.mirco"),
    "a node type of a family that ElastiCache has not": with_values("cache", nodeType="cache.vt1.3xlarge"),
    "a node type of another engine": with_values("cache", nodeType="cache.m8g.large", engine="Redis"),
    # Versions
    "an unsupported Kubernetes version": with_values("cluster", version="1.31"),
    "an unsupported Postgres version": with_values("database", version="9.6"),
    "a minor version of Postgres": with_values("database", version="16.4"),
    "a version of an add-on that EKS would not write so": with_values("cluster", addonVersions={"coredns": "1.13"}),
    "an image of nodes for another Kubernetes": in_nodes(releaseVersion="1.34.1-20261101"),
    "an image of nodes that is none": in_nodes(releaseVersion="newest"),
    # Names
    "a repository named twice": with_values("registry", repositories=["web", "web"]),
    "repositories that would be one resource": with_values("registry", repositories=["web", "team/api", "team-api"]),
    "an identity with two entries": lambda config: config["platform:cluster"].update(
        accessEntries={
            name: {"principalArn": "arn:aws:iam::123456789012:role/ops", "grants": [{"policy": "View"}]}
            for name in ("ops", "operators")
        }
    ),
    "a policy granted twice": in_access(grants=[{"policy": "View"}, {"policy": "View", "namespaces": ["shop"]}]),
    "a taint given twice": in_nodes(taints=["gpu=a:NoExecute", "gpu=b:NoExecute"]),
    "a namespace that another part has": with_values("application", namespace="ingress"),
    "a namespace of Kubernetes": with_values("application", namespace="kube-system"),
    "too long a name of a node group": lambda config: config["platform:nodeGroups"].update(
        {"for-all-that-nobody-else-wants": general(config)}
    ),
    "a name of a node group in capitals": lambda config: config["platform:nodeGroups"].update(Big=general(config)),
    "too long a name of the application": with_values("application", name="a" * 51),
    "too long a name of a repository": with_values("registry", repositories=["web", "a" * 201]),
    "a repository in capitals": with_values("registry", repositories=["web", "Api"]),
    "a repository that there is not": lambda config: config["platform:application"]["image"].update(repository="wbe"),
    "a name of the database that Postgres wants in quotes": with_values("database", databaseName="1-app"),
    "a name of the database that is reserved": with_values("database", databaseName="user"),
    "a host that is none": with_values("application", host="https://app.dev.example.com"),
    "a reserved label": in_nodes(labels={"node.kubernetes.io/role": "worker"}),
    "a label that is none": in_nodes(labels={"a b": "c"}),
    "a value that no label has": in_nodes(labels={"workload": "not this"}),
    "a taint that is none": in_nodes(taints=["gpu"]),
    "a tag that the program gives": with_values("aws", tags={"Project": "shop"}),
    "the tag that says whether data may go": with_values("aws", tags={"removal-policy": "Delete"}),
    "a tag of the entrance on everything": with_values("aws", tags={"entrance": "true"}),
    "a tag of load balancers' subnets on everything": with_values("aws", tags={"kubernetes.io/role/elb": "1"}),
    "tags that differ in capitals only": with_values("aws", tags={"owner": "shop", "Owner": "platform"}),
    "more tags than AWS takes": with_values("aws", tags={f"tag-{n}": "a" for n in range(41)}),
    "a tag that AWS keeps": with_values("aws", tags={"aws:owner": "us"}),
    "a key of a tag that is none": with_values("aws", tags={"who?": "us"}),
    "a parameter that is none": with_values("database", parameters={"Max Connections": "200"}),
    "a parameter of the cache that is none": with_values("cache", parameters={"Max Memory": "200"}),
    "too long a tag": with_values("aws", tags={"owner": "a" * 257}),
    "an account that is none": with_values("aws", allowedAccountIds=["1"]),
    "a principal that is none": in_access(principalArn="me"),
    "a namespace of a grant that is none": in_access(grants=[{"policy": "View", "namespaces": ["App_1"]}]),
    "an address that Let's Encrypt refuses": with_values("certificates", email="me@example.com"),
    # Choices that contradict each other
    "replicas without backups": with_values("database", readReplicas=1, backupDays=0),
    "a parameter that is fixed": with_values("database", parameters={"rds.force_ssl": "0"}),
    "trust in an identity that exists": in_access(
        principalArn="arn:aws:iam::123456789012:role/a", trustedPrincipals=["arn:aws:iam::123456789012:role/b"]
    ),
    "sections without what they need": lambda config: (config.pop("platform:cache"), config.pop("platform:database")),
    "no nodes for pods without tolerations": in_nodes(taints=["workload=ai:PreferNoSchedule", "gpu=a:NoSchedule"]),
    "no nodes to begin with": in_nodes(minSize=0, desiredSize=0),
    "a version of an add-on that is not installed": lambda config: (
        config["platform:cluster"].update(addonVersions={"cert-manager": "v1.19.1-eksbuild.1"}),
        config.pop("platform:application"),
        config.pop("platform:certificates"),
    ),
    "versions of add-ons that nodes would run": lambda config: (
        config["platform:cluster"].update(
            addonVersions=dict.fromkeys(["coredns", "metrics-server", "vpc-cni"], "v1.13.1-eksbuild.1")
        ),
        [config.pop(f"platform:{section}") for section in ("nodeGroups", "ingress", "certificates", "application")],
    ),
    # Several at once
    "mistakes of all kinds": lambda config: (
        config["platform:network"].update(zones=4, zonse=2),
        general(config).update(minSize=5, instanceTypes=["t3.meduim"]),
        config["platform:cluster"].update(serviceCidr="10.20.0.0/20"),
        config["platform:application"]["image"].update(repository="api"),
        config.pop("platform:cache"),
    ),
}


def told(change: Change, stack: str = "dev") -> list[str]:
    """The lines of the message."""
    config = configuration("dev")
    change(config)
    with pytest.raises(SettingsError) as caught:
        load(config, stack)
    head, *lines = str(caught.value).split("\n")
    count = "One setting" if len(lines) == 1 else f"{len(lines)} settings"
    assert head == f"{count} of stack {stack} can't be used (Pulumi.{stack}.yaml):"
    return lines


def known() -> dict[str, list[str]]:
    blocks = LINES.read_text().rstrip("\n").split("\n\n")
    return {name: lines for name, *lines in (block.split("\n") for block in blocks)}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_told_on_one_line_with_the_key_the_value_what_is_allowed_and_the_fix(case: str) -> None:
    assert told(CASES[case]) == known()[case]


def test_no_line_is_kept_for_what_is_no_longer_tried() -> None:
    assert list(known()) == list(CASES)


@pytest.mark.parametrize(
    ("stack", "line"),
    [
        (
            "Prod",
            '  the stack\'s name = "Prod": ECR takes no repositories, or EKS no cluster, of a name made of it; '
            "allowed: up to 46 of a-z and 0-9, with single - or _ between; fix: `pulumi stack rename` it",
        ),
        (
            "a" * 47,
            f'  the stack\'s name = "{"a" * 47}": it has 47 characters, too many for the names of cluster and '
            "repositories that are made of it; allowed: up to 46 of a-z and 0-9, with single - or _ between; fix: "
            f"`pulumi stack rename {'a' * 46}`",
        ),
    ],
    ids=["capitals", "too long"],
)
def test_a_stacks_name_that_aws_can_not_take_is_told(stack: str, line: str) -> None:
    assert told(lambda _: None, stack) == [line]


def test_a_vpc_may_have_the_addresses_that_providers_share() -> None:
    """100.64.0.0/10 is usual with EKS, where pods need many."""
    config = configuration("dev")
    config["platform:network"]["cidr"] = "100.64.0.0/16"
    load(config)


def test_keys_of_the_engine_and_of_other_programs_are_left_alone() -> None:
    load({**configuration("dev"), "pulumi:tags": {"team": "shop"}, "pulumi-slack:channel": "ops", "shop:colour": "red"})


def test_joined_networks_may_be_beside_the_vpc_inside_it_or_around_it() -> None:
    """A transit gateway's route to all of 10.0.0.0/8 leaves the VPC's own addresses to the VPC."""
    for network in ("10.0.0.0/16", "10.20.32.0/19", "10.0.0.0/8"):
        config = configuration("dev")
        config["platform:cluster"]["privateAccessCidrs"] = [network]
        load(config)


def test_a_value_with_line_breaks_and_control_characters_stays_on_one_line() -> None:
    (line,) = told(with_values("application", host="a\n\x1b[31mb"))
    assert line.isprintable()


def test_a_long_value_is_cut_off() -> None:
    (line,) = told(with_values("application", host="a" * 5_000))
    assert len(line) < 800
