from __future__ import annotations

from components.storage import DefaultStorageClass
from recorder import record


def test_a_claim_that_names_no_class_gets_an_encrypted_volume_in_its_pods_zone() -> None:
    storage = record(lambda: DefaultStorageClass("s"))["s-class"].inputs
    assert storage["metadata"]["annotations"] == {"storageclass.kubernetes.io/is-default-class": "true"}
    assert storage["provisioner"] == "ebs.csi.aws.com"
    assert storage["parameters"].items() >= {"type": "gp3", "encrypted": "true"}.items()
    assert storage["volumeBindingMode"] == "WaitForFirstConsumer"
