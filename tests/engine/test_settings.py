"""`pulumi config set --path` of the genuine engine writes each setting so that the program reads it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.toolchain.pins import kubernetes_minors, tools
from sandbox.toolchain.setup import find
from tests.stacks.stack_files import bring_up, configuration
from tests.stacks.test_wiring import ROWS, matches, steps

pytestmark = pytest.mark.engine


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """prod without the settings that are to be set."""
    config: Any = configuration("prod")
    for row in ROWS:
        *place, last = steps(row.setting)
        holder = config
        for step in place:
            holder = holder[step] if isinstance(step, int) else holder.get(step, {})
        if isinstance(last, str):
            holder.pop(last, None)
    (tmp_path / "Pulumi.yaml").write_text("name: platform\nruntime: python\n")
    pulumi(tmp_path, "stack", "init", "prod", "--secrets-provider", "passphrase")
    (tmp_path / "Pulumi.prod.yaml").write_text(yaml.safe_dump({"config": config}))
    return tmp_path


def pulumi(folder: Path, *arguments: str) -> None:
    tool = next(tool for tool in tools(kubernetes_minors()[-1]) if tool.name == "pulumi")
    program = find(tool)
    assert program is not None, "the toolchain is not complete: run `make test`, which sets it up"
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PULUMI_BACKEND_URL": f"file://{folder}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    subprocess.run([program, "--non-interactive", *arguments], cwd=folder, env=environ, check=True)


def texts(value: Any, path: str) -> Iterator[str]:
    """What to set where, so that ``value`` is at ``path``."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from texts(member, f'{path}["{key}"]')
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from texts(member, f"{path}[{index}]")
    else:
        yield f"{path}={value if isinstance(value, str) else json.dumps(value)}"


def path_of(setting: str) -> str:
    """As Pulumi writes it: ``platform:cluster.accessEntries.developers.grants[0].policy``."""
    first, *rest = steps(setting)
    return f"{first}" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in rest)


def test_every_setting_can_be_set_by_its_path(project: Path) -> None:
    words = [f"--plaintext={text}" for row in ROWS for text in texts(row.value, path_of(row.setting))]

    pulumi(project, "config", "set-all", "--stack", "prod", "--path", *words)

    config = yaml.safe_load((project / "Pulumi.prod.yaml").read_text())["config"]
    recording = bring_up("prod", config)
    assert [row.setting for row in ROWS if not matches(row, recording)] == []
