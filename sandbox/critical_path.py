"""How long an ``up`` from nothing would take on AWS: the longest chain of a stack, by the table of durations.

It reads the stack's state, so the stack must be up (in the sandbox or anywhere else).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from sandbox.creation_times import Duration, duration_of
from sandbox.durations import exact

Resource = Mapping[str, Any]

_WHY_NOT_EXACT = """\
All that can is taken to be worked on at once, as the engine does it. How long each takes was read in logs that other
people have published of theirs, or is an estimate where there are none (docs/conditions.md says which is which): expect
some minutes more or less."""


@dataclass(frozen=True)
class Link:
    """One resource of the chain."""

    name: str
    type: str
    begins: float
    """Seconds after the start of the up."""
    takes: Duration


@dataclass(frozen=True)
class Estimate:
    """The resources of a state (as ``pulumi stack export`` has them), timed."""

    resources: Sequence[Resource]

    @property
    def total(self) -> float:
        """Seconds from nothing to all of it."""
        return max(self._ends.values(), default=0.0)

    @property
    def in_sequence(self) -> float:
        """Seconds if everything waited for everything."""
        return sum(_takes(resource).create for resource in self._alive.values())

    def chain(self) -> list[Link]:
        """The longest chain, from its first link on."""
        links: list[Link] = []
        urn = max(self._ends, key=self._ends.__getitem__, default=None)
        while urn is not None:
            resource = self._alive[urn]
            takes = _takes(resource)
            links.append(Link(urn.rpartition("::")[2], resource["type"], self._ends[urn] - takes.create, takes))
            urn = max(self._needs(resource), key=self._ends.__getitem__, default=None)
        # Stacks and components take no time, and providers hardly any.
        return [link for link in reversed(links) if link.takes.create]

    @cached_property
    def _alive(self) -> dict[str, Resource]:
        return {resource["urn"]: resource for resource in self.resources if not resource.get("delete")}

    @cached_property
    def _ends(self) -> dict[str, float]:
        """When each resource is there. A state lists what a resource needs before it."""
        ends: dict[str, float] = {}
        for urn, resource in self._alive.items():
            begins = max((ends[need] for need in self._needs(resource) if need in ends), default=0.0)
            ends[urn] = begins + _takes(resource).create
        return ends

    def _needs(self, resource: Resource) -> list[str]:
        return [urn for urn in dict.fromkeys(_needed(resource)) if urn in self._alive and urn != resource["urn"]]


def _needed(resource: Resource) -> Iterator[str]:
    yield from cast("list[str]", resource.get("dependencies") or [])
    for urns in cast("Mapping[str, list[str]]", resource.get("propertyDependencies") or {}).values():
        yield from urns or []
    if resource.get("parent"):
        yield resource["parent"]
    if resource.get("provider"):
        yield str(resource["provider"]).rpartition("::")[0]


def _takes(resource: Resource) -> Duration:
    return duration_of(resource["type"], resource.get("inputs") or {})


def report(stack: str, resources: Sequence[Resource]) -> str:
    """The estimate as text."""
    estimate = Estimate(resources)
    lines = [
        f"`up` of stack {stack} from nothing on AWS: about {exact(estimate.total)} "
        f"({exact(estimate.in_sequence)} if nothing were done at once)",
        "",
        f"{'AFTER':>14}{'TAKES':>14}  LONGEST CHAIN",
    ]
    for link in estimate.chain():
        lines.append(f"{exact(link.begins):>14}{exact(link.takes.create):>14}  {link.name} ({link.type})")
    return "\n".join([*lines, "", _WHY_NOT_EXACT])
