"""The storage class of claims that name none."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes

CLASS_NAME = "gp3"


class DefaultStorageClass(pulumi.ComponentResource):
    """Encrypted gp3 volumes of EBS, made in the zone of the pod that first wants one, and deleted with their claim.

    EKS brings a driver and no class, so that claims would wait for ever; the class that the driver's add-on can make
    does not encrypt.
    """

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:storage:DefaultStorageClass", name, None, opts)
        kubernetes.storage.v1.StorageClass(
            f"{name}-class",
            metadata={
                "name": CLASS_NAME,
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
            },
            provisioner="ebs.csi.aws.com",
            parameters={"type": "gp3", "encrypted": "true", "csi.storage.k8s.io/fstype": "ext4"},
            volume_binding_mode="WaitForFirstConsumer",
            reclaim_policy="Delete",
            allow_volume_expansion=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
