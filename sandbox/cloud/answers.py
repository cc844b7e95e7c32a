"""Creations that are asked for twice are made once: the second time the first answer is given again.

The plugins send a token with each creation. When they are killed before the answer reaches them, they ask again with
the same token.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from werkzeug.wrappers import Response

HEADER = "HTTP_X_SANDBOX_CREATION"
"""The token's header, as WSGI names it."""

_KEPT = 4096
"""Answers. A creation is asked for again, if at all, by the next command."""


@dataclass
class _Answer:
    lock: threading.Lock = field(default_factory=threading.Lock)
    given: tuple[bytes, int, list[tuple[str, str]]] | None = None


class Answers:
    """The answers to the latest creations, by their tokens."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[str, _Answer] = OrderedDict()

    def knows(self, token: str | None) -> bool:
        """Whether ``token`` was answered before."""
        with self._lock:
            answer = self._answers.get(token) if token else None
        return answer is not None and answer.given is not None

    def once(self, token: str | None, ask: Callable[[], Response]) -> Response:
        """The answer of ``ask``, or the one that ``token`` was given before. A refusal is not kept: it made nothing."""
        if token is None:
            return ask()
        with self._lock:
            answer = self._answers.setdefault(token, _Answer())
            while len(self._answers) > _KEPT:
                self._answers.popitem(last=False)
        # The first request may still be worked on.
        with answer.lock:
            if answer.given is None:
                response = ask()
                if response.status_code >= 300:
                    return response
                answer.given = response.get_data(), response.status_code, list(response.headers)
            body, status, headers = answer.given
            return Response(body, status, headers)
