"""What the system knows of a process: from /proc where there is one, else from ps."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_PROC = Path("/proc")


def command_of(pid: int) -> str:
    """Its command line, "" when there is no such process."""
    if not _has_proc():
        return _ps(pid, "command=")
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def resident(pid: int) -> int:
    """Bytes of memory that it has, 0 when there is no such process."""
    if not _has_proc():
        return int(_ps(pid, "rss=") or 0) * 1024
    try:
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), 0)


def age(pid: int) -> float:
    """Seconds since it began, 0 when there is no such process."""
    if not _has_proc():
        return seconds(_ps(pid, "etime=") or "0")
    try:
        up = float((_PROC / "uptime").read_text().split()[0])
        return up - int(_stat(pid)[19]) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0


def seconds(etime: str) -> float:
    """The seconds of ``ps``'s ``[[days-]hours:]minutes:seconds``."""
    days, _, rest = etime.rpartition("-")
    seconds = 0
    for part in rest.split(":"):
        seconds = seconds * 60 + int(part)
    return seconds + 86400 * int(days or 0)


def identity(pid: int) -> str:
    """What tells it from another process of the same pid: when it began, in ticks since which start of the machine.

    Empty where there is no /proc."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {_stat(pid)[19]}"
    except OSError:
        return ""


def is_zombie(pid: int) -> bool:
    """Whether it has ended and only waits for its parent to hear of it; False where there is no /proc."""
    try:
        return _stat(pid)[0] == "Z"
    except OSError:
        return False


def _stat(pid: int) -> list[str]:
    """The fields of its stat file from the third one on: the name before may have spaces."""
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _has_proc() -> bool:
    return (_PROC / "self" / "cmdline").exists()


def _ps(pid: int, field: str) -> str:
    shown = subprocess.run(["ps", "-ww", "-o", field, "-p", str(pid)], capture_output=True, text=True)
    return shown.stdout.strip()
