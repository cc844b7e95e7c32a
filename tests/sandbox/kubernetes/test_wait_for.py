"""The annotation pulumi.com/waitFor."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.plugins.kubernetes.checks import annotation_failures
from sandbox.plugins.kubernetes.wait_for import wanted_conditions
from tests.sandbox.kubernetes.fake_kube import Said

Object = dict[str, Any]

STATUS = {
    "phase": "Done",
    "items": [{"x": 1}],
    "conditions": [{"type": "Available", "status": "False"}, {"type": "Synced", "status": "True"}],
}


def live(status: Object, generation: int = 1) -> Object:
    return {"metadata": {"name": "web", "generation": generation, "annotations": {"a.b/c": "d"}}, "status": status}


def annotated(text: str, key: str = "waitFor") -> Object:
    return {"metadata": {"name": "web", "annotations": {f"pulumi.com/{key}": text}}}


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("condition=Synced", True),
        ("condition=synced=true", True),  # as kubectl wait has it
        ("condition=Synced=False", False),
        ("condition=Available", False),
        ("condition=Other", False),
        ("jsonpath={.status.phase}", True),
        ("jsonpath={.status.phase}=Done", True),
        ("jsonpath={ $.status.phase }=Done", True),
        ("jsonpath={.status.items[0].x}=1", True),
        ("jsonpath={.status.items[*].x}=1", True),
        ('jsonpath={.metadata.annotations["a.b/c"]}=d', True),
        ('jsonpath={.status.conditions[?(@.type=="Synced")].status}=True', True),
        ('jsonpath={.status.conditions[?(@.type=="Available")].status}=True', False),
        ("jsonpath={.status.other}", False),
        (json.dumps(["condition=Synced", "jsonpath={.status.phase}=Done"]), True),
        (json.dumps(["condition=Synced", "jsonpath={.status.phase}=Started"]), False),
    ],
)
def test_conditions_and_paths_decide(text: str, met: bool) -> None:
    assert all(each.met(live(STATUS)) for each in wanted_conditions(annotated(text))) is met


@pytest.mark.parametrize("text", ["condition=Synced", "jsonpath={.status.phase}"])
def test_a_status_of_an_earlier_generation_does_not_count(text: str) -> None:
    (wanted,) = wanted_conditions(annotated(text))
    behind = {**STATUS, "observedGeneration": 1}
    assert wanted.met(live(behind, generation=1))
    assert not wanted.met(live(behind, generation=2))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Ready", "it must be condition=<Type>"),
        ("[]", "is an empty list"),
        ("jsonpath=.status.phase", "the form is"),
        ("jsonpath={.status.phase}=", "the form is"),
        ("jsonpath='{.status.phase}'=Done", "the form is"),
        ("jsonpath={.status[}", "Parse error"),
        ('["condition=A", "B"]', "'B'"),
    ],
)
def test_an_annotation_that_says_nothing_fails_the_preview(text: str, reason: str) -> None:
    (failure,) = annotation_failures(Said().call("kubernetes:core/v1:ConfigMap"), annotated(text))
    assert failure.property == 'metadata.annotations["pulumi.com/waitFor"]'
    assert reason in failure.reason


def test_a_timeout_that_is_no_number_is_warned_of() -> None:
    said = Said()
    call = said.call("kubernetes:core/v1:ConfigMap")
    assert annotation_failures(call, annotated("60", "timeoutSeconds")) == []
    assert said.warnings() == []
    assert annotation_failures(call, annotated("1m", "timeoutSeconds")) == []
    assert "'1m'" in said.warnings()[0]
