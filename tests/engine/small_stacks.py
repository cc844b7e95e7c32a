"""Small stacks in clones of their own, and commands on them that are killed in the middle."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox.home import Home
from sandbox.toolchain.pins import kubernetes_minors, tools
from sandbox.toolchain.setup import find
from tests.engine.conftest import REPOSITORY, Clone

REGION = "eu-central-1"
_TIMEOUT = 240.0
"""Seconds for one command; the slowest takes a tenth of it."""


def small_stack(folder: Path, program: str, *stacks: str) -> list[Clone]:
    """A clone with one of the programs beside this module and with ``stacks``, none of them up."""
    if any(find(tool) is None for tool in tools(kubernetes_minors()[-1])):
        pytest.fail("the toolchain is not complete: run `make test`, which sets it up", pytrace=False)
    # The clone is where the code is.
    shutil.copytree(REPOSITORY / "sandbox", folder / "sandbox", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "Pulumi.yaml").write_text(
        json.dumps({"name": "small", "runtime": {"name": "python", "options": {"virtualenv": ".venv"}}})
    )
    for stack in stacks:
        (folder / f"Pulumi.{stack}.yaml").write_text(json.dumps({"config": {"small:aws": {"region": REGION}}}))
    shutil.copy(Path(__file__).parent / "programs" / f"{program}.py", folder / "__main__.py")
    return [Clone(folder, stack) for stack in stacks]


@dataclass(frozen=True)
class Moment:
    """What a command has come to."""

    resources: int
    creating: list[str]
    """The logical names of what is being created."""
    deleting: list[str]
    engine: int | None
    """The process of the engine, while it holds the stack."""

    @property
    def pending(self) -> int:
        return len(self.creating) + len(self.deleting)


def moment(clone: Clone) -> Moment:
    latest = _latest(clone.home)
    names: dict[str, list[str]] = {"creating": [], "deleting": []}
    for operation in latest.get("pending_operations") or ():
        names.setdefault(operation["type"], []).append(operation["resource"]["urn"].rpartition("::")[2])
    return Moment(len(latest.get("resources") or ()), names["creating"], names["deleting"], engine(clone.home))


def engine(home: Home) -> int | None:
    """The process that holds the stack's lock; one that was killed leaves its lock behind."""
    for lock in (home.root / "backend" / ".pulumi" / "locks").rglob("*.json"):
        with suppress(FileNotFoundError, ProcessLookupError):
            pid = int(json.loads(lock.read_text())["pid"])
            os.kill(pid, 0)
            return pid
    return None


def _latest(home: Home) -> dict[str, Any]:
    try:
        state = json.loads((home.root / "backend/.pulumi/stacks/small" / f"{home.stack}.json").read_text())
    except FileNotFoundError:
        return {}
    return state["checkpoint"]["latest"]


How = Callable[[Clone, int, int], None]
"""Interrupts a command, whose process and engine it is told."""


def interrupt(clone: Clone, command: str, when: Callable[[Moment], bool], how: How) -> str:
    """Run ``command`` and interrupt it ``when`` it has come so far.

    Returns what it said.
    """
    deadline = time.monotonic() + _TIMEOUT
    while engine(clone.home) is not None and time.monotonic() < deadline:
        time.sleep(0.05)  # that of an interrupted command may still be at work
    process = begin(clone, command)
    while process.poll() is None and time.monotonic() < deadline:
        now = moment(clone)
        if now.engine is not None and when(now):
            how(clone, process.pid, now.engine)
            said, _ = process.communicate(timeout=_TIMEOUT)
            assert process.returncode != 0, f"it was over before it was interrupted:\n{said}"
            return said
        time.sleep(0.002)
    process.kill()
    pytest.fail(f"`{command}` never came so far:\n{process.communicate()[0]}")


def begin(clone: Clone, command: str) -> subprocess.Popen[str]:
    """Start ``command``, in a session of its own as in a terminal."""
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox", command, "--stack", clone.stack],
        cwd=clone.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def kill_engine(_: Clone, command: int, engine: int) -> None:
    del command
    os.kill(engine, signal.SIGKILL)


def kill_engine_later(clone: Clone, command: int, engine: int) -> None:
    """When the cloud has begun with what was pending."""
    time.sleep(1)
    kill_engine(clone, command, engine)


def kill_service(name: str) -> How:
    """Kill one of the sandbox's own processes, as `make status` names them."""

    def kill(clone: Clone, command: int, engine: int) -> None:
        del command, engine
        process = clone.home.running(name)
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)

    return kill


def together(*hows: How) -> How:
    def interrupt(clone: Clone, command: int, engine: int) -> None:
        for how in hows:
            how(clone, command, engine)

    return interrupt


def kill_program(clone: Clone, command: int, engine: int) -> None:
    """The Python that runs the program, as soon as it does."""
    del command, engine
    deadline = time.monotonic() + _TIMEOUT
    while not (programs := [pid for pid, line in _helpers(clone) if "run_program" in line]):
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(programs[0], signal.SIGKILL)


def close_terminal(_: Clone, command: int, engine: int) -> None:
    del engine
    os.killpg(command, signal.SIGHUP)


def press_ctrl_c(_: Clone, command: int, engine: int) -> None:
    del engine
    os.killpg(command, signal.SIGINT)


def press_ctrl_c_twice(clone: Clone, command: int, engine: int) -> None:
    press_ctrl_c(clone, command, engine)
    time.sleep(0.3)
    press_ctrl_c(clone, command, engine)


def helpers_of(clone: Clone) -> list[str]:
    """The processes that engines started for ``clone`` and that still run: plugins, language hosts, programs."""
    return [line for _, line in _helpers(clone)]


def _helpers(clone: Clone) -> list[tuple[int, str]]:
    shown = subprocess.run(["ps", "-eww", "-o", "pid=,command="], capture_output=True, text=True, check=True).stdout
    names = ("provider.py", "language_python", "run_program")
    return [
        (int(line.split()[0]), line)
        for line in shown.splitlines()
        if str(clone.folder) in line and any(name in line for name in names)
    ]


def client(clone: Clone, service: str) -> Any:
    """A client of the clone's cloud."""
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=f"http://127.0.0.1:{clone.home.port_for('cloud')}",
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
    )
