"""What AWS has, told by the service models that botocore ships: the tables that `make docs` writes.

botocore is there for development only, so nothing of the program imports this module.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

from components import machines, regions

_HEAD = "# Generated from botocore by `make docs`: {what}.\n"


@cache
def tables() -> dict[Path, str]:
    """What must be in which file. Reading the models takes a second."""
    loader: Any = Loader()
    types: list[str] = loader.load_service_model("ec2", "service-2")["shapes"]["InstanceType"]["enum"]
    families: dict[str, list[str]] = {}
    for name in types:
        family, _, size = name.partition(".")
        families.setdefault(family, []).append(size)
    partitions: list[dict[str, Any]] = loader.load_data("endpoints")["partitions"]
    return {
        machines.TABLE: _HEAD.format(what="the instance types of EC2, by family")
        + "".join(f"{family}: {' '.join(families[family])}\n" for family in sorted(families)),
        regions.TABLE: _HEAD.format(what="the regions of AWS")
        + "".join(f"{region}\n" for partition in partitions for region in sorted(partition["regions"])),
    }
