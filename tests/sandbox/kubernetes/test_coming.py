"""Custom resources whose kind is not served yet: the program brings it, or the preview fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.kube import ApiError
from sandbox.plugins.kubernetes.coming import Coming
from sandbox.plugins.kubernetes.resources import Resources
from sandbox.plugins.program import ADD_ON, CRD, RELEASE, Program, program_of
from sandbox.plugins.protocol import UNKNOWN, ProviderError
from tests.sandbox.kubernetes.fake_kube import FakeKube, Said, cluster

Object = dict[str, Any]

TYPE = "kubernetes:example.com/v1:Widget"
WIDGET = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "web"}}


def definition(kind: Any = "Widget", version: str = "v1", group: Any = "example.com") -> Object:
    names = {"kind": kind, "plural": "widgets"}
    versions = [{"name": version, "served": True}, {"name": "v1alpha1", "served": False}]
    return {"kind": "CustomResourceDefinition", "spec": {"group": group, "names": names, "versions": versions}}


def contents(name: str, inputs: Mapping[str, Any]) -> list[Object] | None:
    del inputs
    return [{"kind": "Deployment"}, definition()] if name == "operator" else None


def coming(*resources: tuple[str, Object], patience: float = 0) -> Coming:
    program = Program()
    for number, (type, inputs) in enumerate(resources):
        program.note(f"urn:{number}", type, inputs)
    return Coming(program, contents, patience)


@pytest.mark.parametrize(
    ("type", "inputs", "brought"),
    [
        (CRD, definition(), True),
        (CRD, definition(kind="Gadget"), False),
        (CRD, definition(version="v2"), False),
        (CRD, definition(version="v1beta1"), False),
        (CRD, definition(group="example.org"), False),
        # It may well be this one.
        (CRD, definition(group=UNKNOWN), True),
        (CRD, {"kind": "CustomResourceDefinition", "spec": UNKNOWN}, True),
        (RELEASE, {"chart": "operator"}, True),
        (RELEASE, {"chart": "oci://example.com/charts/operator"}, True),
        (RELEASE, {"chart": "operator", "skipCrds": True}, False),
        (RELEASE, {"chart": "other"}, False),
        (ADD_ON, {"addonName": "operator"}, True),
        (ADD_ON, {"addonName": "other"}, False),
    ],
)
def test_a_definition_a_chart_or_an_add_on_brings_a_kind(type: str, inputs: Object, brought: bool) -> None:
    assert coming((type, inputs)).brings("example.com/v1", "Widget") is brought


def test_the_rest_of_the_program_is_waited_for() -> None:
    waiting = coming(patience=30)
    later = threading.Timer(0.05, waiting.program.note, ("urn:crd", CRD, definition()))
    later.start()
    began = time.monotonic()
    assert waiting.brings("example.com/v1", "Widget")
    assert time.monotonic() - began < 10
    later.join()


def test_a_kind_that_comes_is_previewed_by_its_inputs() -> None:
    provider = Resources(cluster(FakeKube()), coming((CRD, definition())))
    _, outputs = provider.create(Said().call(TYPE, preview=True), WIDGET)
    assert outputs["metadata"]["name"] == "web"
    assert provider.update(Said().call(TYPE, preview=True), WIDGET, WIDGET)["kind"] == "Widget"


def test_a_kind_that_nothing_brings_fails_the_preview() -> None:
    provider = Resources(cluster(FakeKube()), coming((RELEASE, {"chart": "vendor/thing"})))
    call = Said().call(TYPE, preview=True)
    with pytest.raises(
        ProviderError, match=r"Widget web: .*no kind Widget in example.com/v1, and within 0 s no .*depends_on"
    ):
        provider.create(call, WIDGET)
    with pytest.raises(ProviderError, match="chart that the sandbox does not have: vendor/thing"):
        provider.update(call, WIDGET, WIDGET)


@pytest.mark.parametrize(("present", "excused"), [("string", True), ("integer", False)])
def test_an_object_that_fits_the_definition_to_come_is_believed(present: str, excused: bool) -> None:
    kube = FakeKube()
    kube.served["example.com/v1", "Widget"] = True
    wanted = {**definition(), "apiVersion": "apiextensions.k8s.io/v1", "metadata": {"name": "widgets.example.com"}}
    wanted["spec"] |= {"size": {"type": "integer", "x_kubernetes_map_type": "atomic"}}
    live = kube.put(wanted)
    live["spec"]["size"] = {"type": present, "x-kubernetes-map-type": "atomic", "default": 1}
    kube.errors = [ApiError(422, "Invalid", "spec.size: must be a string")]
    provider = Resources(cluster(kube), coming((CRD, wanted)))
    try:
        provider.create(Said().call(TYPE, preview=True), WIDGET)
    except ProviderError:
        assert not excused
    else:
        assert excused


def test_the_providers_of_one_engine_know_of_one_program() -> None:
    first = program_of("127.0.0.1:1")
    assert program_of("127.0.0.1:1") is first
    assert program_of("127.0.0.1:2") is not first
