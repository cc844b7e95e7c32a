"""Shows on stderr what is being done and how far it is: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TextIO

from sandbox.durations import Durations, estimate

HEARTBEAT = 30.0
"""Seconds between two signs of life where there is no terminal."""

_REFRESH = 0.25
_CLEAR = "\r\x1b[K"


class Step:
    """One step while it is done. ``detail`` may be set from any thread."""

    def __init__(self, label: str, last: float | None = None) -> None:
        self.label = label
        self.detail = ""
        self.counts = True
        """Whether its duration says anything about the next time; not so when somebody else did the work."""
        self.started = time.monotonic()
        self._last = last

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def first_line(self) -> str:
        return self._with(f"{self.label} ...", estimate(0, self._last))

    def line(self) -> str:
        return self._with(f"{self.label} ... {self.seconds:.0f} s", estimate(self.seconds, self._last), self.detail)

    @staticmethod
    def _with(text: str, *more: str) -> str:
        told = "; ".join(filter(None, more))
        return f"{text} ({told})" if told else text


class Progress:
    """Numbers ``total`` steps, and remembers in ``durations`` how long they took."""

    def __init__(
        self,
        total: int,
        stream: TextIO | None = None,
        heartbeat: float = HEARTBEAT,
        durations: Durations | None = None,
    ) -> None:
        self._total = total
        self._done = 0
        self._stream = stream or sys.stderr
        self._heartbeat = heartbeat
        self._durations = durations

    @contextmanager
    def step(self, text: str, name: str | None = None) -> Generator[Step]:
        """Show ``text`` and its seconds for as long as the block takes; ``name`` is what its duration is kept under."""
        self._done += 1
        last = self._durations.last(name) if self._durations and name else None
        step = Step(f"[{self._done}/{self._total}] {text}", last)
        ended = threading.Event()
        live = self._stream.isatty()
        show = self._live if live else self._plain
        if not live:
            self._write(f"{step.first_line()}\n")
        shower = threading.Thread(target=show, args=(step, ended), daemon=True)
        shower.start()
        outcome = "failed"
        try:
            yield step
            outcome = "done"
        except KeyboardInterrupt:
            outcome = "interrupted"
            raise
        finally:
            ended.set()
            shower.join()
            seconds = step.seconds
            when = "in" if outcome == "done" else "after"
            self._write(f"{_CLEAR if live else ''}{step.label}: {outcome} {when} {seconds:.1f} s\n")
            if outcome == "done" and step.counts and self._durations and name:
                self._durations.note(name, seconds)

    def _live(self, step: Step, ended: threading.Event) -> None:
        while not ended.wait(_REFRESH):
            width = shutil.get_terminal_size().columns - 1
            self._write(f"{_CLEAR}{step.line()[:width]}")

    def _plain(self, step: Step, ended: threading.Event) -> None:
        while not ended.wait(self._heartbeat):
            self._write(f"{step.line()}\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
