"""Which machine image fits which instance types. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence

_INSTANCE_TYPE = re.compile(r"(?P<family>[a-z]+(?:-[a-z0-9]+)?)(?P<generation>\d+)(?P<options>[a-z0-9-]*)\.[a-z0-9-]+")
_NVIDIA_FAMILIES = frozenset({"g", "gr", "p"})
_NEURON_FAMILIES = frozenset({"inf", "trn"})
_FAMILIES_WITHOUT_IMAGE = {"mac": "runs macOS only", "dl": "has accelerators that no image of EKS has drivers for"}


def check_instance_type(instance_type: str) -> None:
    """Raise ValueError when this has not the form of an instance type."""
    if _INSTANCE_TYPE.fullmatch(instance_type) is None:
        raise ValueError(f"{instance_type!r} is no EC2 instance type; write one such as t3.medium or m7g.large")


def ami_type(instance_types: Sequence[str]) -> str:
    """EKS's Amazon Linux 2023 image for these instance types, by processor and accelerator.

    Raises ValueError when there are none, they need different images, or one of them has no image.
    """
    images = {instance_type: _image(instance_type) for instance_type in instance_types}
    if not images:
        raise ValueError("no instance types; name at least one, such as t3.medium")
    if len(set(images.values())) > 1:
        needed = ", ".join(f"{instance_type} needs {image}" for instance_type, image in images.items())
        raise ValueError(f"instance types of one node group need one image, but {needed}; make a node group for each")
    return next(iter(images.values()))


def _image(instance_type: str) -> str:
    check_instance_type(instance_type)
    match = _INSTANCE_TYPE.fullmatch(instance_type)
    assert match is not None
    # Graviton families have a g right after the generation (m7g, c6gn); a1 was the first one and has none.
    arm = match["options"].startswith("g") or match["family"] + match["generation"] == "a1"
    if match["family"] in _FAMILIES_WITHOUT_IMAGE:
        raise ValueError(f"{instance_type} {_FAMILIES_WITHOUT_IMAGE[match['family']]}; take another instance type")
    variant = "STANDARD"
    if match["family"] in _NVIDIA_FAMILIES:
        variant = "NVIDIA"
    elif match["family"] in _NEURON_FAMILIES:
        variant = "NEURON"
    return f"AL2023_{'ARM_64' if arm else 'x86_64'}_{variant}"
