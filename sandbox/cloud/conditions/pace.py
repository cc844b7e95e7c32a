"""The pace of AWS: what was asked for is shown as creating, modifying or deleting for as long as AWS would take.

moto and the sandbox do everything at once. This stands between them and the caller: it notes when something began, and
until the time is over it answers as AWS would meanwhile. A state follows from the clock alone: nothing waits, no timer
runs, and nothing has to be kept: after a restart of the cloud, what was under way has arrived.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import botocore.parsers
from werkzeug.wrappers import Response

from sandbox.cloud.conditions.kinds import KINDS, Doing, Kind
from sandbox.cloud.operations import Asked, AwsError, Record
from sandbox.conditions import Conditions

_create_parser: Callable[[str], Any] = cast("Any", botocore.parsers).create_parser

Key = tuple[str, str, tuple[str, ...]]
"""Type, region, name."""


@dataclass(frozen=True)
class _Passage:
    """Something that takes its time."""

    doing: Doing
    began: float
    seconds: float
    """As long as AWS takes."""
    last: Record | None = None
    """The description of one that goes."""


class Pace:
    """Shows what takes its time. Does nothing at all while the conditions have no time scale."""

    def __init__(self, conditions: Callable[[], Conditions], clock: Callable[[], float]) -> None:
        self._conditions = conditions
        self._clock = clock
        self._lock = threading.Lock()
        self._passages: dict[Key, _Passage] = {}
        self._kinds = {
            (kind.service, operation): kind
            for kind in KINDS
            for operation in (*kind.create, *kind.change, kind.delete, kind.describe)
        }

    def kind_of(self, asked: Asked) -> Kind | None:
        """The kind that a request is about, where that matters now."""
        return self._kinds.get((asked.service, asked.name)) if self._conditions().time_scale else None

    def refusal(self, asked: Asked, region: str) -> AwsError | None:
        """Why AWS would not do this now: something is not there yet, or busy, or not yet gone."""
        kind = self.kind_of(asked)
        if kind is None or asked.name == kind.describe:
            return None
        params = asked.params()
        creating = asked.name in kind.create
        cluster = KINDS[0]
        if creating and "clusterName" in params and self._doing(cluster, region, (params["clusterName"],)) == "create":
            return AwsError("InvalidRequestException", f"Cluster '{params['clusterName']}' is not in ACTIVE status")
        name = kind.named_in_params(params)
        doing = self._doing(kind, region, name) if name else None
        if name is None or doing is None:
            return None
        code, message = (kind.exists or kind.busy) if creating else kind.busy
        if asked.name == kind.delete and doing == "delete":
            code, message = kind.not_found, "{name} is on its way out already"
        return AwsError(code, message.format(name=name[-1], status=kind.word(doing)))

    def shown(self, asked: Asked, region: str, answer: Response) -> Response:
        """``answer`` as AWS would give it now."""
        kind = self.kind_of(asked)
        if kind is None:
            return answer
        if asked.name == kind.describe:
            return self._described(kind, asked, region, answer)
        if answer.status_code >= 300:
            return answer
        parsed, params = _parsed(asked, answer), asked.params()
        found: Record = parsed.get(kind.one) or {}
        name = kind.named_in(found) or kind.named_in_params(params)
        if name is None:
            return answer
        doing: Doing = "delete" if asked.name == kind.delete else "create" if asked.name in kind.create else "change"
        passage = _Passage(doing, self._clock(), kind.seconds(doing, params), found if doing == "delete" else None)
        with self._lock:
            self._passages[kind.token, region, name] = passage
        if kind.one not in parsed or not passage.seconds:
            return answer
        return asked.serialized({**parsed, kind.one: self._seen(kind, region, found)})

    def _described(self, kind: Kind, asked: Asked, region: str, answer: Response) -> Response:
        going = self._going(kind, asked, region)
        if answer.status_code >= 300:
            if not going:
                return answer
            return asked.serialized({kind.many: going} if kind.many else {kind.one: going[0]})
        parsed = _parsed(asked, answer)
        if kind.many is None:
            return asked.serialized({**parsed, kind.one: self._seen(kind, region, parsed[kind.one])})
        there: list[Record] = parsed.get(kind.many) or []
        names = {kind.named_in(each) for each in there}
        shown = [self._seen(kind, region, each) for each in there]
        shown += [each for each in going if kind.named_in(each) not in names]
        return asked.serialized({**parsed, kind.many: shown})

    def _going(self, kind: Kind, asked: Asked, region: str) -> list[Record]:
        """The descriptions of what was deleted, and on AWS would not be gone yet."""
        wanted = kind.named_in_params(asked.params())
        with self._lock:
            passages = list(self._passages.items())
        return [
            {**passage.last, kind.status: kind.word("delete")}
            for (token, where, name), passage in passages
            if (token, where) == (kind.token, region) and passage.last and wanted in (None, name)
            if self._doing(kind, region, name) == "delete"
        ]

    def _seen(self, kind: Kind, region: str, description: Record) -> Record:
        """A description with the state that AWS would be in."""
        name = kind.named_in(description)
        doing = self._doing(kind, region, name) if name else None
        arrived = description.get(kind.status) in (kind.settled, *kind.gone)
        if doing is None or not (arrived or doing == "create"):
            return description
        seen = {**description, kind.status: kind.word(doing)}
        if doing == "create":
            seen |= {member: {} if kind.many is None else None for member in kind.hidden if member in seen}
        return {member: value for member, value in seen.items() if value is not None}

    def _doing(self, kind: Kind, region: str, name: tuple[str, ...]) -> Doing | None:
        """What a resource is at, by the clock."""
        scale = self._conditions().time_scale
        with self._lock:
            passage = self._passages.get((kind.token, region, tuple(part.lower() for part in name)))
            if passage is None or scale is None or self._clock() - passage.began >= passage.seconds / scale:
                return None
            return passage.doing


def _parsed(asked: Asked, answer: Response) -> Record:
    """An answer as SDKs read it."""
    parser = _create_parser(asked.operation.service_model.protocol)
    response = {"status_code": answer.status_code, "headers": dict(answer.headers), "body": answer.get_data()}
    parsed: Record = parser.parse(response, asked.operation.output_shape)
    parsed.pop("ResponseMetadata", None)
    return parsed
