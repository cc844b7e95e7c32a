"""Tags of EKS resources."""

from __future__ import annotations

from typing import cast

from sandbox.cloud.eks.state import Clusters
from sandbox.cloud.operations import AwsError, Call, Operations, Record


class TagOperations(Operations):
    """TagResource and its kin, for everything in EKS that has an ARN."""

    service = "eks"

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    def tag_resource(self, call: Call) -> Record:
        self._tags(call).update(call["tags"])
        return {}

    def untag_resource(self, call: Call) -> Record:
        for key in call["tagKeys"]:
            self._tags(call).pop(key, None)
        return {}

    def list_tags_for_resource(self, call: Call) -> Record:
        return {"tags": self._tags(call)}

    def _tags(self, call: Call) -> dict[str, str]:
        for cluster in self._clusters:
            for arn, record in cluster.tagged():
                if arn == call["resourceArn"]:
                    return cast("dict[str, str]", record.setdefault("tags", {}))
        raise AwsError("ResourceNotFoundException", f"The resource {call['resourceArn']} does not exist")
