"""The vocabulary of the tables: what one row says about one Pulumi type.

What a row leaves out follows from names: a property ``cidrBlock`` goes into the member ``CidrBlock`` of whichever
operation's input has one, and comes back from the member of the description that has its name. A row says the rest.

Texts with ``{braces}`` are templates over the resource's id, its properties, ``{live.X}`` (the description that the
cloud gives of it) and ``{account}``, ``{region}``, ``{partition}``. A template that is one placeholder keeps the
value's type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.plugins.aws.context import Context

Params = Mapping[str, Any]

Decides = Callable[[Any, Any, Params], bool]
"""Tells of a property's old and new value, and of what the state has, whether the change replaces the resource."""


def words(text: str) -> tuple[str, ...]:
    """A long list of names, as text."""
    return tuple(text.split())


class Text(str):
    """A template, where a plain text would be a JMESPath expression."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Op:
    """One call that carries properties to the cloud."""

    name: str
    """The operation as botocore's service model names it."""
    fixed: Params = field(default_factory=dict[str, Any])
    """Parameters beside the mapped properties; values may be templates."""
    takes: tuple[str, ...] | None = None
    """The properties it carries; None for all that its input has a member for."""
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    """Property to member, where this operation names it differently than the row does."""
    each: bool = False
    """One call for each property."""
    whole: bool = False
    """An update sends all properties that it carries, not only the changed ones."""
    clear: str | None = None
    """The operation that takes its place when the property became empty or false."""
    swap: str | None = None
    """The operation that undoes it with the old value, before a change and before the deletion."""
    deltas: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """Property to the members that take what is to be added and what is to be removed."""
    encode: Callable[[dict[str, Any]], dict[str, Any] | None] | None = None
    """Builds the parameters of the properties in ``consumes``, which may hold UNKNOWN; None skips the call. Only a
    Text in them is a template."""
    consumes: tuple[str, ...] = ()
    reset: str | None = None
    """The operation that takes back, by ``ParameterName``, the items of a list that the program no longer has."""
    shrink: str | None = None
    """The operation that takes its place when a number becomes smaller; it then comes after all others, when what
    needed the number is gone."""
    before: Callable[[Context], None] | None = None
    """Makes room for the call."""
    after: Callable[[Context], None] | None = None
    """What follows from the call."""
    wait: bool = True
    """Wait (when the row has a ``wait``) until the change has arrived."""


@dataclass(frozen=True, slots=True)
class Read:
    """One call that describes the resource. The first of a row decides whether the resource exists."""

    name: str
    result: str
    """JMESPath (a template first) to the description in the answer."""
    fixed: Params = field(default_factory=dict[str, Any])
    into: str | None = None
    """The member of the live description that the result becomes; None merges the result's members."""


@dataclass(frozen=True, slots=True)
class Tags:
    """How a type's tags are written and read."""

    add: str = "TagResource"
    remove: str = "UntagResource"
    on: str = "{live.arn}"
    """What the tag operations identify the resource by."""
    kind: str | None = None
    """EC2: the ResourceType of the TagSpecification."""
    at_create: bool = True


@dataclass(frozen=True, slots=True)
class Wait:
    """When an asynchronous operation has arrived: a JMESPath into the live description and its values."""

    status: str
    ready: tuple[str, ...]
    failed: tuple[str, ...] = ()
    why: str | None = None
    """JMESPath to the reasons that the cloud gives for a failure."""
    timeout: float = 1800
    """Seconds, unless the resource has customTimeouts."""


@dataclass(frozen=True, slots=True)
class AutoName:
    """The physical name where the program gives none: the logical name and seven hexadecimal digits."""

    property: str = "name"
    length: int = 255
    lower: bool = False
    prefix: str = ""


def _no_names() -> dict[str, str]:
    return {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """One Pulumi type: its operations, the names that differ, what replaces, what the cloud computes."""

    token: str
    service: str
    """The service as botocore names it."""
    create: Op
    id: str | Callable[[dict[str, Any]], str]
    """JMESPath into create's answer, a template, or a function of the properties."""
    read: tuple[Read, ...]
    create_by: Mapping[str, Op] = field(default_factory=dict[str, Op])
    """Property to the operation that creates the resource where the program sets that property."""
    update: tuple[Op, ...] = ()
    """Operations for changes; what ``create`` can't carry is sent by them right after it."""
    delete: Op | None = None
    """None: the resource outlives its deletion, as AWS itself has no way to delete it."""
    key: Params = field(default_factory=dict[str, Any])
    """What identifies the resource in every operation but create."""
    names: Mapping[str, str] = field(default_factory=_no_names)
    """Property path to member path, where they differ by more than case and plural."""
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Property to where the live description has it, where names do not tell: JMESPath, a Text, or a function."""
    nest: str | None = None
    """A structure member in which further properties of the type live."""
    tags: Tags | None = None
    replace: tuple[str, ...] = ()
    """Properties (or property paths) whose change replaces: ForceNew in the Terraform provider's schema."""
    replace_if: Mapping[str, Decides] = field(default_factory=dict[str, Decides])
    """Properties that replace for some changes only."""
    computed: tuple[str, ...] = ()
    """Inputs that the cloud chooses where the program is silent (Optional and Computed)."""
    recomputed: tuple[str, ...] = ()
    """Outputs that an update may change."""
    late: tuple[str, ...] = ()
    """Inputs whose change may wait in the cloud for a maintenance window. Until then the state has the old value, as
    Terraform's has, and the change is shown and sent again."""
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Property path to the default that the genuine provider fills in."""
    initial: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Property to the value that it has right after create, so that no further call is needed."""
    local: tuple[str, ...] = ()
    """Inputs that steer the provider, and never come back from the cloud."""
    autoname: AutoName | None = None
    json: tuple[str, ...] = ()
    """Properties that hold JSON documents: compared by meaning."""
    ordered: tuple[str, ...] = ()
    """Lists whose order means something; the others are sets."""
    same: Mapping[str, Callable[[Any, Any], bool]] = field(default_factory=dict[str, Callable[[Any, Any], bool]])
    """Property to a predicate that tells two spellings of one value."""
    reads_as: Mapping[str, Callable[[Any, Any], bool]] = field(default_factory=dict[str, Callable[[Any, Any], bool]])
    """Property to a predicate that tells whether the live value (first) is what the given one (second) asked for."""
    secret: tuple[str, ...] = ()
    wait: Wait | None = None
    gone: tuple[str, tuple[str | bool, ...]] | None = None
    """A JMESPath into the live description and the values that mean that the resource is deleted."""
    importing: str | None = None
    """The import id as a template, where it is not the resource's own id. ``{id}`` in it is the own id."""
    live_id: str | None = None
    """JMESPath to the own id in the live description, where calls identify the resource by something else."""
    delete_before_replace: bool = False
    regional: bool = True
    check: Callable[[dict[str, Any]], list[tuple[str, str]]] | None = None
    """Rules beyond the service model: (property, reason) for each that the inputs break."""
    after_create: Callable[[Context], None] | None = None
    """Undoes what the cloud did on its own at creation, before the row's further operations."""
    before_delete: Callable[[Context], None] | None = None
    adopt: Callable[[Context], dict[str, Any]] | None = None
    """Finds what exists already, instead of create; its answer stands for create's."""

    kept: bool = False
    """moto lacks the type, or has too little of it: the sandbox's cloud keeps it, validated by the service model."""

    def creation(self, inputs: Mapping[str, Any]) -> Op:
        """The operation that creates the resource from ``inputs``."""
        return next((op for name, op in self.create_by.items() if inputs.get(name) is not None), self.create)
