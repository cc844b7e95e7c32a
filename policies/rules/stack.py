"""What holds for all resources of a stack: where they are, whose they are, and what happens to data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from policies.controls import control_tower, guide, security_hub
from policies.model import DISPOSABLE_TAG, Resource, Rule, Settings, StackRule
from policies.reading import UNKNOWN, Unknown, at, elements, mapping

AWS_PROVIDER: Final = "pulumi:providers:aws"
DEFAULT_PROVIDER: Final = "default"
"""How the names of the providers begin that the engine makes by itself."""

DATA: Final = frozenset(
    {
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:cognito/userPool:UserPool",
        "aws:docdb/cluster:Cluster",
        "aws:docdb/elasticCluster:ElasticCluster",
        "aws:dynamodb/table:Table",
        "aws:ebs/volume:Volume",
        "aws:ecr/repository:Repository",
        "aws:efs/fileSystem:FileSystem",
        "aws:eks/cluster:Cluster",
        "aws:elasticache/cluster:Cluster",
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "aws:elasticache/serverlessCache:ServerlessCache",
        "aws:elasticsearch/domain:Domain",
        "aws:fsx/lustreFileSystem:LustreFileSystem",
        "aws:fsx/ontapFileSystem:OntapFileSystem",
        "aws:fsx/openZfsFileSystem:OpenZfsFileSystem",
        "aws:fsx/windowsFileSystem:WindowsFileSystem",
        "aws:keyspaces/table:Table",
        "aws:kinesis/stream:Stream",
        "aws:kms/key:Key",
        "aws:memorydb/cluster:Cluster",
        "aws:msk/cluster:Cluster",
        "aws:msk/serverlessCluster:ServerlessCluster",
        "aws:neptune/cluster:Cluster",
        "aws:opensearch/domain:Domain",
        "aws:rds/cluster:Cluster",
        "aws:rds/instance:Instance",
        "aws:redshift/cluster:Cluster",
        "aws:redshiftserverless/namespace:Namespace",
        "aws:route53/zone:Zone",
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketV2:BucketV2",
        "aws:secretsmanager/secret:Secret",
        "aws:sqs/queue:Queue",
        "aws:timestreamwrite/table:Table",
    }
)
"""What holds data, or without which data can't be read."""

_TAGGED: Final = DATA | frozenset(
    {
        "aws:ec2/eip:Eip",
        "aws:ec2/instance:Instance",
        "aws:ec2/launchTemplate:LaunchTemplate",
        "aws:ec2/natGateway:NatGateway",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "aws:eks/nodeGroup:NodeGroup",
        "aws:iam/policy:Policy",
        "aws:iam/role:Role",
        "aws:lb/loadBalancer:LoadBalancer",
    }
)
"""What costs money, opens a door or holds data."""


def _tags(resource: Resource, settings: Settings) -> Iterator[str]:
    if resource.type == AWS_PROVIDER:
        given = default_tags(resource.properties)
        missing = [] if isinstance(given, Unknown) else [tag for tag in settings.tags if not given.get(tag)]
    elif not resource.tags_known:
        return
    else:
        # What its provider lacks is said once, of the provider.
        said = resource.provider and not resource.provider.startswith(DEFAULT_PROVIDER)
        given = {**mapping(resource.default_tags)} if said else dict.fromkeys(settings.tags)
        missing = [tag for tag in settings.tags if tag in given and not resource.tags.get(tag)]
    if missing:
        yield (
            f"the tag {', '.join(missing)} is missing"
            if len(missing) == 1
            else f"the tags {', '.join(missing)} are missing"
        )


def _region(resource: Resource, settings: Settings) -> Iterator[str]:
    # Each resource may name a region beside its provider's, and some copy themselves to others.
    named = [("region", resource.get("region"))]
    for index, replica in enumerate(elements(resource.get("replicas"))):
        named += [(f"replicas[{index}].{key}", at(replica, key)) for key in ("region", "regionName")]
    for path, region in named:
        if isinstance(region, str) and region not in settings.regions:
            yield f"{path} is {region}, not one of {', '.join(sorted(settings.regions))}"
    if resource.type == AWS_PROVIDER and resource.get("region") in (None, ""):
        yield "region is not set, and would be whatever the shell says"


def _zone(resource: Resource, settings: Settings) -> Iterator[str]:
    zone = resource.get("availabilityZone")
    if isinstance(zone, str) and not zone.startswith(tuple(settings.regions)):
        yield f"availabilityZone is {zone}, outside {', '.join(sorted(settings.regions))}"


def _unprotected(resource: Resource, _: Settings) -> Iterator[str]:
    # A read replica holds nothing that its source does not.
    replica = resource.get("replicateSourceDb") is not None
    if not resource.protect and not resource.disposable and not replica:
        yield "it is not protected"


def _default_providers(resources: list[Resource], _: Settings) -> Iterator[tuple[Resource, str]]:
    for one in resources:
        if one.type.startswith(("aws:", "kubernetes:")) and one.provider.startswith(DEFAULT_PROVIDER):
            yield one, "it uses the default provider"


def default_tags(properties: object) -> dict[str, object] | Unknown:
    """The tags that a provider with these properties gives to all its resources.

    The engine hands a provider's nested properties over as JSON.
    """
    found = mapping(properties).get("defaultTags")
    if found is UNKNOWN or at(found, "tags") is UNKNOWN:
        return UNKNOWN
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError:
            return {}
    return dict(mapping(mapping(found).get("tags")))


RULES: Final = (
    Rule(
        name="aws-allowed-regions",
        types=frozenset({AWS_PROVIDER, "aws:*"}),
        check=_region,
        controls=(control_tower("CT.MULTISERVICE.PV.1"),),
        reason="Where data may be is a matter of law, and what nobody looks at is where intruders work.",
        fix="use one of these regions, or let your data protection officer add one in policies/settings.toml.",
    ),
    Rule(
        name="aws-zones-of-allowed-regions",
        types=frozenset({"aws:ec2/subnet:Subnet", "aws:ebs/volume:Volume", "aws:rds/instance:Instance"}),
        check=_zone,
        controls=(control_tower("CT.MULTISERVICE.PV.1"),),
        reason="A provider made by somebody else could place it anywhere.",
        fix="use a zone of an allowed region.",
    ),
    Rule(
        name="aws-tags",
        types=_TAGGED | {AWS_PROVIDER},
        check=_tags,
        controls=(guide("Expenditure awareness", "Tagging of Resources"),),
        reason="Nobody knows whom to ask before it is deleted, or who pays.",
        fix="set them on the provider's default tags (platform:aws.tags), or on the resource.",
    ),
    Rule(
        name="data-protected",
        types=DATA,
        check=_unprotected,
        controls=(guide("Compliance", "Policy as Code"), security_hub("RDS.8"), security_hub("KMS.3")),
        reason="One wrong diff would delete data.",
        fix=f"set protect=True, or say that the stack is disposable (removalPolicy Delete: tag {DISPOSABLE_TAG}).",
    ),
    StackRule(
        name="providers-explicit",
        check=_default_providers,
        controls=(guide("Compliance", "Policy as Code"),),
        reason="The default provider takes whatever account or cluster the shell happens to point at.",
        fix='pass provider=..., and set pulumi:disable-default-providers to ["*"].',
    ),
)
