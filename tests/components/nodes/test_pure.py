from __future__ import annotations

import re

import pytest

from components.machines import families, machines
from components.nodes import Taint, TaintEffect, ami_type, check_taints
from components.refusals import Refusal


@pytest.mark.parametrize(
    ("instance_types", "image"),
    [
        (["t3.medium", "t3a.medium"], "AL2023_x86_64_STANDARD"),
        (["m7g.large", "c6gn.xlarge", "t4g.small", "im4gn.large"], "AL2023_ARM_64_STANDARD"),
        (["g4dn.xlarge", "g6.xlarge"], "AL2023_x86_64_NVIDIA"),
        (["p5.48xlarge"], "AL2023_x86_64_NVIDIA"),
        (["g5g.xlarge", "p6e-gb200.36xlarge"], "AL2023_ARM_64_NVIDIA"),
        (["p6-b200.48xlarge"], "AL2023_x86_64_NVIDIA"),
        (["m7i-flex.large", "u-6tb1.metal"], "AL2023_x86_64_STANDARD"),
        (["inf2.xlarge", "trn1.2xlarge", "trn1n.32xlarge"], "AL2023_x86_64_NEURON"),
    ],
)
def test_the_image_follows_processor_and_accelerator(instance_types: list[str], image: str) -> None:
    assert ami_type(instance_types) == image


def test_types_that_need_different_images_are_refused() -> None:
    with pytest.raises(ValueError, match=r"t3\.medium needs AL2023_x86_64_STANDARD, t4g\.medium needs AL2023_ARM_64"):
        ami_type(["t3.medium", "t4g.medium"])


@pytest.mark.parametrize(
    "instance_type",
    [
        *("mac2.metal", "mac2-m2.metal", "mac-m4.metal", "dl1.24xlarge", "g4ad.xlarge"),
        *("a1.large", "c1.medium", "m1.small", "m2.xlarge", "t1.micro"),
    ],
)
def test_types_that_no_image_fits_are_refused(instance_type: str) -> None:
    with pytest.raises(ValueError, match=f"{instance_type} .*; fix: take another instance type"):
        ami_type([instance_type])


@pytest.mark.parametrize("instance_type", ["t3", "T3.medium", "medium", ""])
def test_what_is_no_instance_type_is_refused(instance_type: str) -> None:
    with pytest.raises(ValueError, match="does not exist; allowed: an instance type of EC2"):
        ami_type([instance_type])


@pytest.mark.parametrize(
    ("wrong", "right"), [("m7i.larg", "m7i.large"), ("T3.medium", "t3.medium"), ("m7g-large", "m7g.large")]
)
def test_the_instance_type_that_was_probably_meant_is_told(wrong: str, right: str) -> None:
    with pytest.raises(ValueError, match=f"fix: write {right}$"):
        ami_type([wrong])


def test_every_instance_type_has_an_image_or_a_reason_why_not() -> None:
    for instance_type in machines(families()):
        if instance_type.startswith(("mac", "dl", "g4ad", "a1.", "c1.", "m1.", "m2.", "t1.")):
            with pytest.raises(Refusal, match="fix: take another instance type"):
                ami_type([instance_type])
        else:
            assert re.fullmatch("AL2023_(ARM_64|x86_64)_(STANDARD|NVIDIA|NEURON)", ami_type([instance_type]))


@pytest.mark.parametrize(
    ("text", "taint"),
    [
        ("gpu=nvidia:NoSchedule", Taint("gpu", "nvidia", TaintEffect.NO_SCHEDULE)),
        ("workload=ai:PreferNoSchedule", Taint("workload", "ai", TaintEffect.PREFER_NO_SCHEDULE)),
        ("example.com/dedicated:NoExecute", Taint("example.com/dedicated", "", TaintEffect.NO_EXECUTE)),
    ],
)
def test_a_taint_is_written_as_kubectl_takes_it(text: str, taint: Taint) -> None:
    assert Taint.parse(text) == taint


@pytest.mark.parametrize("text", ["gpu", "gpu=nvidia", "gpu=nvidia:Never", "=nvidia:NoSchedule", "a b=c:NoSchedule"])
def test_what_is_no_taint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no taint; allowed: key=value:Effect"):
        Taint.parse(text)


def test_a_key_has_an_effect_once() -> None:
    check_taints([Taint.parse("gpu=a:NoSchedule"), Taint.parse("gpu=a:NoExecute")])
    with pytest.raises(ValueError, match="gpu has the effect NoSchedule twice"):
        check_taints([Taint.parse("gpu=a:NoSchedule"), Taint.parse("gpu=b:NoSchedule")])


def test_effects_have_the_names_that_eks_gives_them() -> None:
    assert [effect.in_eks for effect in TaintEffect] == ["NO_SCHEDULE", "PREFER_NO_SCHEDULE", "NO_EXECUTE"]
