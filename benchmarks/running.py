"""Runs a command and watches its processes: how long it took, and how much memory which part of it had at most."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.process_facts import resident

_PROC = Path("/proc")
_PAUSE = 0.1
"""Seconds between two looks. The kernel keeps the peak of each process itself; only short ones could be missed."""

Processes = Callable[[], Sequence[int]]
"""The processes of the sandbox at this moment."""


class CommandFailed(Exception):
    """A measured command failed. The message has what it said."""


@dataclass(frozen=True)
class Run:
    """One measured run. Bytes are resident memory at most; 0 where no such process ran."""

    seconds: float
    program_bytes: int = 0
    """Of the Pulumi program."""
    engine_bytes: int = 0
    """Of the ``pulumi`` process."""
    sandbox_bytes: int = 0
    """Of the sandbox's processes together, at the same moment."""


def run(command: Sequence[str], *, folder: Path, environ: Mapping[str, str], sandbox: Processes = lambda: ()) -> Run:
    """Run ``command`` to its end. Raises CommandFailed when it does not succeed."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    peaks: dict[str, int] = {}
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, sandbox, peaks, ended))
    watcher.start()
    try:
        output, _ = process.communicate()
        seconds = time.perf_counter() - began
    finally:
        ended.set()
        watcher.join()
    if process.returncode:
        raise CommandFailed(f"`{' '.join(command)}` ended with {process.returncode}:\n{output[-4000:]}")
    return Run(seconds, peaks.get("program", 0), peaks.get("engine", 0), peaks.get("sandbox", 0))


def _watch(root: int, sandbox: Processes, peaks: dict[str, int], ended: threading.Event) -> None:
    while not ended.wait(_PAUSE):
        now = {"sandbox": sum(resident(pid) for pid in sandbox())}
        for pid in _descendants(root):
            if role := _role(pid):
                now[role] = max(now.get(role, 0), _peak(pid))
        for role, size in now.items():
            peaks[role] = max(peaks.get(role, 0), size)


def _role(pid: int) -> str | None:
    try:
        command = (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    if os.path.basename(command[0]) == b"pulumi":  # noqa: PTH119 - bytes
        return "engine"
    return "program" if any(part.endswith(b"run_program.py") for part in command) else None


def _descendants(root: int) -> list[int]:
    found, waiting = [root], [root]
    while waiting:
        children = _children(waiting.pop())
        found += children
        waiting += children
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    try:
        for task in (_PROC / str(pid) / "task").iterdir():
            children += [int(child) for child in (task / "children").read_text().split()]
    except OSError:
        pass
    return children


def _peak(pid: int) -> int:
    try:
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
