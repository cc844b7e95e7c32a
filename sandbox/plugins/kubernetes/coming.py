"""Kinds that the API server does not serve yet, and whether the program is about to bring them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sandbox.plugins.program import ADD_ON, CRD, RELEASE, Program
from sandbox.plugins.protocol import Unknown, contains_unknown

Object = dict[str, Any]

PATIENCE = 5.0
"""Seconds for the rest of the program to be registered."""


def _nothing(name: str, inputs: Mapping[str, Any]) -> Sequence[Object] | None:
    del name, inputs
    return None


@dataclass(frozen=True)
class Coming:
    """What the program brings."""

    program: Program = field(default_factory=Program)
    contents: Callable[[str, Mapping[str, Any]], Sequence[Object] | None] = _nothing
    """The objects of a chart or add-on, by its name and the resource's inputs; None when nobody knows them."""
    patience: float = PATIENCE

    def brings(self, api_version: str, kind: str) -> bool:
        """Whether a CRD, a chart or an add-on of the program serves a kind once it is up."""
        return self.program.has(
            lambda type, inputs: any(_serves(crd, api_version, kind) for crd in self._crds_of(type, inputs)),
            patience=self.patience,
        )

    def definition(self, api_version: str, kind: str) -> Mapping[str, Any] | None:
        """The CRD with which the program so far serves a kind; None when it does not."""
        found = (crd for type, inputs in self.program.resources() for crd in self._crds_of(type, inputs))
        return next((crd for crd in found if not contains_unknown(crd) and _serves(crd, api_version, kind)), None)

    def unknown_charts(self) -> list[str]:
        """The program's charts of which nobody knows the CRDs."""
        charts = [(str(inputs.get("chart")), inputs) for type, inputs in self.program.resources() if type == RELEASE]
        return sorted({chart for chart, inputs in charts if self.contents(_last(chart), inputs) is None})

    def _crds_of(self, type: str, inputs: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        if type == CRD:
            return [inputs]
        if type not in (RELEASE, ADD_ON) or inputs.get("skipCrds") is True:
            return []
        name = _last(str(inputs.get("chart" if type == RELEASE else "addonName") or ""))
        found = self.contents(name, inputs) or ()
        return [obj for obj in found if obj.get("kind") == "CustomResourceDefinition"]


def _serves(crd: Mapping[str, Any], api_version: str, kind: str) -> bool:
    spec = crd.get("spec")
    if not isinstance(spec, Mapping):
        return isinstance(spec, Unknown)
    fields = cast("Mapping[str, Any]", spec)
    names, versions = cast("Object", fields.get("names") or {}), fields.get("versions")
    if contains_unknown([fields.get("group"), names, versions]):
        return True  # it may well be this one
    served = [entry.get("name") for entry in cast("list[Object]", versions or []) if entry.get("served")]
    group, _, version = api_version.rpartition("/")
    return fields.get("group") == group and names.get("kind") == kind and version in served


def _last(name: str) -> str:
    """``traefik`` of ``traefik``, ``traefik/traefik`` or ``oci://example.com/charts/traefik``."""
    return name.rstrip("/").rpartition("/")[2]
