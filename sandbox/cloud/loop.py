"""The sandbox's controllers: loops that look at the API server, do what is missing, and sleep until it changes."""

from __future__ import annotations

import json
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import requests

from sandbox.control_plane import ControlPlane
from sandbox.kube import ApiError, KubeClient

_BUSY_PAUSE = 0.1
_IDLE_PAUSE = 2.0
_ERROR_PAUSE = 0.5

Step = Callable[[KubeClient], bool]
"""Does one step; returns whether there is more to do soon."""


class Loop:
    """Repeats a step: at once when woken, soon while there is more to do, now and then otherwise."""

    def __init__(self, name: str, step: Step, kube: Callable[[], KubeClient | None]) -> None:
        """``kube`` gives the client once the control plane is ready; before that nothing is done."""
        self._name = name
        self._step = step
        self._kube = kube
        self._changed = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._work, name=self._name, daemon=True).start()

    def wake(self) -> None:
        self._changed.set()

    def _work(self) -> None:
        pause = _IDLE_PAUSE
        while True:
            self._changed.wait(pause)
            self._changed.clear()
            pause = _IDLE_PAUSE
            kube = self._kube()
            if kube is None:
                continue
            try:
                pause = _BUSY_PAUSE if self._step(kube) else _IDLE_PAUSE
            except ApiError:
                # The plane is starting or stopping, or somebody else was faster: look again.
                pause = _ERROR_PAUSE
            except Exception:
                traceback.print_exc()
                pause = _IDLE_PAUSE


class Watch:
    """Tells ``changed`` about each event on some kinds of objects, for as long as the process lives."""

    def __init__(self, plane: ControlPlane, paths: Sequence[str], changed: Callable[[], None]) -> None:
        """``paths`` are the list URLs of the kinds, such as ``/api/v1/services``."""
        self._plane = plane
        self._paths = paths
        self._changed = changed

    def start(self) -> None:
        for path in self._paths:
            threading.Thread(target=self._work, args=(path,), name=f"watch {path}", daemon=True).start()

    def _work(self, path: str) -> None:
        session = requests.Session()
        session.trust_env = False
        session.verify, session.cert = self._plane.client_files
        while True:
            try:
                self._follow(session, path)
            except (requests.RequestException, ValueError):
                time.sleep(_ERROR_PAUSE)  # no plane, or not yet

    def _follow(self, session: requests.Session, path: str) -> None:
        query = {"watch": "true", "timeoutSeconds": "600"}
        url = f"{self._plane.endpoint}{path}"
        with session.get(url, params=query, stream=True, timeout=(2, 620)) as answer:
            answer.raise_for_status()
            for line in answer.iter_lines(chunk_size=1):
                event: dict[str, Any] = json.loads(line)
                if event.get("type") == "ERROR":
                    return
                self._changed()
