"""What becomes of data when its resource is deleted."""

from __future__ import annotations

from enum import StrEnum

import pulumi


class RemovalPolicy(StrEnum):
    """What deleting a stateful resource does to its data."""

    RETAIN = "Retain"
    """Deletion is refused, by the engine and by the service; once unprotected, the data still stays."""
    DELETE = "Delete"
    """The data goes with the stack: for disposable stacks, and as the first step of taking a lasting one down."""

    @property
    def retains(self) -> bool:
        return self is RemovalPolicy.RETAIN

    def data(self, parent: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of a child that holds data: it can't be deleted by mistake, nor by unprotecting it alone."""
        return pulumi.ResourceOptions(parent=parent, protect=self.retains, retain_on_delete=self.retains)

    def footing(self, parent: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of a child that retained data stands on (its subnets, its security group).

        AWS refuses to delete it as long as the data is there, so it must stay behind with the data.
        """
        return pulumi.ResourceOptions(parent=parent, retain_on_delete=self.retains)
