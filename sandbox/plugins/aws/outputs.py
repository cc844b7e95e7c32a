"""Outputs: as the cloud describes a resource, as a preview can tell them, and inputs as a refresh finds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import jmespath

from sandbox.plugins.aws.compare import Comparison
from sandbox.plugins.aws.context import Context, is_empty
from sandbox.plugins.aws.mapping import Decoder
from sandbox.plugins.aws.schema import Schema, Type
from sandbox.plugins.aws.table import Resource, Text
from sandbox.plugins.protocol import UNKNOWN, Secret

_ANY = Type("any")
_ZEROS: Mapping[str, Any] = {"text": "", "number": 0, "bool": False, "list": [], "map": {}}


class Outputs:
    """Makes the output bags of one type."""

    def __init__(self, row: Resource, schema: Schema) -> None:
        self._row, self._schema = row, schema
        self._decoder = Decoder(row.names)
        self._comparison = Comparison(row, schema)

    def decode(self, context: Context) -> dict[str, Any]:
        """The properties that the live description tells; tags are not among them."""
        result: dict[str, Any] = {}
        for name, kind in self._schema.outputs.items():
            if name in ("tags", "tagsAll", "region") or name in self._row.local:
                continue
            value = self._decoder.decode(self._source(context, name), kind, name)
            if value is not None:
                result[name] = value
        return result

    def _source(self, context: Context, name: str) -> Any:
        source = self._row.outputs.get(name)
        if source is None:
            return self._decoder.member(name, name, context.live)
        if isinstance(source, Text):
            return context.render(source)
        return source(context.live) if callable(source) else jmespath.search(source, context.live)

    def of(self, context: Context, inputs: Mapping[str, Any], tags_all: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs of an existing resource whose program gave ``inputs``."""
        decoded = self.decode(context)
        result: dict[str, Any] = {}
        for name, kind in self._schema.outputs.items():
            given, live = inputs.get(name), decoded.get(name)
            if name in inputs and (live is None or not self._comparison.drifted(name, live, given)):
                # One value in two spellings (JSON, the order of a set): the program's own is kept.
                result[name] = overlay(live, given, kind)
            elif live is not None:
                result[name] = live
            elif (name not in self._schema.inputs or name in self._row.computed) and kind.kind in _ZEROS:
                # As in Terraform's state. The SDKs take an absent output for one that a preview can't know.
                result[name] = _ZEROS[kind.kind]
        return self.finish(result, context.place.region, inputs, tags_all)

    def finish(
        self, bag: dict[str, Any], region: str, inputs: Mapping[str, Any], tags_all: Mapping[str, Any]
    ) -> dict[str, Any]:
        """``bag`` with tags and region, and its secrets marked."""
        if self._row.regional:
            bag["region"] = region
        if self._row.tags:
            if inputs.get("tags"):
                bag["tags"] = inputs["tags"]
            bag["tagsAll"] = dict(tags_all)
        return self.marked(bag)

    def marked(self, bag: Mapping[str, Any]) -> dict[str, Any]:
        """``bag`` with its secrets marked."""
        return {
            key: Secret(value) if key in self._row.secret and value is not None else value for key, value in bag.items()
        }

    def preview(self, inputs: Mapping[str, Any], region: str, tags_all: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs that a creation will have, as far as the inputs tell."""
        result: dict[str, Any] = {}
        for name, kind in self._schema.outputs.items():
            if name in inputs:
                result[name] = self._with_computed(name, inputs[name], kind)
            elif name not in self._schema.inputs or name in self._row.computed:
                result[name] = UNKNOWN
        result.pop("region", None)
        return self.finish(result, inputs.get("region") or region, inputs, tags_all)

    def _with_computed(self, path: str, value: Any, kind: Type) -> Any:
        if kind.kind != "object" or not isinstance(value, Mapping):
            return value
        given = cast("Mapping[str, Any]", value)
        result: dict[str, Any] = {}
        for name, inner in (kind.fields or {}).items():
            where = f"{path}.{name}"
            if name in given:
                result[name] = self._with_computed(where, given[name], inner)
            elif where in self._row.computed:
                result[name] = UNKNOWN
        return result

    def preview_update(
        self, olds: Mapping[str, Any], inputs: Mapping[str, Any], changed: bool, tags_all: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The outputs that an update will have."""
        result = dict(olds)
        for name in self._schema.inputs:
            if name in inputs:
                result[name] = overlay(olds.get(name), inputs[name], self._schema.outputs.get(name, _ANY))
            elif name in result and name not in self._row.computed:
                del result[name]
        if changed:
            result |= dict.fromkeys(self._row.recomputed, UNKNOWN)
        return self.finish(result, str(olds.get("region", "")), inputs, tags_all)

    def refreshed(self, inputs: Mapping[str, Any], decoded: Mapping[str, Any]) -> dict[str, Any]:
        """``inputs`` with the values that the cloud has now: where they differ, somebody changed them."""
        result = dict(inputs)
        for name, given in inputs.items():
            live = project(given, decoded.get(name), self._schema.outputs.get(name, _ANY))
            if live is not None and self._comparison.drifted(name, live, given):
                result[name] = live
        return result

    def there(self, context: Context, inputs: Mapping[str, Any]) -> set[str]:
        """The names of those ``inputs`` that the cloud has as they are."""
        decoded = self.decode(context)
        found: set[str] = set()
        for name, given in inputs.items():
            live = project(given, decoded.get(name), self._schema.outputs.get(name, _ANY))
            if live is not None and not self._comparison.drifted(name, live, given):
                found.add(name)
        return found

    def imported(self, decoded: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs of a resource that no program has described yet."""
        known = {name: value for name, value in decoded.items() if name in self._schema.inputs and not is_empty(value)}
        untold = self._row.defaults.keys() - decoded.keys()
        return {name: self._row.defaults[name] for name in sorted(untold) if "." not in name} | known


def overlay(live: Any, given: Any, kind: Type) -> Any:
    """``given`` with the fields of objects that only the cloud told."""
    if kind.kind != "object" or not isinstance(live, Mapping) or not isinstance(given, Mapping):
        return given
    theirs, mine = cast("Mapping[str, Any]", live), cast("Mapping[str, Any]", given)
    fields = kind.fields or {}
    laid = {name: overlay(theirs.get(name), value, fields.get(name, _ANY)) for name, value in mine.items()}
    return {**theirs, **laid}


def project(given: Any, live: Any, kind: Type) -> Any:
    """``live`` with only those fields of objects that ``given`` speaks of: computed fields are no drift."""
    if kind.kind == "object" and isinstance(given, Mapping) and isinstance(live, Mapping):
        mine, theirs = cast("Mapping[str, Any]", given), cast("Mapping[str, Any]", live)
        fields = kind.fields or {}
        return {name: project(value, theirs.get(name, value), fields.get(name, _ANY)) for name, value in mine.items()}
    if kind.kind == "list" and isinstance(given, list) and isinstance(live, list):
        mine_items, their_items = cast("list[Any]", given), cast("list[Any]", live)
        if len(mine_items) == len(their_items):
            pairs = zip(mine_items, their_items, strict=True)
            return [project(*pair, kind.item or _ANY) for pair in pairs]
    return cast("Any", live)
