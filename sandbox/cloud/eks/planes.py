"""The control plane behind a cluster: brought up with it, and again whenever it should run and does not."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable

from sandbox.cloud.eks.progress import Progress
from sandbox.cloud.eks.state import Cluster, Clusters
from sandbox.control_plane import ControlPlane, Webhooks
from sandbox.processes import KilledError, ProcessError


class PlaneKeeper:
    """Keeps the control plane as the clusters need it. There is one plane, and so at most one cluster at a time."""

    def __init__(
        self,
        clusters: Clusters,
        plane: ControlPlane,
        webhooks: Webhooks,
        progress: Progress,
        version: str,
        *,
        when_new: Callable[[Cluster], None],
        when_back: Callable[[], None],
        argument: str = "",
    ) -> None:
        """``version`` is the one of Kubernetes that there is. ``when_new`` furnishes an empty plane before its cluster
        is ACTIVE; ``when_back`` hears that an old one runs again. ``argument`` is what ``make`` needs for this stack.
        """
        self._argument = argument
        self._clusters = clusters
        self._plane = plane
        self._webhooks = webhooks
        self._progress = progress
        self._version = version
        self._when_new = when_new
        self._when_back = when_back
        self._lock = threading.Lock()

    def bring_up(self, cluster: Cluster) -> None:
        """Begin with an empty plane for a new cluster. Does not wait."""
        threading.Thread(target=self._bring_up, args=(cluster,), name="control plane", daemon=True).start()

    def resume(self) -> None:
        """Go on where the last process of this cloud was stopped.

        Raises ProcessError when the plane does not start, or there is a cluster of another version.
        """
        for cluster in self._clusters:
            if (version := cluster.record["version"]) != self._version:
                raise ProcessError(
                    f"cluster {cluster.name} has Kubernetes {version}, and the sandbox was started for "
                    f"{self._version}: `make reset{self._argument}` throws the sandbox away"
                )
        creating = [cluster for cluster in self._clusters if cluster.record["status"] == "CREATING"]
        self.ensure()
        for cluster in creating:
            self.bring_up(cluster)  # nobody has seen its plane yet: it may begin anew

    def ensure(self) -> list[str]:
        """Start the plane again, with all that it holds, when a part of it has ended. Returns the names of these parts.

        One that did not come, because something killed it, is brought up anew: that is not waited for. Raises
        ProcessError when it does not start.
        """
        for cluster in self._clusters:
            if self._progress.again(cluster):
                self.bring_up(cluster)
        with self._lock:
            kept = self._clusters.plane
            # What an older version left is given up: the next cluster's plane begins anew in any case.
            if kept is None or kept.version != self._version or self._plane.running:
                return []
            ended = self._plane.ended
            self._plane.start(issuer=kept.issuer, webhooks=self._webhooks, service_range=kept.service_range)
            self._when_back()
            return ended

    def _bring_up(self, cluster: Cluster) -> None:
        for last in (False, True):
            try:
                self._begin_anew(cluster)
                break
            except Exception as error:
                traceback.print_exc()
                ended = not isinstance(error, ProcessError) and not self._plane.running
                killed = ended or isinstance(error, KilledError)
                if killed and not last:
                    continue
                self._progress.failed(cluster, str(error), may_try_again=killed or isinstance(error, ProcessError))
                return
        self._progress.active(
            cluster, endpoint=self._plane.endpoint, certificate_authority=self._plane.certificate_authority
        )

    def _begin_anew(self, cluster: Cluster) -> None:
        record = cluster.record
        with self._lock:
            self._plane.reset()
            self._plane.start(
                issuer=record["identity"]["oidc"]["issuer"],
                webhooks=self._webhooks,
                service_range=record["kubernetesNetworkConfig"]["serviceIpv4Cidr"],
            )
        self._when_new(cluster)
