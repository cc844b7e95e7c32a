"""The components of a recorded program, and which of them need which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from recorder import Recorded, Recording

_COMPONENT = "platform:"
_PROVIDER = "pulumi:providers:"


@dataclass(frozen=True, slots=True)
class Component:
    """A component with all that is inside it."""

    name: str
    type: str
    """Its token, such as ``platform:network:Network``."""
    resources: Sequence[Recorded]
    """All resources inside it that are none themselves, however deep."""
    parts: Sequence[Component]
    """Components inside it."""

    @property
    def kind(self) -> str:
        """Its class."""
        return self.type.rpartition(":")[2]

    @property
    def module(self) -> str:
        """The package that it is of."""
        return self.type.split(":")[1]

    @property
    def in_kubernetes(self) -> bool:
        """Whether it is made of objects in the cluster."""
        return any(resource.type.startswith("kubernetes:") for resource in self.resources)


@dataclass(frozen=True, slots=True)
class Graph:
    """A stack's outermost components, by name."""

    components: Mapping[str, Component]
    needs: Mapping[str, Sequence[str]]
    """Component to those that are there before it, without those that they need in turn."""


def graph(recording: Recording) -> Graph:
    """The graph of components that a program has built."""
    outer = {resource.urn: _outermost(recording, resource) for resource in recording.resources}
    tops = sorted({urn for urn in outer.values() if urn is not None})
    names = {urn: recording.by_urn(urn).name for urn in tops}
    needs: dict[str, set[str]] = {name: set() for name in names.values()}
    for resource in recording.resources:
        own = outer[resource.urn]
        if own is not None:
            before = {outer.get(urn) for urn in _waits_for(recording, resource)} - {own, None}
            needs[names[own]].update(names[urn] for urn in before if urn is not None)
    return Graph(
        components={names[urn]: _component(recording, urn) for urn in sorted(tops, key=lambda urn: names[urn])},
        needs=reduced(needs),
    )


def outermost(recording: Recording, resource: Recorded) -> Component:
    """The outermost component around a resource. Raises LookupError when there is none."""
    urn = _outermost(recording, resource)
    if urn is None:
        raise LookupError(f"{resource.name} belongs to no component")
    return _component(recording, urn)


def reduced(needs: Mapping[str, Iterable[str]]) -> dict[str, Sequence[str]]:
    """The needs that no other need implies, sorted. Raises ValueError for a circle."""
    direct = {name: set(others) for name, others in sorted(needs.items())}
    everything: dict[str, set[str]] = {}

    def reach(name: str, way: tuple[str, ...]) -> set[str]:
        if name in way:
            raise ValueError(f"a circle: {' needs '.join((*way, name))}")
        if name not in everything:
            others = sorted(direct.get(name, ()))
            everything[name] = set(others).union(*(reach(other, (*way, name)) for other in others))
        return everything[name]

    for name in direct:
        reach(name, ())
    return {
        name: sorted(other for other in others if not any(other in everything[third] for third in others))
        for name, others in direct.items()
    }


def _waits_for(recording: Recording, resource: Recorded) -> set[str]:
    """What must be there before a resource: what it depends on, and what its provider does."""
    provider = resource.provider.rpartition("::")[0]
    through = [other for other in recording.resources if other.urn == provider]
    return set(resource.depends_on).union(*(other.depends_on for other in through))


def _outermost(recording: Recording, resource: Recorded) -> str | None:
    known = {other.urn: other for other in recording.resources}
    found = resource.urn if resource.type.startswith(_COMPONENT) else None
    while (parent := known.get(resource.parent)) is not None:
        resource = parent
        found = resource.urn
    return found


def _component(recording: Recording, urn: str) -> Component:
    own = recording.by_urn(urn)
    below = [resource for resource in recording.resources if resource.parent == urn]
    parts = [_component(recording, part.urn) for part in below if part.type.startswith(_COMPONENT)]
    resources = [resource for resource in below if not resource.type.startswith((_COMPONENT, _PROVIDER))]
    return Component(
        name=own.name,
        type=own.type,
        resources=sorted(
            [*resources, *(inner for part in parts for inner in part.resources)], key=lambda resource: resource.name
        ),
        parts=sorted(parts, key=lambda part: part.name),
    )
