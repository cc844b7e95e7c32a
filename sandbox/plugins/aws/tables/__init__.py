"""The tables: one row for each type that the sandbox supports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandbox.plugins.aws.table import Resource
from sandbox.plugins.aws.tables import ec2, ecr, eks, elasticache, iam, kms, logs, network, rds, secretsmanager

_SERVICES = (ec2, network, logs, iam, kms, eks, ecr, elasticache, rds, secretsmanager)

RESOURCES: Mapping[str, Resource] = {row.token: row for service in _SERVICES for row in service.RESOURCES}


def supported() -> Iterator[tuple[str, str]]:
    """Each supported type and who checks it."""
    for token in sorted(RESOURCES):
        yield token, "botocore's model; kept by the sandbox" if RESOURCES[token].kept else "moto"
