"""The genuine provider's schema, as the pulumi-aws SDK carries it: names and types of each property."""

from __future__ import annotations

import importlib
import threading
import typing
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, cast

import pulumi

# The SDK's own reflection over its generated classes.
sdk: Any = importlib.import_module("pulumi._types")

_loading = threading.Lock()

Kind = Literal["text", "number", "bool", "list", "map", "object", "any"]


@dataclass(frozen=True, slots=True)
class Type:
    """A property's type. ``fields`` of an object are in Pulumi's names."""

    kind: Kind
    item: Type | None = None
    fields: Mapping[str, Type] | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """The properties that one type takes and gives; each input is an output as well."""

    inputs: frozenset[str]
    outputs: Mapping[str, Type]


@cache
def schema_of(token: str) -> Schema:
    """The schema of ``aws:<module>/<file>:<Class>``. Raises LookupError when the SDK has no such type."""
    _, module_path, name = token.split(":")
    module_name = module_path.partition("/")[0]
    module_name = f"{module_name}_" if module_name == "lambda" else module_name
    try:
        # The SDK loads its modules lazily, and a thread that comes second finds half of one.
        with _loading:
            module: Any = importlib.import_module(f"pulumi_aws.{module_name}")
            resource, arguments = getattr(module, name), getattr(module, f"{name}Args")
    except (ImportError, AttributeError) as error:
        raise LookupError(f"pulumi-aws has no type {token}") from error
    return Schema(
        inputs=frozenset(sdk.input_type_py_to_pulumi_names(arguments).values()),
        outputs={key: _type_of(value) for key, value in sdk.resource_types(resource).items()},
    )


def _type_of(annotation: Any) -> Type:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is not None and origin not in (list, dict, Sequence, Mapping, Awaitable, pulumi.Output):
        # Optional[X] and Union[str, Enum]: the first member tells the kind.
        plain = [argument for argument in arguments if argument is not type(None)]
        return _type_of(plain[0]) if plain else Type("any")
    if origin in (list, Sequence):
        return Type("list", item=_type_of(arguments[0]))
    if origin in (dict, Mapping):
        return Type("map", item=_type_of(arguments[1]))
    if isinstance(annotation, type):
        if annotation is bool:
            return Type("bool")
        if annotation in (int, float):
            return Type("number")
        if sdk.is_output_type(annotation):
            return _object_type(annotation)
    return Type("text") if annotation is str else Type("any")


@cache
def _object_type(cls: type) -> Type:
    fields = cast("dict[str, Any]", sdk.output_type_types(cls))
    return Type("object", fields={name: _type_of(value) for name, value in fields.items()})
