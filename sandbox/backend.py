"""What an engine leaves in its backend when it is killed: locks, drafts, and operations that it did not see end.

The engine takes its lock away when it ends; a lock that is left makes the next engine refuse to work. The state itself
is always whole: it is written beside, and then renamed. But each file has a companion (``.attrs``) that is written in
place: one that is torn makes the next engine refuse to read the state.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sandbox import process_facts
from sandbox.home import Home, Running

_PENDING = re.compile(rb'"pending_operations"\s*:\s*\[\s*\{')

_POLL = 0.2
_SLACK = 3.0
"""Seconds by which a process may seem younger than the lock that it took."""
_DRAFT_AGE = 5.0
"""Seconds after which nobody writes a draft any more."""


class LockError(Exception):
    """The stack is locked by somebody of whom nobody here can tell whether he still works."""


@dataclass(frozen=True)
class Holder:
    """An engine that has locked the stack."""

    path: Path
    pid: int
    user: str
    host: str
    since: float
    """Seconds since the epoch."""

    @classmethod
    def of(cls, path: Path) -> Holder:
        content = json.loads(path.read_text())
        # Go writes nanoseconds, which datetime does not read.
        moment = datetime.fromisoformat(re.sub(r"\.\d+", "", content["timestamp"]))
        return cls(path, content["pid"], content["username"], content["hostname"], moment.timestamp())

    @property
    def here(self) -> bool:
        return self.host == socket.gethostname()

    def works(self, home: Home) -> bool:
        """Whether the process is there and is the one that took the lock: numbers of processes are used again."""
        if not Running("pulumi", self.pid, 0, self.since).alive:
            return False
        command = process_facts.command_of(self.pid)
        if str(home.root / "engine" / "pulumi") in command:
            return True  # nobody else has this one, whatever the clock has done meanwhile
        return "pulumi" in command and time.time() - process_facts.age(self.pid) <= self.since + _SLACK

    def __str__(self) -> str:
        since = time.strftime("%H:%M:%S", time.localtime(self.since))
        return f"pulumi (process {self.pid} of {self.user}@{self.host}, since {since})"


def wait_until_free(home: Home) -> None:
    """Wait until no engine works on the stack of ``home``; what killed ones left behind is taken away.

    Raises LockError when the holder is on another machine.
    """
    if not home.root.exists():
        return
    said: Holder | None = None
    while True:
        holder = next(_holders(home), None)
        if holder is None and not _clear_drafts(home):
            _clear_torn(home)
            return
        if holder not in (None, said):
            print(f"waiting: {holder} works on stack {home.stack}", file=sys.stderr, flush=True)
            said = holder
        time.sleep(_POLL)


def holder(home: Home) -> Holder | None:
    """The engine of this machine that works on the stack at this moment."""
    if not home.root.exists():
        return None
    return next((each for each in _locks(home) if each.here and each.works(home)), None)


def is_held(home: Home) -> bool:
    """Whether an engine works on the stack at this moment."""
    return any(not each.here or each.works(home) for each in _locks(home))


def is_pending(home: Home) -> bool:
    """Whether the state has operations that no engine has seen the end of."""
    states = (home.backend / ".pulumi" / "stacks").glob(f"*/{home.stack}.json")
    return any(_PENDING.search(state.read_bytes()) for state in states)


def _holders(home: Home) -> Iterator[Holder]:
    """Those that work; the locks of those that are gone are taken away."""
    for holder in _locks(home):
        if not holder.here:
            raise LockError(
                f"stack {home.stack} is locked by {holder}, which is another machine. "
                f'If it no longer works: `eval "$(make -s env{home.argument})"`, then `pulumi cancel --yes`'
            )
        if holder.works(home):
            yield holder
        else:
            holder.path.unlink(missing_ok=True)
            holder.path.with_name(f"{holder.path.name}.attrs").unlink(missing_ok=True)


def _clear_drafts(home: Home) -> bool:
    """Take away what was being written when its engine was killed. Returns whether a lock may just be written."""
    young = False
    for path in (home.backend / ".pulumi").rglob("*.tmp"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _DRAFT_AGE:
                path.unlink()
            else:
                young |= "locks" in path.parts
    return young


def _clear_torn(home: Home) -> None:
    """Take away the companions that are not whole. A file without one has the default attributes."""
    for path in (home.backend / ".pulumi").rglob("*.attrs"):
        try:
            json.loads(path.read_text())
        except ValueError:
            path.unlink()


def _locks(home: Home) -> Iterator[Holder]:
    for path in sorted((home.backend / ".pulumi" / "locks").rglob("*.json")):
        try:
            yield Holder.of(path)
        except FileNotFoundError:
            continue  # released meanwhile
        except (ValueError, KeyError, TypeError):
            # Torn by a crash of the machine, or being written. Nobody works by it for long.
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _DRAFT_AGE:
                    path.unlink()
