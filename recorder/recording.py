"""What a program asked the engine for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Recorded:
    """One resource as the engine would have received it. Property names are those of the wire: camelCase."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: Mapping[str, Any]
    secrets: frozenset[str]
    """Paths of inputs that arrive as secrets, such as ``stringData.url``."""
    provider: str
    """``URN::id`` of the explicit provider, or empty."""
    protect: bool
    retain_on_delete: bool
    delete_before_replace: bool
    ignore_changes: tuple[str, ...]
    replace_on_changes: tuple[str, ...]
    additional_secret_outputs: tuple[str, ...]
    depends_on: frozenset[str]
    """URNs of what it waits for, by data flow or by ``depends_on``."""
    aliases: tuple[str, ...]
    custom_timeouts: Mapping[str, str]


@dataclass
class Recording:
    """What a program registered, in the order of arrival."""

    resources: list[Recorded] = field(default_factory=lambda: [])
    outputs: dict[str, dict[str, Any]] = field(default_factory=lambda: {})
    secret_outputs: dict[str, frozenset[str]] = field(default_factory=lambda: {})
    invokes: list[tuple[str, Mapping[str, Any], str]] = field(default_factory=lambda: [])
    """Token, arguments and provider of every function called."""
    exports: dict[str, Any] = field(default_factory=lambda: {})
    secret_exports: frozenset[str] = frozenset()
    logs: list[tuple[str, str]] = field(default_factory=lambda: [])
    """Severity and message of what the program said to its user."""

    def __getitem__(self, name: str) -> Recorded:
        found = [resource for resource in self.resources if resource.name == name]
        if len(found) != 1:
            raise KeyError(f"{name}: {len(found)} resources have this name; there are {self.names}")
        return found[0]

    def __contains__(self, name: str) -> bool:
        return name in self.names

    @property
    def names(self) -> list[str]:
        return [resource.name for resource in self.resources]

    def by_urn(self, urn: str) -> Recorded:
        return next(resource for resource in self.resources if resource.urn == urn)

    def of_type(self, type_: str) -> list[Recorded]:
        """All resources of a type token, such as ``aws:ec2/subnet:Subnet``."""
        return [resource for resource in self.resources if resource.type == type_]

    def outputs_of(self, name: str) -> dict[str, Any]:
        """What the component called ``register_outputs`` with."""
        return self.outputs[self[name].urn]

    def secret_outputs_of(self, name: str) -> frozenset[str]:
        return self.secret_outputs[self[name].urn]

    def inside(self, name: str) -> list[Recorded]:
        """Everything below a component, however deep."""
        found, level = list[Recorded](), {self[name].urn}
        while level:
            below = [resource for resource in self.resources if resource.parent in level]
            found.extend(below)
            level = {resource.urn for resource in below}
        return found

    def waits_for(self, name: str, other: str) -> bool:
        """Whether ``name`` is created after ``other`` and all inside it, and so deleted before."""
        goals = {self[other].urn, *(resource.urn for resource in self.inside(other) if resource.custom)}
        if not self[other].custom:
            goals.discard(self[other].urn)
        known = {resource.urn: resource for resource in self.resources}
        seen, ahead = set[str](), [self[name].urn]
        while ahead:
            resource = known.get(ahead.pop())
            if resource is None or resource.urn in seen:
                continue
            seen.add(resource.urn)
            # A child is registered when its parent and its provider are there.
            ahead.extend((*resource.depends_on, resource.parent, resource.provider.rpartition("::")[0]))
        return goals <= seen
