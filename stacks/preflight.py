"""The settings held against the account, before anything but the provider is registered.

The zones of a region, and the versions that cluster and database have come to, are known to AWS alone. Asked for at
each run, they make a preview refuse what AWS would refuse in the middle of an update (ADR 33).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.changes import Changes
from components.cluster import check_step, is_outgrown
from components.database import check_postgres_step, is_postgres_outgrown
from components.lookups import answered
from components.network import ZONE_FILTERS, ZONES_WITHOUT_EKS, check_zones
from components.refusals import Refusal
from stacks.settings import Mistake, Settings, refuse
from stacks.settings.foundation import ClusterSettings
from stacks.settings.services import DatabaseSettings


def check_account(settings: Settings, *, name: str, tags: Mapping[str, str], provider: aws.Provider) -> None:
    """Raise SettingsError when the account can't take ``settings``, and RunError when AWS does not tell.

    ``name`` and ``tags`` are those of the stack.
    """
    opts = pulumi.InvokeOptions(provider=provider)
    mistakes = list(_of_zones(settings, opts))
    if settings.cluster is not None:
        mistakes += _of_cluster(settings.cluster, name, opts)
    if settings.database is not None:
        mistakes += _of_database(settings.database, tags, opts)
    if mistakes:
        refuse(mistakes, settings.model_dump(mode="json", by_alias=True, exclude_unset=True))


def _of_zones(settings: Settings, opts: pulumi.InvokeOptions) -> Iterator[Mistake]:
    zones = answered(
        "ec2:DescribeAvailabilityZones",
        lambda: aws.get_availability_zones(
            state="available", filters=list(ZONE_FILTERS), exclude_zone_ids=list(ZONES_WITHOUT_EKS), opts=opts
        ),
    ).names
    wanted = settings.network.zones
    yield from _refused(("network", "zones"), wanted, lambda: check_zones(zones, wanted))


def _of_cluster(cluster: ClusterSettings, name: str, opts: pulumi.InvokeOptions) -> Iterator[Mistake]:
    if name not in (answered("eks:ListClusters", lambda: aws.eks.get_clusters(opts=opts)).names or ()):
        return
    current = answered("eks:DescribeCluster", lambda: aws.eks.get_cluster(name=name, opts=opts)).version
    if is_outgrown(current, cluster.version):
        _warn_of_outgrown("platform:cluster.version", cluster.version, f"the cluster is at {current}")
    yield from _refused(("cluster", "version"), cluster.version, lambda: check_step(current, cluster.version))


def _of_database(database: DatabaseSettings, tags: Mapping[str, str], opts: pulumi.InvokeOptions) -> Iterator[Mistake]:
    # RDS's own name of it ends with what Pulumi drew, so that its tags tell whose it is.
    ours = {"project": tags["project"], "stack": tags["stack"], "Name": "database-writer"}
    found = answered("rds:DescribeDBInstances", lambda: aws.rds.get_instances(tags=ours, opts=opts))
    for identifier in found.instance_identifiers or ():
        writer = answered(
            "rds:DescribeDBInstances",
            lambda identifier=identifier: aws.rds.get_instance(db_instance_identifier=identifier, opts=opts),
        )
        current = writer.engine_version.partition(".")[0]
        if is_postgres_outgrown(current, database.version):
            _warn_of_outgrown(
                "platform:database.version", database.version, f"the database {identifier} is at {current}"
            )
        yield from _refused(
            ("database", "version"),
            database.version,
            lambda identifier=identifier, current=current: check_postgres_step(
                identifier, current, database.version, immediately=database.changes is Changes.IMMEDIATELY
            ),
        )


def _warn_of_outgrown(key: str, value: str, found: str) -> None:
    """It is no reason to refuse: no other value could be written, and everything else can still be updated."""
    pulumi.log.warn(
        f"{key} is {value}, but {found}, which this release of the program does not know. It stays as it "
        "is as long as you leave the setting and do not refresh; take a release that knows it, then set it"
    )


def _refused(location: tuple[str, ...], value: Any, check: Callable[[], None]) -> Iterator[Mistake]:
    try:
        check()
    except Refusal as refusal:
        yield Mistake(location, value, refusal)
