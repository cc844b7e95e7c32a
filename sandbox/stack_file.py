"""What the sandbox must know of a stack before the engine runs: read from ``Pulumi.<stack>.yaml``, never written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

_DEFAULT_REGION = "us-east-1"


class StackFileError(Exception):
    """There is no such stack, or its file can't be read. The message is one sentence for the user."""


@dataclass(frozen=True)
class StackFile:
    """The facts of one stack that decide what the sandbox starts."""

    project: str
    stack: str
    kubernetes: str | None
    """The minor version of ``platform:cluster``; None where the file leaves it to the program."""
    region: str

    @property
    def file_name(self) -> str:
        return f"Pulumi.{self.stack}.yaml"


def read(clone: Path, stack: str) -> StackFile:
    """Raises StackFileError."""
    path = clone / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = sorted(file.name.split(".")[1] for file in clone.glob("Pulumi.*.yaml"))
        raise StackFileError(
            f"there is no stack {stack!r}: {path.name} is missing; there are {', '.join(known) or 'none'}"
        )
    try:
        project = _mapping(yaml.safe_load((clone / "Pulumi.yaml").read_text()))
        config = _mapping(_mapping(yaml.safe_load(path.read_text())).get("config"))
    except (OSError, yaml.YAMLError) as error:
        raise StackFileError(f"{path.name} or Pulumi.yaml can't be read: {error}") from None
    name = str(project.get("name", ""))
    version = _mapping(config.get(f"{name}:cluster")).get("version")
    region = _mapping(config.get(f"{name}:aws")).get("region")
    return StackFile(name, stack, None if version is None else str(version), str(region or _DEFAULT_REGION))


def _mapping(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
