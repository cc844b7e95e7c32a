"""A chart's hooks: objects that are made at a moment of a release's life instead of belonging to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

Object = dict[str, Any]

_EVENTS = "helm.sh/hook"
_WEIGHT = "helm.sh/hook-weight"
_DELETE_POLICY = "helm.sh/hook-delete-policy"


class HookEvent(StrEnum):
    """The moments at which the sandbox runs hooks; it knows no roll-backs and no tests."""

    PRE_INSTALL = "pre-install"
    POST_INSTALL = "post-install"
    PRE_UPGRADE = "pre-upgrade"
    POST_UPGRADE = "post-upgrade"
    PRE_DELETE = "pre-delete"
    POST_DELETE = "post-delete"


class DeletePolicy(StrEnum):
    """When what a hook has made is deleted."""

    BEFORE_HOOK_CREATION = "before-hook-creation"
    """When the hook runs again: what happens without any policy."""
    HOOK_SUCCEEDED = "hook-succeeded"
    HOOK_FAILED = "hook-failed"


@dataclass(frozen=True)
class Hook:
    """One object of a chart that carries the annotation ``helm.sh/hook``."""

    object: Object
    path: str = ""
    """Its template."""

    @property
    def name(self) -> str:
        return str(self.object["metadata"]["name"])

    @property
    def events(self) -> tuple[str, ...]:
        return _listed(self.object, _EVENTS)

    @property
    def weight(self) -> int:
        """Lower ones run first; what is no number counts as 0, as with Helm."""
        try:
            return int(_annotation(self.object, _WEIGHT))
        except ValueError:
            return 0

    @property
    def delete_policies(self) -> tuple[str, ...]:
        return _listed(self.object, _DELETE_POLICY) or (DeletePolicy.BEFORE_HOOK_CREATION,)


def is_hook(obj: Mapping[str, Any]) -> bool:
    return bool(_listed(obj, _EVENTS))


def due(hooks: Iterable[Hook], event: HookEvent) -> list[Hook]:
    """The hooks of an event in the order in which they run: by weight, then by name, else as Helm sorted them."""
    return sorted((hook for hook in hooks if event in hook.events), key=lambda hook: (hook.weight, hook.name))


def _listed(obj: Mapping[str, Any], annotation: str) -> tuple[str, ...]:
    parts = (part.strip().lower() for part in _annotation(obj, annotation).split(","))
    return tuple(part for part in parts if part)


def _annotation(obj: Mapping[str, Any], name: str) -> str:
    metadata = cast("Mapping[str, Any]", obj.get("metadata") or {})
    annotations = cast("Mapping[str, Any]", metadata.get("annotations") or {})
    return str(annotations.get(name, ""))
