"""What a cluster's node groups are like now, before the program changes anything.

The size of a group belongs to the autoscaler, but EKS takes a changed bound only together with a size that fits it.
What the state knows of the size is old, so it is looked up (ADR 19).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.lookups import answered

BOUNDS_TAG = "size-bounds"
"""Tag of a group that tells which bounds the program gave it last: somebody may have changed them by hand since."""


def bounds_text(min_size: int, max_size: int) -> str:
    """The tag's value."""
    return f"{min_size}-{max_size}"


@dataclass(frozen=True, slots=True)
class LiveSize:
    """A group's size now."""

    min_size: int
    desired_size: int
    max_size: int
    given: str
    """The bounds that the program gave it last, as text; empty when it gave none."""

    def has_bounds(self, min_size: int, max_size: int) -> bool:
        """Whether the bounds are these, by the program's own doing."""
        return (self.min_size, self.max_size, self.given) == (min_size, max_size, bounds_text(min_size, max_size))

    def within(self, min_size: int, max_size: int) -> int:
        """The size, or the nearest to it that these bounds allow."""
        return min(max(self.desired_size, min_size), max_size)


@dataclass(frozen=True, slots=True)
class LiveGroups:
    """The names of the node groups that a cluster has, and the way to ask for more."""

    cluster_name: str
    names: Sequence[str]
    opts: pulumi.InvokeOptions

    @classmethod
    def of(cls, cluster_name: str, opts: pulumi.InvokeOptions) -> LiveGroups:
        """Ask AWS. A cluster that is not there yet has none."""
        clusters: Sequence[str] | None = answered("eks:ListClusters", lambda: aws.eks.get_clusters(opts=opts)).names
        if cluster_name not in (clusters or ()):
            return cls(cluster_name, (), opts)
        names: Sequence[str] | None = answered(
            "eks:ListNodegroups", lambda: aws.eks.get_node_groups(cluster_name=cluster_name, opts=opts)
        ).names
        return cls(cluster_name, sorted(names or ()), opts)

    def size(self, name: str) -> LiveSize | None:
        """The size of the group with this logical name, from which its physical one was made. None: there is none.

        Of two, which an interrupted replacement leaves, the larger one counts: it may be the one that the pods are on.
        """
        mine = re.compile(rf"{re.escape(name)}-[0-9a-f]{{7}}")
        sizes = [self._size(each) for each in self.names if mine.fullmatch(each)]
        return max(sizes, key=lambda size: size.desired_size) if sizes else None

    def _size(self, physical_name: str) -> LiveSize:
        group = answered(
            "eks:DescribeNodegroup",
            lambda: aws.eks.get_node_group(
                cluster_name=self.cluster_name, node_group_name=physical_name, opts=self.opts
            ),
        )
        (scaling,) = group.scaling_configs
        return LiveSize(
            scaling.min_size, scaling.desired_size, scaling.max_size, (group.tags or {}).get(BOUNDS_TAG, "")
        )
