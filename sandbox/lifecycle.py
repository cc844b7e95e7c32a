"""Starts and stops the processes of one sandbox."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox import causes, ports
from sandbox.home import Home, Running
from sandbox.process_facts import command_of

SERVICES = ("secrets", "cloud", "plugins")
"""``python -m sandbox.<name> --home DIR``; they are stopped in the opposite order."""

_WRITTEN_DOWN = frozenset({"secrets", "cloud", "kube-apiserver"})
"""Whose addresses must stay."""

_START_TIMEOUT = 120.0
_STOP_TIMEOUTS = {"cloud": 60.0}
"""Seconds; the cloud stops the control plane first."""
_STOP_TIMEOUT = 15.0
_POLL = 0.05
_TAIL_LINES = 20


class LifecycleError(Exception):
    """A process did not start. The message has the end of its log."""


@contextmanager
def exclusive(home: Home, command: str) -> Generator[None]:
    """Hold the sandbox for ``command``; of two commands at once the second says whom it waits for."""
    home.root.parent.mkdir(parents=True, exist_ok=True)
    # Beside the home, as the home may go.
    with (home.root.parent / f".{home.stack}.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another command"
            print(f"waiting: {holder} works on the sandbox of stack {home.stack}", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(f"`{command}` (process {os.getpid()}, since {time.strftime('%H:%M:%S')})")
        file.flush()
        yield
        file.truncate(0)


def start(home: Home, clone: Path, environ: Mapping[str, str]) -> list[str]:
    """Start what does not run yet, and wait until all of it listens. Returns the names of what was started."""
    absent = [name for name in SERVICES if home.running(name) is None]
    # One whose starter was killed before it could listen goes on by itself.
    to_spawn = [name for name in absent if home.starting(name) is None]
    claim_ports(home)
    spawned = {name: _spawn(home, name, clone, environ) for name in to_spawn}
    deadline = time.monotonic() + _START_TIMEOUT
    for name in absent:
        while home.running(name) is None:
            log = home.logs / f"{name}.log"
            status = spawned[name].poll() if name in spawned else None
            if status is not None:
                raise LifecycleError(_failure(name, status, log))
            process = home.starting(name)
            if process is None:
                raise LifecycleError(f"{name} ended; {log} ends:\n{tail(log)}")
            if time.monotonic() > deadline:
                _end([process], _STOP_TIMEOUT)
                raise LifecycleError(f"{name} does not listen after {_START_TIMEOUT:g} s; {log} ends:\n{tail(log)}")
            time.sleep(_POLL)
    return absent


def ask_cloud(home: Home, page: str, body: Any = None, *, timeout: float = 60.0) -> Any:
    """What the cloud answers to ``body`` on a page of its own. Raises LifecycleError when it can't be had."""
    cloud = home.running("cloud")
    log = home.logs / "cloud.log"
    if cloud is None:
        raise LifecycleError(f"cloud has ended; {log} ends:\n{tail(log)}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    data = None if body is None else json.dumps(body).encode()
    try:
        with opener.open(f"http://127.0.0.1:{cloud.port}/_sandbox/{page}", data, timeout=timeout) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        raise LifecycleError(f"the cloud refuses: {json.loads(error.read())['message']}") from None
    except OSError as error:
        raise LifecycleError(f"the cloud does not answer ({error}); {log} ends:\n{tail(log)}") from None


def claim_ports(home: Home) -> None:
    """Look whether somebody has taken a port while the sandbox was stopped.

    An address that only the sandbox itself uses changes then. Those that are written down elsewhere can't: cluster and
    keeper of secrets in the stack's state, the cloud in shells that have evaluated `make env`. Raises LifecycleError.
    """
    cloud = home.running("cloud") or home.starting("cloud")
    for name, port in home.ports.items():
        # A cloud that runs may be starting a part of the control plane right now.
        ours = home.running(name) or home.starting(name) or (cloud if name not in SERVICES else None)
        if ours is not None or ports.is_free(port):
            continue
        if name in _WRITTEN_DOWN:
            raise LifecycleError(
                f"port {port}, where others expect the {name} of this sandbox, is taken by {ports.holder(port)}: "
                f"end that and try again, or start over with `make reset{home.argument}`"
            )
        home.forget_port(name)


def _failure(name: str, status: int, log: Path) -> str:
    text = tail(log)
    # Where the disk is full, the log may be empty for that very reason.
    if cause := causes.told_by(text) or causes.of_disk(log.parent):
        return f"{name} could not start, as {cause}: mend that, and try again; see {log}"
    return f"{name} ended with exit status {status}; {log} ends:\n{text}"


def _spawn(home: Home, name: str, clone: Path, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    home.withdraw(name)
    with (home.logs / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", f"sandbox.{name}", "--home", str(home.root)],
            cwd=clone,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # It outlives this command, and the terminal's Ctrl-C is not for it.
            start_new_session=True,
        )
    home.note_start(name, process.pid)
    return process


def stop(home: Home) -> list[str]:
    """Stop everything that runs, whoever started it. Returns the names of what was stopped."""
    if not home.root.exists():
        return []
    stopped: list[str] = []
    for name in reversed(SERVICES):
        process = home.running(name) or home.starting(name)
        if process is not None and _is_ours(home, process):
            _end([process], _STOP_TIMEOUTS.get(name, _STOP_TIMEOUT))
            stopped.append(name)
        home.withdraw(name)
    # What a killed cloud left behind.
    stray = [process for process in home.processes() if _is_ours(home, process)]
    _end(stray, _STOP_TIMEOUT)
    for process in stray:
        home.withdraw(process.name)
    return stopped + [process.name for process in stray]


def _is_ours(home: Home, process: Running) -> bool:
    """Whether the pid is still that of a process of this sandbox: pids are used again."""
    return str(home.root) in command_of(process.pid)


def _end(processes: Sequence[Running], timeout: float) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    for process in processes:
        while _lives(process) and time.monotonic() < deadline:
            time.sleep(_POLL)
        if _lives(process):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)


def _lives(process: Running) -> bool:
    # One that this very command started must be waited for, or it stays a zombie.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
    return process.alive


def tail(log: Path) -> str:
    """The last lines of ``log``."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(lines[-_TAIL_LINES:]) or "(nothing)"
