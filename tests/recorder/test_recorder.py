"""The recorder that the unit tests stand on."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_aws as aws
import pytest

from recorder import record, record_stack


class Pair(pulumi.ComponentResource):
    """A component of two resources, the second of which waits for the first."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:index:Pair", name, None, opts)
        first = aws.kms.Key(f"{name}-first", opts=pulumi.ResourceOptions(parent=self, protect=True))
        aws.kms.Alias(f"{name}-second", target_key_id=first.key_id, opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({"arn": first.arn})


def test_two_resources_with_one_urn_are_found() -> None:
    def program() -> None:
        aws.kms.Key("same")
        aws.kms.Key("same")

    with pytest.raises(AssertionError, match=r"two resources have the URN .*::same"):
        record(program)


def test_urns_carry_the_types_of_all_parents() -> None:
    recording = record(lambda: Pair("pair"), stack="dev")
    assert recording["pair-first"].urn == "urn:pulumi:dev::platform::test:index:Pair$aws:kms/key:Key::pair-first"


def test_options_that_plain_mocks_never_see_are_recorded() -> None:
    recording = record(lambda: Pair("pair"))
    assert recording["pair-first"].protect
    assert recording["pair-first"].parent == recording["pair"].urn


def test_data_flow_is_an_order() -> None:
    recording = record(lambda: Pair("pair"))
    assert recording.waits_for("pair-second", "pair-first")
    assert not recording.waits_for("pair-first", "pair-second")


def test_what_depends_on_a_component_waits_for_all_inside_it() -> None:
    def program() -> None:
        Pair("after", pulumi.ResourceOptions(depends_on=[Pair("before")]))

    recording = record(program)
    assert recording.waits_for("after-first", "before")
    assert not recording.waits_for("before-first", "after-first")


def test_secrets_are_told_from_plain_values_all_the_way() -> None:
    def program() -> None:
        secret = aws.secretsmanager.SecretVersion("s", secret_id="id", secret_string=pulumi.Output.secret("hidden"))
        pulumi.export("hidden", secret.secret_string)
        pulumi.export("plain", secret.secret_id)

    recording = record(program)
    assert recording["s"].secrets == {"secretString"}
    assert recording.exports == {"hidden": "hidden", "plain": "id"}
    assert recording.secret_exports == {"hidden"}


def test_the_exception_of_a_program_comes_out_as_it_is_and_leaves_nothing_behind() -> None:
    def program() -> None:
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        record(program)
    assert record(lambda: Pair("pair")).names == ["pair", "pair-first", "pair-second"]


PROGRAM = """
import pulumi
import pulumi_aws as aws

aws.kms.Key("key", description=pulumi.Config("shop").require("about"))
"""


def test_a_stack_is_its_projects_program_with_the_settings_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  shop:about: of dev\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)

    recording = record_stack(tmp_path, "dev")
    assert recording["key"].inputs["description"] == "of dev"
    assert recording["key"].urn == "urn:pulumi:dev::shop::aws:kms/key:Key::key"

    changed = record_stack(tmp_path, "dev", {"shop:about": "another"})
    assert changed["key"].inputs["description"] == "another"


def test_a_stack_without_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")

    with pytest.raises(OSError, match=r"Pulumi\.dev\.yaml"):
        record_stack(tmp_path, "dev")
