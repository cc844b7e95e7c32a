"""A flat program of the resources that a stack has: as many, with the same types, properties and order.

It is the shortest program that registers them: one call of the SDK's typed class for each, with references where a
property holds what another resource gave. Components stand beside the others, with nothing inside.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

_SIGNATURE, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
"""How the engine marks special values, and which value it gives to secrets."""
_PLAIN_WORTH = 6
"""Characters from which a text in a property is taken for another resource's output, not for a coincidence."""

_STACK_TYPE = "pulumi:pulumi:Stack"
_MAPS = {"annotations", "data", "labels", "stringData", "tags", "tagsAll"}

_HEAD = """\
import pulumi


def member(output, key, attribute):
    return output.apply(lambda value: getattr(value, attribute) if hasattr(value, attribute) else value[key])

"""

State = Mapping[str, Any]


class Program:
    """The source of the flat program, built from a stack's state with its secrets in plain."""

    def __init__(self, resources: Sequence[State]) -> None:
        """``resources``: of a stack's export, in its order."""
        self._resources = [
            resource for resource in resources if resource["type"] != _STACK_TYPE and not resource.get("delete")
        ]
        self._variables = {resource["urn"]: f"r{index}" for index, resource in enumerate(self._resources)}
        self._by_urn = {resource["urn"]: resource for resource in self._resources}
        self._modules: set[str] = set()

    @property
    def source(self) -> str:
        lines = [line for resource in self._resources for line in self._resource(resource)]
        imports = sorted(self._modules)
        return "\n".join([*(f"import {name}" for name in imports), _HEAD, *lines, ""])

    @property
    def types(self) -> Counter[str]:
        """How many resources of which type it registers."""
        return Counter(str(resource["type"]) for resource in self._resources)

    def __len__(self) -> int:
        return len(self._resources)

    def _resource(self, resource: State) -> list[str]:
        urn, token = str(resource["urn"]), str(resource["type"])
        name = urn.rpartition("::")[2]
        if not resource.get("custom"):
            return [f"{self._variables[urn]} = pulumi.ComponentResource({token!r}, {name!r})"]
        module, class_name = _class_of(token)
        self._modules.add(module)
        arguments = self._arguments(resource, getattr(importlib.import_module(module), class_name))
        options = self._options(resource, " ".join(arguments.values()))
        listed = ", ".join([repr(name), *(f"{key}={value}" for key, value in arguments.items()), f"opts={options}"])
        return [f"{self._variables[urn]} = {module}.{class_name}({listed})"]

    def _arguments(self, resource: State, resource_class: Any) -> dict[str, str]:
        known = {_folded(name): name for name in inspect.signature(resource_class._internal_init).parameters}
        inputs = cast("dict[str, Any]", resource.get("inputs") or {})
        arguments: dict[str, str] = {}
        is_provider = str(resource["type"]).startswith("pulumi:providers:")
        custom = str(resource["type"]).count(":") == 2 and "others" in known
        for key, value in inputs.items():
            if key.startswith("__") or (key == "version" and is_provider):
                continue
            if isinstance(value, str) and is_provider and key != "kubeconfig":
                value = _configured(value)
            sources = _flow(resource).get(key) or []
            text = self._value(value, [self._by_urn[urn] for urn in sources if urn in self._by_urn])
            parameter = known.get(_folded(key))
            if parameter is not None:
                arguments[parameter] = text
            elif custom:
                arguments[key] = text
            else:
                raise ValueError(f"{resource['urn']}: {resource_class.__name__} has no parameter for its input {key}")
        return arguments

    def _options(self, resource: State, arguments: str) -> str:
        """``arguments``: what they refer to is waited for anyhow."""
        options: list[str] = []
        provider = str(resource.get("provider") or "").rpartition("::")[0]
        if provider in self._variables:
            options.append(f"provider={self._variables[provider]}")
        waits = dict.fromkeys(urn for one in self._line(resource) for urn in one.get("dependencies") or ())
        named = [self._variables[urn] for urn in waits if urn in self._variables]
        order = [variable for variable in named if not re.search(rf"\b{variable}\.", arguments)]
        if order:
            options.append(f"depends_on=[{', '.join(order)}]")
        return f"pulumi.ResourceOptions({', '.join(options)})"

    def _line(self, resource: State) -> Iterator[State]:
        """The resource, and the components that it is in: what these wait for, it waits for."""
        found: State | None = resource
        while found is not None:
            yield found
            found = self._by_urn.get(str(found.get("parent")))

    def _value(self, value: Any, sources: Sequence[State]) -> str:
        if isinstance(value, dict):
            if (opened := _opened(value)) is not value:
                return f"pulumi.Output.secret({self._value(opened, sources)})"
            mapping = cast("dict[str, Any]", value)
            members = (f"{key!r}: {self._value(member, sources)}" for key, member in mapping.items())
            return f"{{{', '.join(members)}}}"
        if isinstance(value, list):
            return f"[{', '.join(self._value(member, sources) for member in cast('list[Any]', value))}]"
        if isinstance(value, str) and sources:
            return self._text(value, sources)
        return repr(value)

    def _text(self, text: str, sources: Sequence[State]) -> str:
        """``text`` as a literal, or with references for those parts that are outputs of ``sources``."""
        given = {
            output: reference for source in sources for output, reference in self._outputs(source) if output in text
        }
        if not given:
            return repr(text)
        pattern = "|".join(re.escape(output) for output in sorted(given, key=len, reverse=True))
        pieces = [given.get(piece, repr(piece)) for piece in re.split(f"({pattern})", text) if piece]
        return pieces[0] if len(pieces) == 1 else f"pulumi.Output.concat({', '.join(pieces)})"

    def _outputs(self, source: State) -> list[tuple[str, str]]:
        variable = self._variables[source["urn"]]
        found = [(str(source.get("id") or ""), f"{variable}.id"), *_texts(source.get("outputs") or {}, variable)]
        return [(text, reference) for text, reference in found if len(text) >= _PLAIN_WORTH]


def _flow(resource: State) -> dict[str, list[str] | None]:
    """Property to the URNs of the resources whose outputs it holds."""
    return cast("dict[str, list[str] | None]", resource.get("propertyDependencies") or {})


def _opened(value: Any) -> Any:
    """A secret's plain value; any other value as it is."""
    if not isinstance(value, dict):
        return value
    members = cast("dict[str, Any]", value)
    return json.loads(members["plaintext"]) if members.get(_SIGNATURE) == _SECRET else members


def _texts(outputs: dict[str, Any], variable: str) -> Iterator[tuple[str, str]]:
    """All texts in a resource's outputs and in their members, with the expressions that lead to them."""
    for key, value in outputs.items():
        # In maps of the user's own keys there are no attributes.
        if key in _MAPS or not re.fullmatch(r"[a-z][A-Za-z0-9]*", key):
            continue
        reference, content = f"{variable}.{_snake(key)}", _opened(value)
        if isinstance(content, str):
            yield content, reference
        elif isinstance(content, dict):
            for name, member in cast("dict[str, Any]", content).items():
                if isinstance(member, str):
                    yield member, f"member({reference}, {name!r}, {_snake(name)!r})"


def _class_of(token: str) -> tuple[str, str]:
    """(module, class) of the SDK for a type token."""
    package, module, name = token.split(":")
    if package == "pulumi":  # pulumi:providers:aws
        return f"pulumi_{name}", "Provider"
    if package == "aws":
        return f"pulumi_aws.{module.split('/')[0]}", name
    if module == "helm.sh/v3":
        return "pulumi_kubernetes.helm.v3", name
    group, _, version = module.partition("/")
    short = group.removesuffix(".k8s.io").split(".")[0]
    path = f"pulumi_kubernetes.{short}.{version}"
    try:
        if hasattr(importlib.import_module(path), name):
            return path, name
    except ImportError:
        pass
    return "pulumi_kubernetes.apiextensions", "CustomResource"


def _configured(text: str) -> Any:
    """Providers get their inputs as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _folded(name: str) -> str:
    return name.replace("_", "").lower()


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
