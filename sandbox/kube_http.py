"""Requests to a Kubernetes API server: pooled connections, credentials, busy servers, readable errors."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from sandbox.kubeconfig import Access

_POOL = 64
"""Connections kept per client: pulumi works on many resources at once."""
_TIMEOUT = (5.0, 60.0)
_BUSY_TRIES = 5


class ApiError(Exception):
    """What the API server answered instead of the object."""

    def __init__(self, status: int, reason: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.details: dict[str, Any] = dict(details or {})

    @property
    def causes(self) -> list[tuple[str, str]]:
        """(field, message) of each cause that the server named."""
        entries = cast("list[dict[str, str]]", self.details.get("causes") or [])
        return [(entry.get("field", ""), entry.get("message", "")) for entry in entries]

    def __str__(self) -> str:
        parts = [self.message]
        for place, text in self.causes:
            if text not in self.message:
                parts.append(f"{place}: {text}" if place else text)
        return "; ".join(parts)


class Transport:
    """Sends requests to the API server that ``access`` leads to. Safe to share between threads."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._session = requests.Session()
        self._session.trust_env = False  # no proxies and no .netrc on the way to 127.0.0.1
        retry = Retry(
            total=3, connect=3, read=False, status=0, other=0, backoff_factor=0.2, respect_retry_after_header=False
        )
        self._session.mount("https://", _TlsAdapter(access.tls, retry))
        self._session.mount("http://", HTTPAdapter(_POOL, _POOL, retry, pool_block=False))

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        warn: Callable[[str], None] | None = None,
        tries: int = _BUSY_TRIES,
    ) -> Any:
        """The decoded answer, or its text when it is not JSON. Raises ApiError for an error, or for no answer."""
        headers = {"Accept": accept}
        data = None
        if body is not None:
            headers["Content-Type"] = content_type
            data = json.dumps(body)
        rejected: str | None = None
        for attempt in range(1, tries + 1):
            token = self.access.token(rejected)
            if token:
                headers["Authorization"] = f"Bearer {token}"
            try:
                answer = self._session.request(
                    method, f"{self.access.server}{path}", params=query, data=data, headers=headers, timeout=_TIMEOUT
                )
            except requests.RequestException as error:
                raise ApiError(
                    0, "Unreachable", f"the API server at {self.access.server} does not answer: {error}"
                ) from None
            if answer.status_code == 401 and self.access.renewable and rejected is None and attempt < tries:
                rejected = token
                continue
            busy = answer.status_code in (429, 503) and "Retry-After" in answer.headers
            if busy and attempt < tries:
                time.sleep(min(float(answer.headers["Retry-After"]), 2.0))
                continue
            for text in _warnings(answer.headers.get("Warning", "")) if warn else ():
                cast("Callable[[str], None]", warn)(text)
            return _decoded(answer)
        raise AssertionError("unreachable")


class _TlsAdapter(HTTPAdapter):
    """Connections under a TLS context that says all about whom to trust."""

    def __init__(self, context: ssl.SSLContext, retry: Retry) -> None:
        self._context = context
        super().__init__(_POOL, _POOL, retry, pool_block=False)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing: requests would add the public authorities to the context's."""


def _decoded(answer: requests.Response) -> Any:
    is_json = "json" in answer.headers.get("Content-Type", "")
    content: Any = answer.json() if is_json and answer.content else answer.text
    if answer.status_code < 400:
        return content
    status = cast("dict[str, Any]", content) if isinstance(content, dict) else {}
    raise ApiError(
        answer.status_code,
        status.get("reason") or answer.reason,
        status.get("message") or answer.text.strip() or answer.reason,
        status.get("details"),
    )


def _warnings(header: str) -> Iterator[str]:
    """The texts of ``299 - "text", 299 - "text"``; quotes and backslashes inside are escaped."""
    decoder = json.JSONDecoder()
    position = header.find('"')
    while position >= 0:
        try:
            text, position = decoder.raw_decode(header, position)
        except ValueError:
            return
        yield str(text)
        position = header.find('"', position)
