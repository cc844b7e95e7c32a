"""The cloud's one address: own AWS operations first, then moto; the sandbox's own pages under /_sandbox/."""

from __future__ import annotations

import io
import json
import traceback
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Response

from sandbox.cloud.answers import HEADER, Answers
from sandbox.cloud.journal import Journal, JournalError, Record
from sandbox.cloud.kept_requests import changes, kept, restored
from sandbox.cloud.operations import AwsError, OwnServices, Signature, error_response

Page = Callable[[Any], Any]
"""Answers a page of the sandbox's own: the decoded body in, what is to be encoded out."""


class Application:
    """The WSGI application."""

    def __init__(self, own: OwnServices, pages: Mapping[str, Page], journal: Journal) -> None:
        """``journal`` keeps the requests that change something."""
        self._own = own
        self._pages = pages
        self._journal = journal
        self._answers = Answers()
        self._moto: Any = DomainDispatcherApplication(create_backend_app)
        journal.register("request", self._change, _outcome)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        body = read_body(environ)
        if path.startswith("/_sandbox/"):
            answer = self._page(path.removeprefix("/_sandbox/"), body)
        elif changes(environ, body):
            try:
                answer = self._journal.perform("request", kept(environ, body))
            except JournalError as error:
                answer = Response(str(error), 503)
        else:
            answer = self._answer(environ, body)
        return answer(environ, start_response)

    def has_answered(self, environ: Mapping[str, Any]) -> bool:
        """Whether this is a creation that is asked for once more: it gets the answer that it was given."""
        return self._answers.knows(environ.get(HEADER))

    def _change(self, request: Record) -> Response:
        """Do what a request asks for: what came just now goes the same way as what a journal kept."""
        answer = self._answer(*restored(request))
        answer.make_sequence()  # parts of it may only be worked out when they are asked for
        return answer

    def _answer(self, environ: dict[str, Any], body: bytes) -> Response:
        signature = Signature.of(environ)
        if signature is None:
            return Response.from_app(self._moto, environ)
        try:
            return self._answers.once(environ.get(HEADER), lambda: self._ask(environ, signature, body))
        except Exception as error:
            # moto's debug pages are HTML, which SDKs cannot read, and so they ask again and again.
            environ["wsgi.input"] = io.BytesIO(body)
            if isinstance(error, NotImplementedError):
                problem = AwsError(
                    "NotImplemented", f"moto does not have this operation of {signature.service}: {error}"
                )
            else:
                traceback.print_exc()
                problem = AwsError("InternalFailure", f"the sandbox's {signature.service} failed: {error!r}")
            return error_response(environ, signature, problem)

    def _ask(self, environ: dict[str, Any], signature: Signature, body: bytes) -> Response:
        answer = self._own.answer(environ, signature)
        return self._ask_moto(environ, signature, body) if answer is None else answer

    def _ask_moto(self, environ: dict[str, Any], signature: Signature, body: bytes) -> Response:
        environ["wsgi.input"] = io.BytesIO(body)
        afterwards = self._own.afterwards(environ, signature)
        environ["wsgi.input"] = io.BytesIO(body)
        answer = Response.from_app(self._moto, environ)
        if answer.status_code < 300:
            afterwards()
        environ["wsgi.input"] = io.BytesIO(body)
        return answer

    def _page(self, name: str, body: bytes) -> Response:
        page = self._pages.get(name)
        if page is None:
            return Response(json.dumps({"message": f"no page {name}"}), 404, mimetype="application/json")
        try:
            answer = page(json.loads(body) if body else None)
        except Exception as error:
            traceback.print_exc()
            return Response(json.dumps({"message": repr(error)}), 500, mimetype="application/json")
        return Response(json.dumps(answer), mimetype="application/json")


def _outcome(answer: Response) -> Record:
    return {"status": answer.status_code, "answer": f"{zlib.crc32(answer.get_data()):08x}"}


def read_body(environ: dict[str, Any]) -> bytes:
    """The whole body; it can be read again afterwards, as several readers may look at it."""
    if environ.get("wsgi.input_terminated"):
        body = environ["wsgi.input"].read()
    else:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body
