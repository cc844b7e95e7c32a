"""The sandbox's ``aws`` provider as the engine sees it."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import jmespath

from sandbox.home import Home
from sandbox.plugins.aws import configuration, invokes
from sandbox.plugins.aws.compare import Comparison
from sandbox.plugins.aws.context import Context, Place, id_parts
from sandbox.plugins.aws.inputs import check_inputs, is_auto_named, unchangeable, with_defaults
from sandbox.plugins.aws.lifecycle import Lifecycle, NotReady
from sandbox.plugins.aws.outputs import Outputs
from sandbox.plugins.aws.schema import schema_of
from sandbox.plugins.aws.table import Resource
from sandbox.plugins.aws.tables import RESOURCES
from sandbox.plugins.protocol import Call, Diff, Failure, InitFailed, Properties, Provider, ProviderError
from sandbox.plugins.values import Unknown, contains_unknown

_UNFINISHED = "__unfinished"
"""The output of a resource that exists, but whose creation did not get to its end: the next update does the rest."""


class AwsProvider(Provider):
    """Maps aws:* types onto botocore calls against the sandbox's cloud, by the tables."""

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self._cancelled = threading.Event()
        self._place: Place | None = None
        self._default_tags: dict[str, Any] = {}

    def check_config(self, olds: Properties, news: Properties) -> tuple[Properties, list[Failure]]:
        del olds
        return news, configuration.check(news)

    def configure(self, arguments: Properties) -> None:
        cloud = configuration.cloud(self.home, arguments)
        region = configuration.region(arguments)
        account, partition = configuration.identity(cloud, region)
        configuration.check_account(arguments, account)
        self._default_tags = configuration.default_tags(arguments)
        self._place = Place(cloud, region, account, partition, self._cancelled)

    def check(self, call: Call, olds: Properties, news: Properties) -> tuple[Properties, list[Failure]]:
        row = self._row(call.type)
        inputs = with_defaults(row, call.name, olds, news)
        return inputs, check_inputs(row, schema_of(row.token), call, self._at(inputs), inputs)

    def diff(
        self,
        call: Call,
        id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        ignore_changes: Sequence[str],
    ) -> Diff:
        del id
        row = self._row(call.type)
        comparison = Comparison(row, schema_of(row.token))
        old_tags: Properties = old_outputs.get("tagsAll") or old_inputs.get("tags") or {}
        new_tags = self._tags_all(news) if row.tags else {}
        if row.regional:
            # The program's silence means the provider's region, which may be another one now.
            old_inputs = {**old_inputs, "region": old_outputs.get("region")}
            news = {**news, "region": self._at(news).region}
        named = row.autoname is not None and is_auto_named(row.autoname, call.name, news)
        return comparison.diff(
            arrived(row, old_inputs, old_outputs),
            news,
            old_tags if row.tags else {},
            new_tags,
            state=old_outputs,
            ignored=ignore_changes,
            fresh_name=named,
        )

    def create(self, call: Call, inputs: Properties) -> tuple[str, Properties]:
        row, place, tags = self._row(call.type), self._at(inputs), self._tags_all(inputs)
        outputs = Outputs(row, schema_of(row.token))
        if call.preview:
            return "", outputs.preview(inputs, place.region, tags)
        context = Context(row, place, call, dict(inputs))
        lifecycle = Lifecycle(context, schema_of(row.token))
        try:
            lifecycle.create(inputs, tags)
        except NotReady as error:
            made = {**outputs.of(context, inputs, tags), _UNFINISHED: True}
            raise InitFailed(context.id, made, inputs, [str(error)]) from error
        return context.id, outputs.of(context, inputs, lifecycle.tags() or tags)

    def read(
        self, call: Call, id: str, inputs: Properties | None, outputs: Properties
    ) -> tuple[str, Properties, Properties] | None:
        row = self._row(call.type)
        schema = schema_of(row.token)
        known: Properties = {**outputs, **(inputs or {})}
        importing = inputs is None  # those of Eip() are empty
        if importing:
            known |= _parse_id(row, id)
            id = str(known.pop("id", id))
        context = Context(row, self._at(known), call, known, id)
        if context.read() is None:
            return None
        made, lifecycle = Outputs(row, schema), Lifecycle(context, schema)
        decoded = made.decode(context)
        tags = lifecycle.tags()
        if importing:
            context.props = known = {**known, **decoded}
            found = made.imported(known)
            if row.live_id:
                id = str(jmespath.search(row.live_id, context.live))
            elif callable(row.id):
                id = row.id(known)
        else:
            found = made.refreshed(inputs or {}, decoded)
        if row.tags:
            found = self._with_tags(found, inputs or {}, tags)
        unfinished = bool(outputs.get(_UNFINISHED))
        outputs = made.of(context, {**_local(row, known), **found}, tags)
        if unfinished:
            reason = f"{call.name} ({row.token}): its creation was cut off; it is {lifecycle.state()}"
            raise InitFailed(id, {**outputs, _UNFINISHED: True}, found, [f"{reason}. The next up does the rest"])
        # Of an import nobody else can tell which inputs are secret: no program has marked them yet.
        return id, made.marked(found) if importing else found, outputs

    def update(
        self, call: Call, id: str, old_inputs: Properties, old_outputs: Properties, news: Properties
    ) -> Properties:
        row = self._row(call.type)
        schema = schema_of(row.token)
        outputs, tags = Outputs(row, schema), self._tags_all(news)
        old_inputs = arrived(row, old_inputs, old_outputs)
        changes = Comparison(row, schema).changes(old_inputs, news)
        changed = {re.split(r"[.\[]", path)[0] for path in changes}
        # Told before anything is changed. What a preview does not know yet may turn out to be as it was.
        stuck = [name for name in changed & unchangeable(row, schema) if not contains_unknown(news.get(name))]
        if stuck:
            names = ", ".join(sorted(stuck))
            fix = f"leave it as it is here, or replace the resource by --replace '{call.urn}'"
            raise ProviderError(f"{call.name} ({row.token}): the sandbox can't change {names} in place; fix: {fix}")
        unfinished = bool(old_outputs.pop(_UNFINISHED, False))
        if call.preview:
            return outputs.preview_update(old_outputs, news, bool(changed - set(row.local)), tags)
        context = Context(row, self._at(news), call, {**old_outputs, **news}, id)
        if context.read() is None:
            raise ProviderError(f"{call.name} ({row.token}): {id} is gone from the cloud; run pulumi refresh")
        lifecycle = Lifecycle(context, schema)
        if unfinished:
            changed -= lifecycle.finish(news, tags)
        lifecycle.update(old_inputs, news, changed)
        if row.tags and lifecycle.tags() != tags:
            lifecycle.tag(lifecycle.tags(), tags)
        context.read()
        return outputs.of(context, news, lifecycle.tags() or tags)

    def delete(self, call: Call, id: str, old_inputs: Properties, outputs: Properties) -> None:
        row = self._row(call.type)
        known: Properties = {**outputs, **old_inputs}
        lifecycle = Lifecycle(Context(row, self._at(known), call, known, id), schema_of(row.token))
        if known.pop(_UNFINISHED, False):
            lifecycle.wait_created()
        lifecycle.delete(known)

    def invoke(self, token: str, arguments: Properties, preview: bool) -> Properties:
        del preview
        function = invokes.FUNCTIONS.get(token)
        if function is None:
            self._unsupported(token)
        return function(self._at(arguments), arguments)

    def cancel(self) -> None:
        self._cancelled.set()

    def _row(self, token: str) -> Resource:
        return RESOURCES[token] if token in RESOURCES else self._unsupported(token)

    def _at(self, inputs: Mapping[str, Any]) -> Place:
        """Where the calls of a resource with ``inputs`` go: pulumi-aws 7 has a region for each resource."""
        if self._place is None:
            raise ProviderError("the aws provider is used before it was configured")
        region = inputs.get("region")
        return replace(self._place, region=region) if isinstance(region, str) and region else self._place

    def _tags_all(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        tags: Any = inputs.get("tags") or {}
        return {**self._default_tags, **({} if isinstance(tags, Unknown) else cast("dict[str, Any]", tags))}

    def _with_tags(self, found: Properties, inputs: Mapping[str, Any], tags: Mapping[str, Any]) -> Properties:
        """``found`` with the live tags less those that the provider itself adds."""
        mine: Properties = inputs.get("tags") or {}
        own = {key: value for key, value in tags.items() if key in mine or self._default_tags.get(key) != value}
        rest = {key: value for key, value in found.items() if key != "tags"}
        return {**rest, "tags": own} if own or "tags" in inputs else rest


def arrived(row: Resource, inputs: Properties, outputs: Properties) -> Properties:
    """The inputs less what still waits for a maintenance window: of that, what the cloud has until then."""
    waiting = {name: outputs[name] for name in row.late if name in inputs and outputs.get(name) is not None}
    return {**inputs, **waiting}


def _local(row: Resource, known: Mapping[str, Any]) -> Properties:
    return {name: known[name] for name in row.local if name in known}


def _parse_id(row: Resource, id: str) -> Properties:
    """The properties that an import id tells."""
    parts = id_parts(row, id)
    if parts is None:
        raise ProviderError(f"{row.token}: the id {id!r} is not of the form {row.importing or row.id}")
    return dict(parts)
