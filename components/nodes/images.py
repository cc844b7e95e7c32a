"""Which machine image fits which instance types. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from components.machines import check_machine, families
from components.refusals import Refusal

_INSTANCE_TYPE = re.compile(r"(?P<family>[a-z]+(?:-[a-z0-9]+)?)(?P<generation>\d+)(?P<options>[a-z0-9-]*)\.[a-z0-9-]+")
_NVIDIA_FAMILIES = frozenset({"g", "gr", "p"})
_NEURON_FAMILIES = frozenset({"inf", "trn"})
_PARAVIRTUAL = ("c1", "m1", "m2", "t1")
_WITHOUT_IMAGE = (
    ("mac", "runs macOS only"),
    ("dl", "has accelerators that no image of EKS has drivers for"),
    ("g4ad", "has AMD's GPUs, which no image of EKS has drivers for"),
    # "Choose an optimal Amazon EC2 node instance type" in the EKS user guide.
    ("a1.", "has the first Graviton, and Amazon Linux 2023 wants the second or a later one"),
    # "Linux AMI virtualization types" in the EC2 user guide.
    *((f"{family}.", "boots paravirtual images only, and Amazon Linux 2023 has none") for family in _PARAVIRTUAL),
)
"""What their names begin with, and why."""

INSTANCE_TYPE = "an instance type of EC2 such as t3.medium or m7g.large"
INSTANCE_TYPES = "types of one processor architecture, with the same kind of accelerator or none"


def check_instance_type(instance_type: str) -> None:
    """Raise Refusal when EC2 has no such instance type, or EKS no image for it."""
    check_machine(instance_type, prefix="", allowed=INSTANCE_TYPE, known=families())
    for beginning, reason in _WITHOUT_IMAGE:
        if instance_type.startswith(beginning):
            raise Refusal(
                f"{instance_type} {reason}",
                allowed="instance types that EKS has a Linux image for",
                fix="take another instance type",
            )


def ami_type(instance_types: Sequence[str]) -> str:
    """EKS's Amazon Linux 2023 image for these instance types, by processor and accelerator.

    Raises Refusal when there are none, they need different images, or one of them has no image.
    """
    images = {instance_type: _image(instance_type) for instance_type in instance_types}
    if not images:
        raise Refusal("no instance types", allowed=INSTANCE_TYPES, fix="name at least one, such as t3.medium")
    if len(set(images.values())) > 1:
        needed = ", ".join(f"{instance_type} needs {image}" for instance_type, image in images.items())
        raise Refusal(
            f"a node group has one image, but {needed}", allowed=INSTANCE_TYPES, fix="make a node group for each image"
        )
    return next(iter(images.values()))


def _image(instance_type: str) -> str:
    check_instance_type(instance_type)
    match = _INSTANCE_TYPE.fullmatch(instance_type)
    assert match is not None
    # Graviton families have a g right after the generation (m7g, c6gn), those of Grace have it with their GPU
    # (p6e-gb200).
    options = match["options"]
    arm = options.startswith("g") or "-gb" in options
    variant = "STANDARD"
    if match["family"] in _NVIDIA_FAMILIES:
        variant = "NVIDIA"
    elif match["family"] in _NEURON_FAMILIES:
        variant = "NEURON"
    return f"AL2023_{'ARM_64' if arm else 'x86_64'}_{variant}"
