"""Databases and caches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.checks import must, must_be_set, unless_disposable
from policies.controls import cis_aws, guide, security_hub
from policies.model import Level, Resource, Rule, Settings
from policies.reading import UNKNOWN, at, elements, has_unknowns, is_on, shown

_INSTANCE: Final = frozenset({"aws:rds/instance:Instance"})
_RDS: Final = frozenset({"aws:rds/instance:Instance", "aws:rds/cluster:Cluster"})
_OTHERS: Final = frozenset({"aws:docdb/cluster:Cluster", "aws:neptune/cluster:Cluster"})
_INSTANCE_PARAMETERS: Final = "aws:rds/parameterGroup:ParameterGroup"
_PARAMETERS: Final = frozenset({"aws:rds/clusterParameterGroup:ClusterParameterGroup", _INSTANCE_PARAMETERS})
_TLS_PARAMETERS: Final = {
    "mariadb": "require_secure_transport",
    "mysql": "require_secure_transport",
    "postgres": "rds.force_ssl",
    "sqlserver": "rds.force_ssl",
}
"""How the family of an engine begins, to the parameter that makes it refuse plain text."""
_CACHE: Final = frozenset({"aws:elasticache/replicationGroup:ReplicationGroup"})
_LEAST_BACKUP_DAYS: Final = 7
"""Days; AWS Security Hub's RDS.11."""


def _is_replica(resource: Resource) -> bool:
    """A replica is backed up, and stands by, through its source."""
    return any(resource.get(key) is not None for key in ("replicateSourceDb", "replicationSourceIdentifier"))


def _unencrypted(resource: Resource, _: Settings) -> Iterator[str]:
    # A replica is encrypted as its source is, unless it says otherwise.
    encrypted = resource.get("storageEncrypted")
    if not is_on(encrypted) and not (_is_replica(resource) and encrypted is None):
        yield f"storageEncrypted is {shown(encrypted)}"


def _single_cache(resource: Resource, _: Settings) -> Iterator[str]:
    if resource.get("engine") in ("redis", "valkey"):
        yield f"engine is {resource.get('engine')}"


def _backups(resource: Resource, _: Settings) -> Iterator[str]:
    days = resource.get("backupRetentionPeriod")
    least = 1 if resource.disposable else _LEAST_BACKUP_DAYS
    if not _is_replica(resource) and days is not UNKNOWN and (not isinstance(days, int | float) or days < least):
        yield f"backupRetentionPeriod is {shown(days)}"


def _deletion_protection(resource: Resource, _: Settings) -> Iterator[str]:
    if not _is_replica(resource) and not is_on(resource.get("deletionProtection")):
        yield f"deletionProtection is {shown(resource.get('deletionProtection'))}"


def _final_snapshot(resource: Resource, _: Settings) -> Iterator[str]:
    skip = resource.get("skipFinalSnapshot")
    if not _is_replica(resource) and skip is not UNKNOWN and is_on(skip):
        yield "skipFinalSnapshot is true"


def _multi_az(resource: Resource, _: Settings) -> Iterator[str]:
    if not _is_replica(resource) and not is_on(resource.get("multiAz")):
        yield f"multiAz is {shown(resource.get('multiAz'))}"


def _tls(resource: Resource, _: Settings) -> Iterator[str]:
    family = resource.get("family")
    if not isinstance(family, str) or (family.startswith("aurora-") and resource.type == _INSTANCE_PARAMETERS):
        # In Aurora it is a parameter of the cluster.
        return
    engine = family.removeprefix("aurora-")
    wanted = next((parameter for start, parameter in _TLS_PARAMETERS.items() if engine.startswith(start)), None)
    values = {at(one, "name"): at(one, "value") for one in elements(resource.get("parameters"))}
    unknown = has_unknowns(resource.get("parameters")) or UNKNOWN in values
    if wanted is None or (unknown and wanted not in values):
        return
    force = values.get(wanted)
    if force is not UNKNOWN and str(force).upper() not in ("1", "ON"):
        yield f"{wanted} is {shown(force)}"


def _cache_login(resource: Resource, _: Settings) -> Iterator[str]:
    # Only whether there is one: the token itself never comes into a message.
    if resource.get("authToken") in (None, "") and not resource.get("userGroupIds"):
        yield "neither authToken nor userGroupIds is set"


def _cache_snapshots(resource: Resource, _: Settings) -> Iterator[str]:
    days = resource.get("snapshotRetentionLimit")
    if days is not UNKNOWN and (not isinstance(days, int | float) or days < 1):
        yield f"snapshotRetentionLimit is {shown(days)}"


RULES: Final = (
    Rule(
        name="rds-not-public",
        types=frozenset(
            {
                "aws:dms/replicationInstance:ReplicationInstance",
                "aws:neptune/clusterInstance:ClusterInstance",
                "aws:rds/clusterInstance:ClusterInstance",
                "aws:rds/instance:Instance",
                "aws:redshift/cluster:Cluster",
            }
        ),
        check=must("publiclyAccessible", be=False),
        controls=(cis_aws("2.2.3"), security_hub("RDS.2")),
        reason="A database with a public address is one wrong security group away from everybody.",
        fix="set publiclyAccessible to false.",
    ),
    Rule(
        name="rds-encrypted",
        types=_RDS | _OTHERS,
        check=_unencrypted,
        controls=(cis_aws("2.2.1"), security_hub("RDS.3"), security_hub("RDS.27")),
        reason="Disks, backups and replicas would be in plain text, and a database can't be encrypted later.",
        fix="set storageEncrypted to true.",
    ),
    Rule(
        name="rds-tls-only",
        types=_PARAMETERS,
        check=_tls,
        controls=(
            guide("Network security", "Encryption in transit"),
            security_hub("RDS.38"),
            security_hub("RDS.39"),
            security_hub("RDS.41"),
            security_hub("RDS.44"),
        ),
        reason="A client that forgets TLS would send its password and rows in plain text.",
        fix='set rds.force_ssl to "1"; for MySQL and MariaDB require_secure_transport to "1", in Aurora to "ON".',
    ),
    Rule(
        name="rds-backups",
        types=_RDS | _OTHERS,
        check=_backups,
        controls=(security_hub("RDS.11"), security_hub("DocumentDB.2"), security_hub("Neptune.5")),
        reason="Mistakes are often noticed days later.",
        fix=f"set backupRetentionPeriod to {_LEAST_BACKUP_DAYS} days or more; 1 is enough for a disposable stack.",
    ),
    Rule(
        name="rds-deletion-protection",
        types=_RDS | _OTHERS,
        check=unless_disposable(_deletion_protection),
        controls=(
            security_hub("RDS.8"),
            security_hub("RDS.7"),
            security_hub("DocumentDB.5"),
            security_hub("Neptune.4"),
        ),
        reason="One wrong call deletes the database.",
        fix="set deletionProtection to true, or say that the stack is disposable (tag removal-policy=Delete).",
    ),
    Rule(
        name="rds-final-snapshot",
        types=_RDS | _OTHERS,
        check=unless_disposable(_final_snapshot),
        controls=(security_hub("RDS.8"),),
        reason="What is deleted on purpose is often wanted again.",
        fix="set skipFinalSnapshot to false, and name finalSnapshotIdentifier.",
    ),
    Rule(
        name="rds-multi-az",
        types=_INSTANCE,
        check=unless_disposable(_multi_az),
        controls=(cis_aws("2.2.4"), security_hub("RDS.5")),
        reason="When the writer's zone fails, so does everything that writes.",
        fix="set multiAz to true.",
    ),
    Rule(
        name="rds-minor-upgrades",
        types=_INSTANCE,
        check=must("autoMinorVersionUpgrade", known_default=True),
        controls=(cis_aws("2.2.2"), security_hub("RDS.13")),
        reason="Minor versions mend vulnerabilities.",
        fix="set autoMinorVersionUpgrade to true; they come in the maintenance window.",
    ),
    Rule(
        name="rds-tags-on-snapshots",
        types=_INSTANCE,
        check=must("copyTagsToSnapshot"),
        controls=(guide("Expenditure awareness", "Tagging of Resources"), security_hub("RDS.17")),
        level=Level.ADVISORY,
        reason="Nobody knows whose an untagged snapshot is, or whether it may be deleted.",
        fix="set copyTagsToSnapshot to true.",
    ),
    Rule(
        name="redshift-encrypted",
        types=frozenset({"aws:redshift/cluster:Cluster"}),
        check=must("encrypted"),
        controls=(guide("Data encryption and secrets management", "Encrypt data at rest"),),
        reason="Disks and snapshots would be in plain text.",
        fix="set encrypted to true.",
    ),
    Rule(
        name="elasticache-replication-group",
        types=frozenset({"aws:elasticache/cluster:Cluster"}),
        check=_single_cache,
        controls=(security_hub("ElastiCache.3"), security_hub("ElastiCache.5")),
        reason="A cluster of one node has no TLS, no login, no encryption and no standby.",
        fix="use an aws.elasticache.ReplicationGroup.",
    ),
    Rule(
        name="elasticache-encrypted-at-rest",
        types=_CACHE,
        check=must("atRestEncryptionEnabled"),
        controls=(
            guide("Data encryption and secrets management", "Encrypt data at rest"),
            security_hub("ElastiCache.4"),
        ),
        reason="Snapshots and swap hold what the cache holds, sessions included.",
        fix="set atRestEncryptionEnabled to true; it can't be set later.",
    ),
    Rule(
        name="elasticache-encrypted-in-transit",
        types=_CACHE,
        check=must("transitEncryptionEnabled"),
        controls=(guide("Network security", "Encryption in transit"), security_hub("ElastiCache.5")),
        reason="The login and the values would cross the network in plain text.",
        fix="set transitEncryptionEnabled to true, and connect by rediss://.",
    ),
    Rule(
        name="elasticache-login",
        types=_CACHE,
        check=_cache_login,
        controls=(security_hub("ElastiCache.6"),),
        reason="Whoever reaches the port could read and flush the cache.",
        fix="set authToken (a secret) or userGroupIds.",
    ),
    Rule(
        name="elasticache-own-key",
        types=_CACHE,
        check=must_be_set("kmsKeyId"),
        controls=(
            guide("Data encryption and secrets management", "Encrypt data at rest"),
            security_hub("ElastiCache.4"),
        ),
        level=Level.ADVISORY,
        reason="Only a key of your own can be withdrawn.",
        fix="set kmsKeyId.",
    ),
    Rule(
        name="elasticache-failover",
        types=_CACHE,
        check=unless_disposable(must("automaticFailoverEnabled")),
        controls=(security_hub("ElastiCache.3"),),
        reason="When the primary fails, somebody would have to get up.",
        fix="set automaticFailoverEnabled to true, with at least one replica.",
    ),
    Rule(
        name="elasticache-snapshots",
        types=_CACHE,
        check=unless_disposable(_cache_snapshots),
        controls=(security_hub("ElastiCache.1"),),
        reason="Not everything in a cache can be computed again soon enough.",
        fix="set snapshotRetentionLimit to 1 day or more.",
    ),
)
