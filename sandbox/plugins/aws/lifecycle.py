"""Create, read, update and delete: the row's operations in order, and the waiting for those that take time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

import jmespath

from sandbox.plugins.aws.cloud import MODELS, AwsError
from sandbox.plugins.aws.context import Context, carries, id_parts, is_empty, merge
from sandbox.plugins.aws.deltas import delta
from sandbox.plugins.aws.mapping import Decoder, find_member, tag_list
from sandbox.plugins.aws.outputs import Outputs
from sandbox.plugins.aws.schema import Schema, Type
from sandbox.plugins.aws.table import Op, Wait
from sandbox.plugins.protocol import ProviderError

_TAG_MAP = Type("map", item=Type("text"))


class NotReady(ProviderError):
    """The resource exists, but something after its creation failed."""


class Lifecycle:
    """The operations of one row on one resource."""

    def __init__(self, context: Context, schema: Schema) -> None:
        self._context, self._row, self._schema = context, context.row, schema

    def create(self, inputs: Mapping[str, Any], tags: Mapping[str, Any]) -> None:
        """Make the resource. Raises NotReady once it exists but is not as the inputs want it."""
        context, row = self._context, self._row
        creation = row.creation(inputs)
        carried = carries(row, creation, inputs)
        if row.adopt:
            answer = row.adopt(context)
        else:
            at_create = row.tags is not None and row.tags.at_create
            params = context.params_of(creation, {name: inputs[name] for name in carried}, tags if at_create else None)
            answer = context.aws(creation.name, params, token=context.call.token)
        context.id = str(self._id(answer))
        context.props = {**(id_parts(row, context.id) or {}), **context.props}
        try:
            self._after_create(inputs, carried, tags, again=context.call.again)
        except (AwsError, ProviderError) as error:
            raise NotReady(str(error)) from error

    def _id(self, answer: dict[str, Any]) -> Any:
        rule = self._row.id
        if callable(rule):
            return rule(self._context.props)
        if "{" in rule:
            self._context.live = answer
            return self._context.render(rule)
        return jmespath.search(rule, answer)

    def finish(self, inputs: Mapping[str, Any], tags: Mapping[str, Any]) -> set[str]:
        """Do what an interrupted creation left undone. Returns the properties that are as ``inputs`` have them now."""
        carried = set(carries(self._row, self._row.creation(inputs), inputs))
        self._context.read()
        self._after_create(inputs, carried, tags, again=True)
        return set(inputs) - carried

    def wait_created(self) -> None:
        """Wait until what is being created is there, or has failed: AWS deletes nothing before."""
        if self._context.read() is not None:
            with contextlib.suppress(ProviderError):
                self._wait("creating")

    def _after_create(
        self, inputs: Mapping[str, Any], carried: Iterable[str], tags: Mapping[str, Any], *, again: bool
    ) -> None:
        context, row = self._context, self._row
        self._wait("creating")
        if row.after_create:
            row.after_create(context)
        done = set(carried)
        if again and context.read() is not None:
            # Not every operation may be repeated.
            done |= Outputs(row, self._schema).there(context, inputs)
        for op in row.update:
            names = [name for name in carries(row, op, inputs) if name not in done and name not in row.create_by]
            done |= set(names)
            sent = {name: inputs[name] for name in names if not self._is_initial(name, inputs[name])}
            if sent:
                self._apply(op, sent, {}, "creating")
        if context.read() is None:
            raise self._error(f"the cloud has no {context.id} right after creation")
        if row.live_id:
            context.id = str(jmespath.search(row.live_id, context.live))
        if row.tags and (row.adopt or not row.tags.at_create):
            self.tag(self.tags(), tags)
            context.read()

    def _is_initial(self, name: str, value: Any) -> bool:
        if name in self._row.initial:
            return self._row.initial[name] == value
        return value in (None, "", [], {})

    def update(self, olds: Mapping[str, Any], news: Mapping[str, Any], changed: Iterable[str]) -> None:
        """Bring the ``changed`` properties from ``olds`` to ``news``."""
        row, left = self._row, set(changed)
        for op in sorted(row.update, key=lambda op: self._shrinks(op, olds, news)):
            mine = set(carries(row, op, self._schema.inputs))
            if not mine & left:
                continue
            names = mine if op.whole else mine & left
            left -= mine
            values = {name: news.get(name) for name in names if op.whole is False or name in news}
            self._apply(op, values, olds, "updating")

    def _shrinks(self, op: Op, olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
        names = [name for name in carries(self._row, op, news) if name in olds] if op.shrink else []
        return any((news[name] or 0) < (olds[name] or 0) for name in names)

    def _apply(self, op: Op, values: Mapping[str, Any], olds: Mapping[str, Any], doing: str) -> None:
        context = self._context
        if op.before:
            op.before(context)
        if op.reset:
            self._reset(op, values, olds)
        if op.swap:
            before = {name: olds[name] for name in values if not is_empty(olds.get(name))}
            if before:
                self._undo(op, before)
            if all(is_empty(value) for value in values.values()):
                return
        if op.clear and all(is_empty(value) for value in values.values()):
            self._send(Op(op.clear, takes=(), wait=op.wait), {}, doing)
        elif op.shrink and self._shrinks(op, olds, values):
            self._send(replace(op, name=op.shrink), values, doing)
        elif op.each:
            for name in sorted(values):
                self._send(op, {name: values[name]}, doing)
        elif op.deltas:
            self._send_deltas(op, values, olds, doing)
        else:
            self._send(op, values, doing)
        context.read()
        if op.after:
            op.after(context)

    def _send(self, op: Op, values: Mapping[str, Any], doing: str) -> None:
        context = self._context
        if op.encode and not op.takes and set(values) <= set(op.consumes) and op.encode(dict(values)) is None:
            return
        context.aws(op.name, context.params_of(op, values))
        if op.wait:
            self._wait(doing)

    def _send_deltas(self, op: Op, values: Mapping[str, Any], olds: Mapping[str, Any], doing: str) -> None:
        context = self._context
        params = context.params_of(op, {name: value for name, value in values.items() if name not in op.deltas})
        for name, (add, remove) in op.deltas.items():
            if name not in values:
                continue
            old, new = cast("Any", olds.get(name) or []), cast("Any", values[name] or [])
            params = merge(params, delta(add, remove, old, new))
        context.aws(op.name, params)
        if op.wait:
            self._wait(doing)

    def _reset(self, op: Op, values: Mapping[str, Any], olds: Mapping[str, Any]) -> None:
        """Take back the items, told by their ``name``, that are in the old list only."""
        for prop in op.consumes:
            news, befores = cast("list[dict[str, Any]]", values.get(prop) or []), cast("Any", olds.get(prop) or [])
            kept = {item["name"] for item in news}
            dropped = [item for item in cast("list[dict[str, Any]]", befores) if item["name"] not in kept]
            if dropped:
                undo = Op(op.reset or "", takes=(), encode=op.encode, consumes=(prop,))
                self._context.aws(undo.name, self._context.params_of(undo, {prop: dropped}))

    def _undo(self, op: Op, olds: Mapping[str, Any]) -> None:
        undo = Op(op.swap or "", takes=op.takes, names=op.names, encode=op.encode, consumes=op.consumes)
        try:
            self._context.aws(undo.name, self._context.params_of(undo, olds))
        except AwsError as error:
            if not error.gone:
                raise

    def delete(self, olds: Mapping[str, Any]) -> None:
        """Delete the resource and wait until it is gone."""
        context, row = self._context, self._row
        if row.delete is None or context.read() is None:
            return
        if row.before_delete:
            row.before_delete(context)
        for op in row.update:
            before = {name: olds[name] for name in carries(row, op, olds) if not is_empty(olds[name])}
            if op.swap and before:
                self._undo(op, before)
        carried = {name: olds[name] for name in carries(row, row.delete, olds) if row.delete.takes}
        try:
            context.aws(row.delete.name, context.params_of(row.delete, carried))
        except AwsError as error:
            # What is not found may be another thing that the deletion needs.
            if not error.gone or context.read() is not None:
                raise
            return
        if row.wait:
            self._poll(row.wait.timeout, "deleting", lambda: context.read() is None)

    def tags(self) -> dict[str, Any]:
        """The resource's live tags, without AWS's own."""
        live = self._context.live
        found = find_member("tags", live) or find_member("tagList", live) or find_member("tagSet", live)
        tags = Decoder({}).decode(live[found], _TAG_MAP, "tags") if found else None
        return {key: value for key, value in cast("dict[str, str]", tags or {}).items() if not key.startswith("aws:")}

    def tag(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> None:
        """Bring the tags from ``olds`` to ``news``."""
        rule = self._row.tags
        if rule is None:
            return
        removed = [key for key in olds if key not in news]
        added = {key: value for key, value in news.items() if olds.get(key) != value}
        if removed:
            self._context.aws(rule.remove, self._tag_params(rule.remove, dict.fromkeys(removed, ""), keys=True))
        if added:
            self._context.aws(rule.add, self._tag_params(rule.add, added, keys=False))

    def _tag_params(self, operation: str, tags: Mapping[str, Any], *, keys: bool) -> dict[str, Any]:
        """Tag operations differ by their members' names only: one says of what, the other which tags."""
        rule = self._row.tags
        shape = MODELS.operation(self._row.service, operation).input_shape
        params: dict[str, Any] = {}
        on = self._context.render(rule.on if rule else "")
        for name, member in shape.members.items():
            if name.lower().startswith("tag"):
                texts = member.type_name == "list" and member.member.type_name == "string"
                if texts:
                    params[name] = list(tags)
                elif keys:
                    params[name] = [{"Key": key} for key in tags]
                else:
                    params[name] = tag_list(member, tags)
            elif name in shape.required_members:
                params[name] = [on] if member.type_name == "list" else on
        return params

    def _wait(self, doing: str) -> None:
        rule = self._row.wait
        if rule is not None:
            self._poll(rule.timeout, doing, lambda: self._arrived(rule))

    def _arrived(self, rule: Wait) -> bool:
        context = self._context
        live = context.read()
        if live is None:
            return False
        status = str(jmespath.search(rule.status, live) or "")
        if status in rule.failed:
            why = jmespath.search(rule.why, live) if rule.why else None
            raise self._error(f"became {status}{f': {why}' if why else ''}")
        return status in rule.ready

    def _poll(self, timeout: float, doing: str, arrived: Callable[[], bool]) -> None:
        context, pause = self._context, 0.1
        limit = context.call.timeout or timeout
        started = time.monotonic()
        while not arrived():
            waited = time.monotonic() - started
            state = self.state()
            if waited > limit:
                raise self._error(f"{doing} {context.id} took more than {limit:.0f} s; it is {state}")
            if context.place.cancelled.wait(pause):
                raise self._error(f"cancelled while {doing} {context.id}")
            context.call.log(f"{doing}: {state} ({waited:.0f} s)", ephemeral=True)
            # The genuine provider asks every 10 to 30 s; here an answer costs milliseconds, and hours may be seconds.
            pause = min(pause * 1.5, 1)

    def state(self) -> str:
        """What the cloud says that the resource is at, and why."""
        rule, live = self._row.wait, self._context.live
        status = jmespath.search(rule.status, live) if rule else None
        why = jmespath.search(rule.why, live) if rule and rule.why else None
        return f"{status or 'waiting'}{f', {why}' if why else ''}"

    def _error(self, problem: str) -> ProviderError:
        return ProviderError(f"{self._context.call.name} ({self._row.token}): {problem}")
