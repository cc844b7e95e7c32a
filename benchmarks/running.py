"""Runs a command and watches its processes: how long it took, and how much memory which part of it had at most."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_PAUSE = 0.02


class CommandFailed(Exception):
    """A measured command failed. The message has what it said."""


@dataclass(frozen=True)
class Run:
    """One measured run."""

    seconds: float
    program_bytes: int
    """Peak resident memory of the Pulumi program (0 when none ran)."""
    engine_bytes: int
    """Peak resident memory of the ``pulumi`` process (0 when none ran)."""
    output: str


def run(command: Sequence[str], *, folder: Path, environ: Mapping[str, str]) -> Run:
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
    watcher = threading.Thread(target=_watch, args=(process.pid, peaks, ended))
    watcher.start()
    output, _ = process.communicate()
    seconds = time.perf_counter() - began
    ended.set()
    watcher.join()
    if process.returncode:
        raise CommandFailed(f"`{' '.join(command)}` ended with {process.returncode}:\n{output[-4000:]}")
    return Run(seconds, peaks.get("program", 0), peaks.get("engine", 0), output)


def resident_bytes(pid: int) -> int:
    """What process ``pid`` has in memory now; 0 when it is gone."""
    return _status(pid, "VmRSS:")


def _watch(root: int, peaks: dict[str, int], ended: threading.Event) -> None:
    while not ended.wait(_PAUSE):
        for pid in _descendants(root):
            name = _role(pid)
            if name:
                peaks[name] = max(peaks.get(name, 0), _status(pid, "VmHWM:"))


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
        pid = waiting.pop()
        for task in _children(pid):
            found.append(task)
            waiting.append(task)
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    try:
        for task in (_PROC / str(pid) / "task").iterdir():
            children += [int(child) for child in (task / "children").read_text().split()]
    except OSError:
        pass
    return children


def _status(pid: int, key: str) -> int:
    try:
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(key)), 0)
