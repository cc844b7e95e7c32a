"""What separates the state from the program, and whether that replaces the resource."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from sandbox.plugins.aws.context import is_empty
from sandbox.plugins.aws.mapping import normal_json
from sandbox.plugins.aws.schema import Schema, Type
from sandbox.plugins.aws.table import Resource
from sandbox.plugins.protocol import Change, Diff
from sandbox.plugins.values import contains_unknown

_INDEX = re.compile(r"\[\d+\]")
_REPLACING = {
    Change.ADD: Change.ADD_REPLACE,
    Change.DELETE: Change.DELETE_REPLACE,
    Change.UPDATE: Change.UPDATE_REPLACE,
}


def plain_path(path: str) -> str:
    """A property path without its indices, as the tables write it."""
    return _INDEX.sub("", path)


def covers(paths: Sequence[str], path: str) -> bool:
    """Whether one of ``paths`` is ``path`` or a parent of it."""
    bare = plain_path(path)
    return any(bare == entry or bare.startswith(f"{entry}.") for entry in paths)


class Comparison:
    """Compares property bags as the row says."""

    def __init__(self, row: Resource, schema: Schema) -> None:
        self._row, self._schema = row, schema

    def drifted(self, name: str, live: Any, given: Any) -> bool:
        """Whether the cloud's value is another one than the program gave."""
        reads_as = self._row.reads_as.get(name)
        if reads_as is not None and live is not None and given is not None and reads_as(live, given):
            return False
        return bool(self.changes({name: live}, {name: given}))

    def changes(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Change]:
        """What changed, by property path; tags are not among it."""
        result: dict[str, Change] = {}
        for name in sorted(self._schema.inputs - {"tags", "tagsAll"}):
            for path, change in self._property(name, olds.get(name), news.get(name)):
                result[path] = change
        return result

    def _property(self, name: str, old: Any, new: Any) -> Iterator[tuple[str, Change]]:
        row = self._row
        known = old is not None and new is not None and not contains_unknown(new)
        if known and name in row.same and row.same[name](old, new):
            return
        if known and name in row.json and normal_json(old) == normal_json(new):
            return
        yield from self._value(name, old, new, self._schema.outputs.get(name, Type("any")))

    def _value(self, path: str, old: Any, new: Any, kind: Type) -> Iterator[tuple[str, Change]]:
        if contains_unknown(new) and not isinstance(new, Mapping | list):
            yield path, Change.ADD if old is None else Change.UPDATE
        elif old == new or (new is None and covers(self._row.computed, path)):
            return
        elif isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from self._object(path, cast("Mapping[str, Any]", old), cast("Mapping[str, Any]", new), kind)
        elif isinstance(old, list) and isinstance(new, list):
            yield from self._list(path, cast("list[Any]", old), cast("list[Any]", new), kind)
        elif is_empty(old) and is_empty(new):
            return
        else:
            unset: tuple[Any, ...] = (None, "", [], {})
            yield path, Change.ADD if old in unset else Change.DELETE if new in unset else Change.UPDATE

    def _object(
        self, path: str, old: Mapping[str, Any], new: Mapping[str, Any], kind: Type
    ) -> Iterator[tuple[str, Change]]:
        fields = kind.fields or {}
        for key in sorted(old.keys() | new.keys()):
            inner = fields.get(key, kind.item or Type("any"))
            if kind.kind == "map" and key in new and key in old and old[key] == new[key]:
                continue
            if kind.kind == "map" and (key not in new or key not in old):
                yield _join(path, key), Change.ADD if key in new else Change.DELETE
                continue
            yield from self._value(_join(path, key), old.get(key), new.get(key), inner)

    def _list(self, path: str, old: list[Any], new: list[Any], kind: Type) -> Iterator[tuple[str, Change]]:
        item = kind.item or Type("any")
        if covers(self._row.ordered, path) or any(isinstance(entry, Mapping) for entry in [*old, *new]):
            if not covers(self._row.ordered, path) and _same_items(old, new):
                return
            for index in range(max(len(old), len(new))):
                before = old[index] if index < len(old) else None
                after = new[index] if index < len(new) else None
                if (before is None) != (after is None):
                    yield f"{path}[{index}]", Change.ADD if before is None else Change.DELETE
                else:
                    yield from self._value(f"{path}[{index}]", before, after, item)
            return
        added = [index for index, entry in enumerate(new) if contains_unknown(entry) or entry not in old]
        gone = [index for index, entry in enumerate(old) if entry not in new]
        for index in added:
            if gone:
                gone.pop()
                yield f"{path}[{index}]", Change.UPDATE
            else:
                yield f"{path}[{index}]", Change.ADD
        for index in gone:
            yield f"{path}[{index}]", Change.DELETE

    def diff(
        self,
        olds: Mapping[str, Any],
        news: Mapping[str, Any],
        old_tags: Mapping[str, Any],
        new_tags: Mapping[str, Any],
        *,
        state: Mapping[str, Any] | None = None,
        ignored: Sequence[str] = (),
        fresh_name: bool = False,
    ) -> Diff:
        """The engine's answer for checked inputs against the state.

        ``state`` is what the state has beside the old inputs: the outputs. ``fresh_name`` says that a replacement would
        get a name of its own.
        """
        details = self.changes(olds, news) | _tag_changes(olds, news, old_tags, new_tags)
        details = {path: change for path, change in details.items() if not _ignored(path, ignored)}
        replaces: set[str] = set()
        for path, change in details.items():
            if self._replaces(path, olds, news, state or {}):
                details[path] = _REPLACING[change]
                replaces.add(_INDEX.sub("", path).split(".")[0])
        return Diff(
            changes=bool(details),
            replaces=tuple(sorted(replaces)),
            delete_before_replace=bool(replaces) and self._delete_first(olds, news, fresh_name),
            details=details,
        )

    def _replaces(self, path: str, olds: Mapping[str, Any], news: Mapping[str, Any], state: Mapping[str, Any]) -> bool:
        row, name = self._row, plain_path(path).split(".")[0]
        if name == "region" or covers(row.replace, path):
            return True
        return name in row.replace_if and row.replace_if[name](olds.get(name), news.get(name), state)

    def _delete_first(self, olds: Mapping[str, Any], news: Mapping[str, Any], fresh_name: bool) -> bool:
        """Two of one name can't be side by side: a fixed name that stays means that the old one goes first."""
        row = self._row
        if row.delete_before_replace or row.autoname is None or fresh_name:
            return row.delete_before_replace
        name = news.get(row.autoname.property)
        return name is not None and name == olds.get(row.autoname.property)


def _same_items(old: list[Any], new: list[Any]) -> bool:
    if contains_unknown(new) or len(old) != len(new):
        return False
    return sorted(json.dumps(item, sort_keys=True) for item in old) == sorted(
        json.dumps(item, sort_keys=True) for item in new
    )


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if re.fullmatch(r"[A-Za-z_$][\w$]*", key) else f'{path}["{key}"]'


def _ignored(path: str, ignored: Sequence[str]) -> bool:
    spelled = [path, path.replace("tagsAll", "tags", 1)]
    return any(way == entry or way.startswith((f"{entry}.", f"{entry}[")) for way in spelled for entry in ignored)


def _tag_changes(
    olds: Mapping[str, Any], news: Mapping[str, Any], old_tags: Mapping[str, Any], new_tags: Mapping[str, Any]
) -> dict[str, Change]:
    mine: set[str] = set()
    for bag in (olds.get("tags"), news.get("tags")):
        if isinstance(bag, Mapping):
            mine |= cast("Mapping[str, Any]", bag).keys()
    result: dict[str, Change] = {}
    for key in sorted(old_tags.keys() | new_tags.keys()):
        old, new = old_tags.get(key), new_tags.get(key)
        if old == new and not contains_unknown(new):
            continue
        path = _join("tags" if key in mine else "tagsAll", key)
        result[path] = Change.ADD if old is None else Change.DELETE if new is None else Change.UPDATE
    return result
