"""Shows on stderr what is being done and how far it is: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TextIO

HEARTBEAT = 30.0
"""Seconds between two signs of life where there is no terminal."""

_REFRESH = 0.25
_CLEAR = "\r\x1b[K"


class Step:
    """One step while it is done. ``detail`` may be set from any thread."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.detail = ""
        self.started = time.monotonic()

    def line(self) -> str:
        seconds = time.monotonic() - self.started
        return f"{self.label} ... {seconds:.0f} s" + (f" ({self.detail})" if self.detail else "")


class Progress:
    """Numbers ``total`` steps."""

    def __init__(self, total: int, stream: TextIO | None = None, heartbeat: float = HEARTBEAT) -> None:
        self._total = total
        self._done = 0
        self._stream = stream or sys.stderr
        self._heartbeat = heartbeat

    @contextmanager
    def step(self, text: str) -> Generator[Step]:
        """Show ``text`` and its seconds for as long as the block takes."""
        self._done += 1
        step = Step(f"[{self._done}/{self._total}] {text}")
        ended = threading.Event()
        live = self._stream.isatty()
        show = self._live if live else self._plain
        if not live:
            self._write(f"{step.label} ...\n")
        shower = threading.Thread(target=show, args=(step, ended), daemon=True)
        shower.start()
        outcome = "failed"
        try:
            yield step
            outcome = "done"
        finally:
            ended.set()
            shower.join()
            seconds = time.monotonic() - step.started
            self._write(f"{_CLEAR if live else ''}{step.label}: {outcome} in {seconds:.1f} s\n")

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
