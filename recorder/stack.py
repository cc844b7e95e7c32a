"""A stack of a project: its program, run with the settings that its file holds."""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from recorder.recording import Recording
from recorder.running import record


def configuration(project: Path, stack: str) -> dict[str, Any]:
    """What the file of ``stack`` in ``project``, a folder, configures, by full key. Raises OSError if there is none."""
    return yaml.safe_load((project / f"Pulumi.{stack}.yaml").read_text())["config"]


def record_stack(project: Path, stack: str, config: Mapping[str, Any] | None = None, **more: Any) -> Recording:
    """Run the program in the folder ``project`` as ``stack``, with ``config`` instead of what the stack's file holds.

    ``more`` is for `record`.
    Its exceptions come out as they are. Raises OSError when project or stack have no file.
    """
    name = yaml.safe_load((project / "Pulumi.yaml").read_text())["name"]
    return record(
        lambda: runpy.run_path(str(project / "__main__.py")),
        config=configuration(project, stack) if config is None else config,
        project=name,
        stack=stack,
        **more,
    )
