"""The changes in a preview, as ``pulumi preview --json`` gives them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from policies.rules.stack import DATA as HOLDS_DATA

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the engine writes a value that is only known once the change is made."""

DATA = HOLDS_DATA | frozenset(
    {
        "aws:backup/vault:Vault",
        # With it go all objects of its kind, or in it.
        "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
        # By its retention policy its claims go with it.
        "kubernetes:apps/v1:StatefulSet",
        "kubernetes:core/v1:Namespace",
        "kubernetes:core/v1:PersistentVolume",
        "kubernetes:core/v1:PersistentVolumeClaim",
    }
)
"""Types that hold data, or on which all that runs depends: replaced or deleted, it is gone."""

_PATH = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[\]]+)')
"""One step of the engine's paths, as in ``spec.containers[0].env["a.b"]``."""

Step = Mapping[str, Any]


class Operation(StrEnum):
    """What becomes of a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"


_OPERATIONS = {
    "create": Operation.CREATE,
    "import": Operation.CREATE,
    "update": Operation.UPDATE,
    "replace": Operation.REPLACE,
    "create-replacement": Operation.REPLACE,
    "import-replacement": Operation.REPLACE,
    "delete": Operation.DELETE,
    "discard": Operation.DELETE,
}
"""The others are parts of a replacement, or change nothing."""


@dataclass(frozen=True, order=True)
class PropertyChange:
    """One property of a resource that changes."""

    path: str
    replaces: bool = False
    """It is why the resource is replaced."""
    computed: bool = False
    """Its new value is not known yet: it may turn out to be the old one."""


@dataclass(frozen=True)
class Change:
    """One resource that changes."""

    type: str
    name: str
    operation: Operation
    properties: tuple[PropertyChange, ...] = ()
    retained: bool = False
    """What is there now is not deleted, only forgotten."""

    @property
    def loses_data(self) -> bool:
        return self.type in DATA and self.operation in (Operation.REPLACE, Operation.DELETE)

    @property
    def only_computed(self) -> bool:
        """Whether nothing is known to change: most often nothing does, once the values are known."""
        update = self.operation is Operation.UPDATE
        return update and bool(self.properties) and all(one.computed for one in self.properties)


def changes(preview: Mapping[str, Any]) -> list[Change]:
    """All changes of a preview, by what they put at risk, and then by name. The stack itself is none of them."""
    found = [change for step in cast("list[Step]", preview.get("steps") or []) for change in _change(step)]
    unique = {(change.type, change.name, change.operation): change for change in found}
    replaced = {(change.type, change.name) for change in found if change.operation is Operation.REPLACE}
    # A replacement is told once, and not also as the deletion of what it replaces.
    kept = [
        one for one in unique.values() if not (one.operation is Operation.DELETE and (one.type, one.name) in replaced)
    ]
    return sorted(kept, key=lambda one: (not one.loses_data, _ORDER.index(one.operation), one.type, one.name))


_ORDER = [Operation.REPLACE, Operation.DELETE, Operation.UPDATE, Operation.CREATE]


def _change(step: Step) -> Iterator[Change]:
    operation = _OPERATIONS.get(str(step["op"]))
    _, _, kinds, name = str(step["urn"]).split("::", 3)
    token = kinds.rpartition("$")[2]
    if operation is None or token.startswith("pulumi:pulumi:"):
        return
    before: Mapping[str, Any] = step.get("oldState") or {}
    yield Change(
        token, name, operation, tuple(sorted(_properties(step, operation))), retained=bool(before.get("retainOnDelete"))
    )


def _properties(step: Step, operation: Operation) -> Iterator[PropertyChange]:
    if operation in (Operation.CREATE, Operation.DELETE):
        return
    detailed = cast("Mapping[str, Any]", step.get("detailedDiff") or {})
    replaces = set(cast("Iterable[str]", step.get("replaceReasons") or ()))
    state: Mapping[str, Any] = step.get("newState") or {}
    for path in detailed or cast("Iterable[str]", step.get("diffReasons") or ()):
        kind = str(cast("Mapping[str, Any]", detailed.get(path) or {}).get("kind", ""))
        because = kind.endswith("-replace") or path in replaces
        yield PropertyChange(path, replaces=because, computed=_is_unknown(state, path))


def _is_unknown(state: Mapping[str, Any], path: str) -> bool:
    """Whether the new value at ``path`` is unknown; what the program does not set is computed by the provider."""
    inputs: Mapping[str, Any] = state.get("inputs") or {}
    outputs: Mapping[str, Any] = state.get("outputs") or {}
    first = _steps(path)[:1]
    return _at(inputs if first and first[0] in inputs else outputs, path) == UNKNOWN


def _steps(path: str) -> list[str]:
    return [quoted.replace('\\"', '"') or index or name for quoted, index, name in _PATH.findall(path)]


def _at(value: Any, path: str) -> Any:
    """What is at ``path``; an unknown on the way is unknown."""
    for step in _steps(path):
        if value == UNKNOWN:
            return UNKNOWN
        if isinstance(value, Mapping):
            value = cast("Mapping[str, Any]", value).get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(cast("list[Any]", value)):
            value = cast("list[Any]", value)[int(step)]
        else:
            return None
    return value
