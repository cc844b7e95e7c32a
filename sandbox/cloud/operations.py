"""How the sandbox answers AWS operations itself: parsed, checked and serialised by botocore's service model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import parse_qs, unquote

import botocore
from botocore.validate import ParamValidator
from moto.core.exceptions import ServiceException
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.moto_api._internal import mock_random
from moto.moto_server.werkzeug_app import BackendRequest
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

Record = dict[str, Any]


class AwsError(ServiceException):
    """An error that the caller of an AWS operation gets: its code is one of the service's."""

    def __init__(self, code: str, message: str, **members: str) -> None:
        super().__init__(code, message)
        for name, value in members.items():
            setattr(self, name, value)


class NotOurs(Exception):
    """Raised by an operation that leaves this request to moto."""


@dataclass(frozen=True)
class Signature:
    """What the signature of a request says about where it goes and who sends it."""

    access_key: str
    region: str
    service: str

    @classmethod
    def of(cls, environ: Mapping[str, Any]) -> Signature | None:
        """The signature in the header or, for presigned URLs, in the query; None when there is none."""
        header = str(environ.get("HTTP_AUTHORIZATION", ""))
        found = re.search(r"Credential=([^,\s]+)", header)
        scope = found.group(1) if found else _query(environ).get("X-Amz-Credential", "")
        parts = unquote(scope).split("/")
        return cls(parts[0], parts[2], parts[3]) if len(parts) == 5 else None


@dataclass(frozen=True)
class Call:
    """An AWS operation that somebody asks for; its parameters fit the service model."""

    operation: str
    region: str
    account: str
    access_key: str
    params: Record

    def __getitem__(self, name: str) -> Any:
        return self.params[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.params.get(name, default)


_snake_case: Callable[[str], str] = cast("Any", botocore).xform_name
Handler = Callable[[Call], Mapping[str, Any] | None]


class Operations:
    """Operations of one AWS service: each public method named as an operation in snake case answers it.

    A method with ``after_`` before that name is called once moto has done the operation, to add to its state; one with
    ``before_`` before anybody does it, to refuse it.
    """

    service: str
    """Its name in botocore."""

    def handler(self, operation: str, *, prefix: str = "") -> Handler | None:
        return getattr(self, prefix + _snake_case(operation), None)


class OwnServices:
    """Answers the operations that the sandbox has itself."""

    def __init__(self, parts: Sequence[Operations], account: str, *, complete: frozenset[str]) -> None:
        """``complete`` names the services of which nothing may go to moto."""
        self._account = account
        self._complete = complete
        self._parts: dict[str, list[Operations]] = {}
        for part in parts:
            self._parts.setdefault(part.service, []).append(part)

    def answer(self, environ: dict[str, Any], signature: Signature) -> Response | None:
        """The answer, or None when the operation is not the sandbox's."""
        asked = self._asked(environ, signature)
        if asked is None:
            return None
        handler, guards = self._handler(asked), self._guards(asked)
        if handler is None and not guards and signature.service not in self._complete:
            return None
        try:
            params = asked.params()
            call = self._call(asked, signature, params)
            if handler is not None:
                check(params, asked.operation.input_shape, asked.operation.service_model)
            for guard in guards:
                guard(call)
            if handler is None and signature.service in self._complete:
                raise not_supported(signature.service, asked.name)
            if handler is None:
                return None
            result: Any = handler(call)
        except NotOurs:
            return None
        except ServiceException as error:
            result = error
        return asked.serialized(result)

    def afterwards(self, environ: dict[str, Any], signature: Signature) -> Callable[[], None]:
        """What is to be done once moto has done the operation."""
        asked = self._asked(environ, signature)
        handler = self._handler(asked, prefix="after_") if asked is not None else None
        if asked is None or handler is None:
            return lambda: None
        call = self._call(asked, signature, asked.params())
        return lambda: cast("None", handler(call))

    def _asked(self, environ: dict[str, Any], signature: Signature) -> Asked | None:
        return Asked.of(environ, signature.service) if signature.service in self._parts else None

    def _handler(self, asked: Asked, *, prefix: str = "") -> Handler | None:
        parts = self._parts[asked.service]
        return next((found for part in parts if (found := part.handler(asked.name, prefix=prefix))), None)

    def _guards(self, asked: Asked) -> list[Handler]:
        found = (part.handler(asked.name, prefix="before_") for part in self._parts[asked.service])
        return [guard for guard in found if guard is not None]

    def _call(self, asked: Asked, signature: Signature, params: Record) -> Call:
        return Call(asked.name, signature.region, self._account, signature.access_key, params)


@dataclass(frozen=True)
class Asked:
    """A request that was understood: which operation it is for, and in which protocol."""

    service: str
    request: BackendRequest
    operation: Any
    labels: dict[str, str]
    protocol: str

    @classmethod
    def of(cls, environ: dict[str, Any], service: str) -> Asked | None:
        request = BackendRequest(environ)
        try:
            operation, labels = cast("tuple[Any, dict[str, str]]", get_service_router(service).match(request))
        except NotFound:
            return None
        protocol = determine_request_protocol(operation.service_model, request.content_type)
        return cls(service, request, operation, labels, protocol)

    @property
    def name(self) -> str:
        return str(self.operation.name)

    def params(self) -> Record:
        parser: Any = PROTOCOL_PARSERS[self.protocol](self.operation)
        return parser.parse(
            {
                "method": self.request.method,
                "values": self.request.values,
                "headers": self.request.headers,
                "body": self.request.data,
                "url_path": self.request.path,
                "url_params": self.labels,
            }
        )

    def serialized(self, result: Any) -> Response:
        serializer: Any = get_serializer_class(self.service, self.protocol)(operation_model=self.operation)
        answer = serializer.serialize(result)
        return Response(answer["body"], answer["status_code"], answer["headers"])


def error_response(environ: dict[str, Any], signature: Signature, error: AwsError) -> Response:
    """``error`` in the form of the service that was asked."""
    asked = Asked.of(environ, signature.service)
    return asked.serialized(error) if asked is not None else Response(error.message, 500)


def not_supported(service: str, operation: str) -> AwsError:
    return AwsError("UnsupportedOperation", f"the sandbox does not have {service} {operation} yet")


def check(params: Record, shape: Any, service: Any) -> None:
    """Check parameters as AWS does. Raises AwsError with everything that is wrong."""
    if shape is None:
        return
    validator: Any = ParamValidator()
    report = validator.validate(params, shape)
    problems = [str(report.generate_report())] if report.has_errors() else list(_violations(params, shape, ""))
    if problems:
        known = {str(error.name) for error in service.error_shapes}
        codes = ("InvalidParameterException", "InvalidParameterValueException", "ValidationException")
        code = next((code for code in codes if code in known), "ValidationError")
        raise AwsError(code, "; ".join(problems))


def page(items: Sequence[Any], call: Call, key: str) -> dict[str, Any]:
    """The page of ``items`` that the caller asks for with maxResults and nextToken."""
    begin, size = int(call.get("nextToken") or 0), int(call.get("maxResults") or 100)
    answer: dict[str, Any] = {key: list(items[begin : begin + size])}
    if begin + size < len(items):
        answer["nextToken"] = str(begin + size)
    return answer


def hex_digits(count: int) -> str:
    """Random ones, for ids: the same ones when a mutation is done again."""
    return mock_random.get_random_hex(count)


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def _violations(value: Any, shape: Any, place: str) -> Iterator[str]:
    """What botocore leaves to the server: enumerations and patterns."""
    if shape.type_name == "structure":
        for name, member in cast("Record", value).items():
            if name in shape.members:
                yield from _violations(member, shape.members[name], f"{place}.{name}" if place else name)
    elif shape.type_name == "list":
        for index, member in enumerate(cast("list[Any]", value)):
            yield from _violations(member, shape.member, f"{place}[{index}]")
    elif shape.type_name == "string" and isinstance(value, str):
        allowed = cast("list[str]", shape.metadata.get("enum") or [])
        pattern = cast("str", shape.metadata.get("pattern") or "")
        if allowed and value not in allowed:
            yield f"{place}: {value!r} is not one of {', '.join(allowed)}"
        if pattern and not re.search(pattern, value):
            yield f"{place}: {value!r} does not match {pattern}"


def _query(environ: Mapping[str, Any]) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(str(environ.get("QUERY_STRING", ""))).items()}
