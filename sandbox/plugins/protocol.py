"""A resource provider as the sandbox writes one: plain Python in, plain Python out.

A subclass of :class:`Provider` implements what the engine asks for; ``sandbox.plugins.servicer`` turns Pulumi's
ResourceProvider protocol into these calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Literal, NoReturn

from sandbox.home import Home
from sandbox.plugins.program import Program
from sandbox.plugins.values import UNKNOWN, Secret, Unknown, contains_unknown

__all__ = [
    "UNKNOWN",
    "Call",
    "Change",
    "Diff",
    "Failure",
    "InitFailed",
    "Properties",
    "Provider",
    "ProviderError",
    "Secret",
    "Unanswered",
    "Unknown",
    "contains_unknown",
]

Properties = dict[str, Any]
"""A property bag: names to None, bool, int, float, str, list, dict, UNKNOWN or (outward) Secret."""

Severity = Literal["debug", "info", "warning", "error"]
Log = Callable[[str, Severity, str, bool], None]


class ProviderError(Exception):
    """An operation failed; the text is what the user reads beside the resource."""


class Unanswered(ProviderError):
    """A request was made and no answer came: what was asked for may have happened."""


class InitFailed(Exception):
    """The object exists, but did not become ready. The engine keeps it in the state and fails the update."""

    def __init__(self, id: str, outputs: Properties, inputs: Properties, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.id, self.outputs, self.inputs, self.reasons = id, outputs, inputs, list(reasons)


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that can't be accepted: the property's path and why."""

    property: str
    reason: str


class Change(Enum):
    """What happens to one property, by the protocol's numbers."""

    ADD = 0
    ADD_REPLACE = 1
    DELETE = 2
    DELETE_REPLACE = 3
    UPDATE = 4
    UPDATE_REPLACE = 5


@dataclass(frozen=True, slots=True)
class Diff:
    """What separates the state from the program. ``replaces`` names the properties that force a replacement."""

    changes: bool
    replaces: Sequence[str] = ()
    delete_before_replace: bool = False
    details: Mapping[str, Change] = field(default_factory=dict[str, Change])
    """Property path (``tags.Name``, ``ingress[0].port``) to what happens to it."""
    stables: Sequence[str] = ()
    """Outputs that an update leaves as they are."""


@dataclass(frozen=True, slots=True)
class Call:
    """The resource that a call is about, and the call's circumstances."""

    urn: str
    type: str
    """The type's token, such as ``aws:ec2/vpc:Vpc``."""
    name: str
    """The logical name."""
    timeout: float = 0
    """Seconds from the resource's customTimeouts, 0 when none is set."""
    preview: bool = False
    log_to: Log | None = None
    token: str = ""
    """Identifies a creation: the same when it is made up for after its provider was killed."""
    again: bool = False
    """Whether this creation was begun before, so that what it makes may exist already."""

    def log(self, message: str, *, severity: Severity = "info", ephemeral: bool = False) -> None:
        """Show ``message`` beside the resource; an ephemeral one only while it is worked on."""
        if self.log_to is not None:
            self.log_to(self.urn, severity, message, ephemeral)


class Provider:
    """One configured instance of a provider. The base accepts any configuration and knows no resource."""

    text_arguments: ClassVar[frozenset[str]] = frozenset()
    """Arguments of the provider that are text even where they look like JSON, such as a kubeconfig."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def attached(self, program: Program) -> None:
        """The engine is there; ``program`` is what its providers know of what it runs."""

    def check_config(self, olds: Properties, news: Properties) -> tuple[Properties, list[Failure]]:
        """Validate the provider's own arguments."""
        del olds
        return news, []

    def diff_config(self, olds: Properties, news: Properties) -> Diff:
        """Compare the provider's own arguments; by default nothing replaces a provider."""
        keys = {key for key in olds.keys() | news.keys() if olds.get(key) != news.get(key)}
        return Diff(changes=bool(keys), details=dict.fromkeys(sorted(keys), Change.UPDATE))

    def configure(self, arguments: Properties) -> None:
        """Take the arguments; called once, before any resource."""

    def check(self, call: Call, olds: Properties, news: Properties) -> tuple[Properties, list[Failure]]:
        """Validate ``news`` and fill in defaults. The answer is what the state keeps as inputs."""
        self._unsupported(call.type)

    def diff(
        self,
        call: Call,
        id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        ignore_changes: Sequence[str],
    ) -> Diff:
        """Compare checked inputs with the state."""
        self._unsupported(call.type)

    def create(self, call: Call, inputs: Properties) -> tuple[str, Properties]:
        """Make the resource: its id and outputs. In a preview the id is empty and nothing is made."""
        self._unsupported(call.type)

    def read(
        self, call: Call, id: str, inputs: Properties | None, outputs: Properties
    ) -> tuple[str, Properties, Properties] | None:
        """The live resource as (id, inputs, outputs), None when it is gone. Without inputs it is imported."""
        self._unsupported(call.type)

    def update(
        self, call: Call, id: str, old_inputs: Properties, old_outputs: Properties, news: Properties
    ) -> Properties:
        """Change the resource in place: its new outputs."""
        self._unsupported(call.type)

    def delete(self, call: Call, id: str, old_inputs: Properties, outputs: Properties) -> None:
        """Delete the resource and wait until it is gone. That it is gone already is no error."""
        self._unsupported(call.type)

    def invoke(self, token: str, arguments: Properties, preview: bool) -> Properties:
        """Call a function (a data source) of the provider."""
        self._unsupported(token)

    def cancel(self) -> None:
        """The user wants to stop: end what waits."""

    def _unsupported(self, token: str) -> NoReturn:
        raise ProviderError(f"the sandbox does not support {token}: docs/sandbox.md lists what it supports")
