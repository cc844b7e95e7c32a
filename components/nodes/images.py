"""Which machine image fits which instance types. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence

_INSTANCE_TYPE = re.compile(r"(?P<family>[a-z]+(?:-[a-z0-9]+)?)(?P<generation>\d+)(?P<options>[a-z0-9-]*)\.[a-z0-9-]+")
_GPU_FAMILIES = frozenset({"g", "gr", "p"})


def check_instance_type(instance_type: str) -> None:
    """Raise ValueError when this has not the form of an instance type."""
    if _INSTANCE_TYPE.fullmatch(instance_type) is None:
        raise ValueError(f"{instance_type!r} is no EC2 instance type; write one such as t3.medium or m7g.large")


def ami_type(instance_types: Sequence[str]) -> str:
    """EKS's Amazon Linux 2023 image for these instance types, by processor and GPU.

    Raises ValueError when there are none, or they need different images.
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
    gpu = match["family"] in _GPU_FAMILIES
    return f"AL2023_{'ARM_64' if arm else 'x86_64'}_{'NVIDIA' if gpu else 'STANDARD'}"
