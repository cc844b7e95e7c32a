"""What EKS knows: clusters and what belongs to them, as the API describes them."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.cloud.moto_state import ACCOUNT
from sandbox.cloud.operations import AwsError, Call, Record, now

OWN_KEYS = "_sandbox"
"""Where a record keeps what EKS does not show and the journal does not keep."""


@dataclass(frozen=True)
class KeptPlane:
    """A control plane that has been in use. It outlives its cluster: what was left in it can still be seen."""

    issuer: str
    service_range: str
    version: str
    """Of Kubernetes, such as 1.35."""


def no_records() -> dict[str, Record]:
    return {}


def no_policies() -> dict[str, dict[str, Record]]:
    return {}


@dataclass
class Cluster:
    """A cluster; every record has the shape that EKS's Describe operations answer."""

    record: Record
    region: str
    creator: str
    """The principal that has administrator's rights without an access entry (authentication mode CONFIG_MAP)."""
    node_groups: dict[str, Record] = field(default_factory=no_records)
    add_ons: dict[str, Record] = field(default_factory=no_records)
    access_entries: dict[str, Record] = field(default_factory=no_records)
    """By principal ARN."""
    access_policies: dict[str, dict[str, Record]] = field(default_factory=no_policies)
    """By principal ARN and policy ARN."""
    pod_identities: dict[str, Record] = field(default_factory=no_records)
    """By association id."""
    updates: dict[str, Record] = field(default_factory=no_records)
    may_try_again: bool = False
    """Whether its control plane failed for a reason that passes, such as a kill."""

    @property
    def name(self) -> str:
        return str(self.record["name"])

    def arn(self, kind: str, *rest: str) -> str:
        """The ARN of something that belongs to the cluster."""
        return f"arn:aws:eks:{self.region}:{ACCOUNT}:{kind}/{'/'.join([self.name, *rest])}"

    def require_active(self) -> None:
        if self.record["status"] not in ("ACTIVE", "UPDATING"):
            raise AwsError(
                "InvalidRequestException", f"Cluster '{self.name}' is not in ACTIVE status", clusterName=self.name
            )

    def node_group(self, name: str) -> Record:
        return self._find(self.node_groups, name, f"No node group found for name: {name}.", nodegroupName=name)

    def add_on(self, name: str) -> Record:
        return self._find(self.add_ons, name, f"No addon: {name} found in cluster: {self.name}", addonName=name)

    def access_entry(self, principal: str) -> Record:
        message = f"The specified principalArn could not be found. You can view your access entries: {principal}"
        return self._find(self.access_entries, principal, message)

    def pod_identity(self, association: str) -> Record:
        return self._find(self.pod_identities, association, f"Association {association} not found in {self.name}")

    def add_update(self, kind: str, params: Record, *, status: str = "Successful") -> Record:
        """Record that something was changed; the answer of Update operations."""
        update: Record = {
            "id": str(uuid.uuid4()),
            "status": status,
            "type": kind,
            "params": [{"type": key, "value": _text(value)} for key, value in params.items() if value is not None],
            "createdAt": now(),
            "errors": [],
        }
        self.updates[update["id"]] = update
        return update

    def tagged(self) -> Iterator[tuple[str, Record]]:
        """(ARN, record) of everything in the cluster that can have tags."""
        yield self.record["arn"], self.record
        for records, key in (
            (self.node_groups, "nodegroupArn"),
            (self.add_ons, "addonArn"),
            (self.access_entries, "accessEntryArn"),
            (self.pod_identities, "associationArn"),
        ):
            for record in records.values():
                yield record[key], record

    def _find(self, records: dict[str, Record], key: str, message: str, **members: str) -> Record:
        if key not in records:
            raise AwsError("ResourceNotFoundException", message, clusterName=self.name, **members)
        return records[key]


class Clusters:
    """The clusters of all regions."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._clusters: dict[tuple[str, str], Cluster] = {}
        self.plane: KeptPlane | None = None
        """The plane that must run, if any."""
        self.departed: list[Record] = []
        """The add-ons of a cluster that went, until their software has left the plane."""
        self.version: str | None = None
        """The version of Kubernetes that new clusters get, where the journal tells."""

    def __iter__(self) -> Iterator[Cluster]:
        return iter(list(self._clusters.values()))

    def __contains__(self, cluster: Cluster) -> bool:
        return self._clusters.get((cluster.region, cluster.name)) is cluster

    def add(self, cluster: Cluster) -> None:
        """Put a cluster in that has no plane yet: the plane of an earlier one is given up for it."""
        self.plane = None
        self.departed.clear()
        self._clusters[cluster.region, cluster.name] = cluster

    def remove(self, cluster: Cluster) -> None:
        self.departed += cluster.add_ons.values()
        del self._clusters[cluster.region, cluster.name]

    def find(self, region: str, name: str) -> Cluster | None:
        return self._clusters.get((region, name))

    def arns(self) -> list[str]:
        """The ARNs of everything that there is."""
        return [arn for cluster in self for arn, _ in cluster.tagged()]

    def of(self, call: Call) -> Cluster:
        """The cluster that ``call`` names. Raises AwsError when there is none."""
        name = str(call.get("clusterName") or call.get("name"))
        cluster = self.find(call.region, name)
        if cluster is None:
            raise AwsError("ResourceNotFoundException", f"No cluster found for name: {name}.", clusterName=name)
        return cluster


def merge(record: Record, changes: Record) -> None:
    """Put the values of ``changes`` into ``record``, dict by dict; lists and scalars are replaced."""
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(record.get(key), dict):
            merge(record[key], value)  # pyright: ignore[reportUnknownArgumentType]
        else:
            record[key] = value


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
