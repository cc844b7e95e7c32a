"""EKS Pod Identity: which role the pods of a service account get."""

from __future__ import annotations

from sandbox.cloud import moto_state
from sandbox.cloud.eks.state import Cluster, Clusters
from sandbox.cloud.operations import AwsError, Call, Operations, Record, hex_digits, now, page


class PodIdentityOperations(Operations):
    """CreatePodIdentityAssociation and its kin."""

    service = "eks"

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    def create_pod_identity_association(self, call: Call) -> Record:
        cluster = self._clusters.of(call)
        cluster.require_active()
        optional = {
            key: call[key] for key in ("tags", "disableSessionTags", "targetRoleArn", "policy") if key in call.params
        }
        with self._clusters.lock:
            association = new_association(
                cluster, call["namespace"], call["serviceAccount"], call["roleArn"], **optional
            )
        return {"association": association}

    def describe_pod_identity_association(self, call: Call) -> Record:
        return {"association": self._clusters.of(call).pod_identity(call["associationId"])}

    def list_pod_identity_associations(self, call: Call) -> Record:
        wanted = {key: call[key] for key in ("namespace", "serviceAccount") if key in call.params}
        found = [
            each
            for each in self._clusters.of(call).pod_identities.values()
            if all(each[key] == value for key, value in wanted.items())
        ]
        return page(found, call, "associations")

    def update_pod_identity_association(self, call: Call) -> Record:
        association = self._clusters.of(call).pod_identity(call["associationId"])
        if "roleArn" in call.params:
            moto_state.require_role(call["roleArn"])
        for key in ("roleArn", "disableSessionTags", "targetRoleArn", "policy"):
            if key in call.params:
                association[key] = call[key]
        association["modifiedAt"] = now()
        return {"association": association}

    def delete_pod_identity_association(self, call: Call) -> Record:
        cluster = self._clusters.of(call)
        association = cluster.pod_identity(call["associationId"])
        if "ownerArn" in association:
            raise AwsError(
                "InvalidRequestException", f"The association is owned by {association['ownerArn']}: change the add-on"
            )
        return {"association": cluster.pod_identities.pop(call["associationId"])}


def new_association(cluster: Cluster, namespace: str, account: str, role: str, **optional: object) -> Record:
    """Raises AwsError when the service account has a role already, or the role does not exist."""
    moto_state.require_role(role)
    for other in cluster.pod_identities.values():
        if (other["namespace"], other["serviceAccount"]) == (namespace, account):
            raise AwsError(
                "ResourceInUseException",
                f"Association already exists: {other['associationId']}",
                clusterName=cluster.name,
            )
    identity = f"a-{hex_digits(17)}"
    association: Record = {
        "clusterName": cluster.name,
        "namespace": namespace,
        "serviceAccount": account,
        "roleArn": role,
        "associationArn": cluster.arn("podidentityassociation", identity),
        "associationId": identity,
        "tags": {},
        "createdAt": now(),
        "modifiedAt": now(),
        "disableSessionTags": False,
        **optional,
    }
    cluster.pod_identities[identity] = association
    return association
