"""The cloud's memory on disk: every mutation, one a line, done again in the same order after a restart.

A line is written once its mutation is done and before anybody hears of it. So what was answered is kept, and what a
kill cut off was never answered. Nothing waits for the disk (no fsync): the kernel keeps what a killed process wrote,
and only a crash of the whole machine can lose the last seconds.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import sys
import threading
import traceback
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, cast

from sandbox.cloud.repeatable import Circumstances, machine_time, repeatable
from sandbox.files import PRIVATE
from sandbox.home import Home
from sandbox.secrets import Vault

Record = dict[str, Any]
_FORMAT = 1
_SEALED = "sealed"


class JournalError(Exception):
    """The journal cannot be read, or keeps nothing any more. The message says what to do."""


@dataclass(frozen=True)
class _Kind:
    apply: Callable[[Record], Any]
    outcome: Callable[[Any], Record]


@dataclass(frozen=True)
class Replayed:
    """What a replay did."""

    entries: int
    different: int
    """Entries with another outcome than the first time, or with none; the log names them."""


class Journal:
    """Does mutations, one at a time, and keeps them in a file. Other modules say what a kind of mutation does."""

    def __init__(self, path: Path | None, *, broken: Callable[[str], object] | None = None) -> None:
        """Without ``path`` nothing is kept. ``broken`` is told why the file cannot be written; it must not return.

        Raises JournalError when the file is damaged, or another process has it.
        """
        self.lock = threading.RLock()
        """Whoever holds it sees no mutation that is half done, or done and not yet written."""
        self.began, self.seed = machine_time(), secrets.token_hex(8)
        """When this memory begins, in nanoseconds since the epoch, and its chance."""
        self._path = path
        # The key of the stack's secrets and of the notes of creations.
        self._vault = Vault(path.with_name("secrets.key")) if path else None
        self._reset = f"`make reset{Home(path.parent).argument}`" if path else ""
        self._broken = broken or _end_process
        self._kinds: dict[str, _Kind] = {}
        self._entries: list[Record] = []
        self._file: int | None = None
        self._size = 0
        self._mutating = self._closed = False
        self._afterwards: list[Callable[[], object]] | None = None
        if path is not None:
            self._open(path)

    def register(
        self, kind: str, apply: Callable[[Record], Any], outcome: Callable[[Any], Record] | None = None
    ) -> None:
        """``apply`` does the mutations of ``kind`` from JSON-able arguments, now and in every replay.

        ``outcome`` tells from its result what must come out of each replay as well.
        """
        self._kinds[kind] = _Kind(apply, outcome or _no_outcome)

    def perform(self, kind: str, arguments: Record) -> Any:
        """Do a mutation and keep it. One inside of another is a part of it. What raises is not kept.

        Raises JournalError when the journal is closed.
        """
        known = self._kinds[kind]
        with self.lock:
            if self._mutating:
                return known.apply(arguments)
            if self._closed:
                raise JournalError("the cloud is being stopped")
            moment, seed = machine_time(), secrets.token_hex(8)
            circumstances = Circumstances(moment, seed)
            afterwards = self._afterwards = []
            self._mutating = True
            try:
                with repeatable(circumstances):
                    result = known.apply(arguments)
            finally:
                self._mutating = False
                self._afterwards = None
            private = {"arguments": arguments, "seed": seed, "keys": circumstances.keys}
            self._write({"kind": kind, "time": moment, **known.outcome(result)}, private)
        for action in afterwards:
            action()
        return result

    def afterwards(self, action: Callable[[], object]) -> None:
        """Do ``action`` once the mutation that is being done is kept, and never in a replay; at once outside of one."""
        if self._afterwards is not None:
            self._afterwards.append(action)
        elif not self._mutating:
            action()

    def replay(self) -> Replayed:
        """Do again what the file tells. Raises JournalError when that cannot be done."""
        different = 0
        count = len(self._entries)
        with self.lock:
            self._mutating = True
            try:
                for number, entry in enumerate(self._entries, 2):
                    different += not self._again(number, entry)
            finally:
                self._mutating = False
                self._entries = []
        return Replayed(count, different)

    def close(self) -> None:
        """Refuse every mutation from now on."""
        with self.lock:
            self._closed = True
            if self._file is not None:
                os.close(self._file)
            self._file = None

    # Inside

    def _again(self, number: int, entry: Record) -> bool:
        """Returns whether it came out as the first time."""
        known = self._kinds.get(entry["kind"])
        if known is None:
            raise self._error(f"line {number} has the unknown kind {entry['kind']}")
        try:
            with repeatable(Circumstances(entry["time"], entry["seed"], entry.get("keys", ()))):
                outcome = known.outcome(known.apply(entry["arguments"]))
        except Exception:
            # Another version of the sandbox may do things otherwise. What can be had is better than no sandbox at all.
            problem = f"journal: line {number} ({entry['kind']}) could not be done again"
            print(f"{problem}:\n{traceback.format_exc()}", file=sys.stderr, flush=True)
            return False
        told = {key: entry.get(key) for key in outcome}
        if outcome != told:
            print(f"journal: line {number} comes out as {outcome}, and not as {told}", file=sys.stderr, flush=True)
        return outcome == told

    def _open(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, PRIVATE)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JournalError(
                f"another cloud has {path}: two would each overwrite what the other one keeps. End that one first"
            ) from None
        with path.open("rb") as file:
            lines = file.readlines()
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                break  # the last one, when a kill came in between: nobody was told that it is done
            entry = _decoded(line)
            if entry is None:
                raise self._error(f"line {number} is damaged")
            if _SEALED in entry:
                entry |= self._unsealed(number, entry.pop(_SEALED))
            self._entries.append(entry)
            self._size += len(line)
        os.ftruncate(self._file, self._size)
        if not self._entries:
            self._write({"format": _FORMAT, "began": self.began, "seed": self.seed})
            return
        head = self._entries.pop(0)
        if head.get("format") != _FORMAT:
            raise self._error(f"its format is {head.get('format')}, and not {_FORMAT}")
        self.began, self.seed = head["began"], head["seed"]

    def _write(self, entry: Record, private: Record | None = None) -> None:
        """``private`` is sealed: requests carry passwords, and chance decides what others become."""
        if self._file is None or self._vault is None:
            return
        if private is not None:
            entry = {**entry, _SEALED: self._vault.encrypt(base64.b64encode(json.dumps(private).encode()).decode())}
        text = json.dumps(entry, separators=(",", ":")).encode()
        line = b"%08x %s\n" % (zlib.crc32(text), text)
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as error:
            # What is in memory and not on disk must not be answered: the process ends, and the file has the truth.
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            self._broken(f"the cloud ends, as it cannot keep what it is told: {self._path}: {error.strerror}")
            raise JournalError(f"{self._path} cannot be written: {error.strerror}") from error
        self._size += len(line)

    def _unsealed(self, number: int, sealed: str) -> Record:
        assert self._vault is not None
        try:
            return json.loads(base64.b64decode(self._vault.decrypt(sealed)))
        except ValueError:
            raise self._error(f"line {number} was sealed with another key than secrets.key") from None

    def _error(self, problem: str) -> JournalError:
        return JournalError(
            f"the cloud's journal {self._path} cannot be used: {problem}. "
            f"{self._reset} throws this sandbox away, for a new one to begin with nothing"
        )


def _no_outcome(_: Any) -> Record:
    return {}


def _decoded(line: bytes) -> Record | None:
    """None for a line that is not as it was written."""
    checksum, _, text = line.rstrip(b"\n").partition(b" ")
    return cast("Record", json.loads(text)) if checksum == b"%08x" % zlib.crc32(text) else None


def _end_process(reason: str) -> NoReturn:
    print(f"error: {reason}", file=sys.stderr, flush=True)
    os._exit(1)
