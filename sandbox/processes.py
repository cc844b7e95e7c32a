"""Child processes that log to a file, say when they are ready, stop in good order and never outlive their starter."""

from __future__ import annotations

import contextlib
import ctypes
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from sandbox.home import Running
from sandbox.process_facts import command_of

_POLL = 0.02
_TAIL = 2000
"""Bytes of a log that go into an error."""


class ProcessError(RuntimeError):
    """A child that ended, or did not become ready in time. The message has the end of its log."""


class KilledError(ProcessError):
    """A child that somebody killed: another try may go well."""


@dataclass(frozen=True)
class Child:
    """A running child process."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    @property
    def killed(self) -> bool:
        """Whether a signal ended it."""
        code = self.process.poll()
        return code is not None and code < 0

    def needed(self) -> bool:
        """True. Raises ProcessError when the child has ended."""
        code = self.process.poll()
        if code is not None:
            raise ProcessError(f"{self.name} ended with exit status {code}; the end of {self.log}:\n{self.tail()}")
        return True

    def wait_ready(self, ready: Callable[[], bool], *, timeout: float) -> None:
        """Return once ``ready`` says so. Raises ProcessError when the child ends first, or ``timeout`` seconds pass."""
        deadline = time.monotonic() + timeout
        while not ready():
            self.needed()
            if time.monotonic() > deadline:
                raise ProcessError(f"{self.name} is not ready after {timeout:g} s; {self.log} ends:\n{self.tail()}")
            time.sleep(_POLL)

    def stop(self, *, timeout: float = 10.0) -> None:
        """Ask the child to end, and kill it when it has not done so after ``timeout`` seconds."""
        if self.alive:
            self.process.terminate()
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def tail(self) -> str:
        """The end of its log."""
        with self.log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL))
            return file.read().decode(errors="replace").strip()


def start(name: str, command: Sequence[str], log: Path, *, environ: Mapping[str, str] | None = None) -> Child:
    """Start ``command``; its output replaces what ``log`` had. It ends when this process does, whatever ends it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = _starter.popen(list(command), output.fileno(), dict(os.environ if environ is None else environ))
    return Child(name, log, process)


def stop_stray(process: Running | None, program: str) -> None:
    """End an announced process that its starter left behind, if it still runs ``program``: pids are reused."""
    if process is None or not process.alive:
        return
    if program not in command_of(process.pid):
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + 10
    while process.alive and time.monotonic() < deadline:
        time.sleep(_POLL)
    with contextlib.suppress(ProcessLookupError):
        if process.alive:
            os.kill(process.pid, signal.SIGKILL)


def _die_with_parent() -> Callable[[], None] | None:
    """What the child does first: ask Linux to end it with its parent. Elsewhere ``stop_stray`` cleans up later.

    At once, and not in good order, so that the next start need not wait for it: nothing is lost by a kill.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    set_parent_death_signal = 1
    parent = os.getpid()

    def ask() -> None:
        libc.prctl(set_parent_death_signal, signal.SIGKILL)
        if os.getppid() != parent:  # it was faster than we
            os._exit(1)

    return ask


class _Starter:
    """Starts children in a thread of its own: Linux ends them with the *thread* that started them, so it must stay."""

    def __init__(self) -> None:
        self._wishes: queue.SimpleQueue[tuple[list[str], int, dict[str, str], Future[subprocess.Popen[bytes]]]]
        self._wishes = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def popen(self, command: list[str], output: int, environ: dict[str, str]) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="process starter", daemon=True)
                self._thread.start()
        started: Future[subprocess.Popen[bytes]] = Future()
        self._wishes.put((command, output, environ, started))
        return started.result()

    def _work(self) -> None:
        prepare = _die_with_parent()
        while True:
            command, output, environ, started = self._wishes.get()
            try:
                started.set_result(
                    # A session of its own: Ctrl-C in the terminal must not end it before its starter says so.
                    subprocess.Popen(
                        command,
                        stdin=subprocess.DEVNULL,
                        stdout=output,
                        stderr=output,
                        env=environ,
                        preexec_fn=prepare,  # one system call, which takes no locks
                        start_new_session=True,
                    )
                )
            except OSError as error:
                started.set_exception(error)


_starter = _Starter()
