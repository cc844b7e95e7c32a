"""What happens to clusters without a request: control planes, nodes and add-ons arrive, fail and go.

Each is a mutation of the journal. Who watches Kubernetes gets copies of the records, and tells what came of them; when
a request has changed the record meanwhile, that news is old, and the watcher has to look again.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from sandbox.cloud import tokens
from sandbox.cloud.eks.access import ADMIN_POLICY, associate, new_entry
from sandbox.cloud.eks.state import OWN_KEYS, Cluster, Clusters, KeptPlane
from sandbox.cloud.journal import Journal
from sandbox.cloud.operations import Record, now

_KINDS = ("node_groups", "add_ons")


class Progress:
    """Changes the records of clusters as what they stand for comes and goes."""

    def __init__(self, clusters: Clusters, journal: Journal) -> None:
        self._clusters = clusters
        self._journal = journal
        journal.register("kubernetes", self._offered)
        journal.register("cluster active", self._active)
        journal.register("cluster failed", self._failed)
        journal.register("cluster again", self._again)
        journal.register("part", self._part)
        journal.register("part gone", self._part_gone)
        journal.register("departed gone", lambda _: self._clusters.departed.pop(0))

    # Clusters

    def offered(self, version: str) -> None:
        """New clusters get this version of Kubernetes from now on."""
        if version != self._clusters.version:
            self._journal.perform("kubernetes", {"version": version})

    def active(self, cluster: Cluster, *, endpoint: str, certificate_authority: str) -> None:
        """The control plane is there."""
        facts = {"endpoint": endpoint, "certificateAuthority": {"data": certificate_authority}}
        self._journal.perform("cluster active", {**_named(cluster), "facts": facts})

    def failed(self, cluster: Cluster, message: str, *, may_try_again: bool = False) -> None:
        """The control plane did not come, and could when it ``may_try_again``."""
        told = {"message": message, "may_try_again": may_try_again}
        self._journal.perform("cluster failed", {**_named(cluster), **told})

    def again(self, cluster: Cluster) -> bool:
        """The control plane is tried again. Returns whether it may be: the cluster is there, and waits for that."""
        with self._journal.lock:
            if cluster not in self._clusters or not cluster.may_try_again:
                return False
            self._journal.perform("cluster again", _named(cluster))
        return True

    # Node groups and add-ons

    def node_groups(self, cluster: Cluster) -> list[Record]:
        """Copies of the cluster's node groups, none of which a kill could undo."""
        return self._copies(cluster.node_groups)

    def add_ons(self, cluster: Cluster) -> list[Record]:
        """Copies of the cluster's add-ons, none of which a kill could undo."""
        return self._copies(cluster.add_ons)

    def node_group(self, cluster: Cluster, seen: Record, status: str, *issues: Record) -> None:
        self._report(cluster, "node_groups", seen["nodegroupName"], seen, status, list(issues))

    def add_on(self, cluster: Cluster, seen: Record, status: str, *issues: Record) -> None:
        self._report(cluster, "add_ons", seen["addonName"], seen, status, list(issues))

    def node_group_gone(self, cluster: Cluster, seen: Record) -> None:
        self._gone(cluster, "node_groups", seen["nodegroupName"], seen)

    def add_on_gone(self, cluster: Cluster, seen: Record) -> None:
        self._gone(cluster, "add_ons", seen["addonName"], seen)

    # Add-ons of clusters that went

    def departed(self) -> list[Record]:
        return self._copies({str(index): record for index, record in enumerate(self._clusters.departed)})

    def departed_gone(self, seen: Record) -> None:
        """The first of them has left nothing behind."""
        with self._journal.lock:
            if self._clusters.departed and _shown(self._clusters.departed[0]) == _shown(seen):
                self._journal.perform("departed gone", {})

    # Inside

    def _copies(self, records: dict[str, Record]) -> list[Record]:
        with self._journal.lock:
            return [
                {key: value if key == OWN_KEYS else deepcopy(value) for key, value in record.items()}
                for record in records.values()
            ]

    def _report(self, cluster: Cluster, kind: str, name: str, seen: Record, status: str, issues: list[Record]) -> None:
        if (seen["status"], seen["health"]) == (status, {"issues": issues}):
            return
        with self._journal.lock:
            if self._is_as_seen(cluster, kind, name, seen):
                told = {"kind": kind, "name": name, "status": status, "issues": issues}
                self._journal.perform("part", {**_named(cluster), **told})

    def _gone(self, cluster: Cluster, kind: str, name: str, seen: Record) -> None:
        with self._journal.lock:
            if self._is_as_seen(cluster, kind, name, seen):
                self._journal.perform("part gone", {**_named(cluster), "kind": kind, "name": name})

    def _is_as_seen(self, cluster: Cluster, kind: str, name: str, seen: Record) -> bool:
        record = _records(cluster, kind).get(name)
        return cluster in self._clusters and record is not None and _shown(record) == _shown(seen)

    # The mutations

    def _offered(self, told: Record) -> None:
        self._clusters.version = told["version"]

    def _active(self, told: Record) -> None:
        cluster = self._named(told)
        record, access = cluster.record, cluster.record["accessConfig"]
        if access["bootstrapClusterCreatorAdminPermissions"] and access["authenticationMode"] != "CONFIG_MAP":
            creator = tokens.canonical(cluster.creator)
            new_entry(cluster, creator, {})
            associate(cluster, creator, ADMIN_POLICY, {"type": "cluster"})
        record.update(told["facts"])
        record["status"] = "ACTIVE"
        self._clusters.plane = KeptPlane(
            record["identity"]["oidc"]["issuer"],
            record["kubernetesNetworkConfig"]["serviceIpv4Cidr"],
            record["version"],
        )

    def _failed(self, told: Record) -> None:
        cluster = self._named(told)
        cluster.may_try_again = bool(told.get("may_try_again"))
        record = cluster.record
        issue = {"code": "InternalFailure", "message": told["message"], "resourceIds": list[str]()}
        record["health"] = {"issues": [issue]}
        record["status"] = "FAILED"

    def _again(self, told: Record) -> None:
        cluster = self._named(told)
        cluster.may_try_again = False
        cluster.record["health"] = {"issues": []}
        cluster.record["status"] = "CREATING"

    def _part(self, told: Record) -> None:
        record = _records(self._named(told), told["kind"])[told["name"]]
        if record["status"] != told["status"]:
            record["modifiedAt"] = now()
        record["status"] = told["status"]
        record["health"] = {"issues": told["issues"]}

    def _part_gone(self, told: Record) -> None:
        del _records(self._named(told), told["kind"])[told["name"]]

    def _named(self, told: Record) -> Cluster:
        cluster = self._clusters.find(told["region"], told["cluster"])
        if cluster is None:
            raise LookupError(f"there is no cluster {told['cluster']} in {told['region']}")
        return cluster


def _named(cluster: Cluster) -> Record:
    return {"region": cluster.region, "cluster": cluster.name}


def _records(cluster: Cluster, kind: str) -> dict[str, Record]:
    if kind not in _KINDS:
        raise LookupError(f"a cluster has no {kind}")
    records: Any = getattr(cluster, kind)
    return records


def _shown(record: Record) -> Record:
    return {key: value for key, value in record.items() if key != OWN_KEYS}
