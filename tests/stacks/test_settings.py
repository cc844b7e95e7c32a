from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pulumi
import pytest

from components.cluster import VERSIONS
from components.removal import RemovalPolicy
from recorder import Recording
from stacks.settings import Settings, SettingsError, advice
from tests.stacks.loading import load
from tests.stacks.stack_files import bring_up, configuration

SETTLED = date(2026, 11, 1)
"""A day on which no version that the stacks ask for is about to end."""

Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_both_stacks_can_be_used(stack: str) -> None:
    assert load(configuration(stack), stack).network.zones in (2, 3)


def test_a_mistake_ends_the_program_without_a_traceback() -> None:
    assert issubclass(SettingsError, pulumi.RunError)


def test_data_is_retained_unless_the_stack_says_otherwise() -> None:
    config = configuration("dev")
    del config["platform:removalPolicy"]
    assert load(config).removal_policy is RemovalPolicy.RETAIN


def test_settings_can_not_be_changed_once_read() -> None:
    settings = load(configuration("dev"))
    with pytest.raises(ValueError, match="frozen"):
        settings.network.zones = 3  # pyright: ignore[reportAttributeAccessIssue]


def test_nothing_is_registered_when_something_is_wrong() -> None:
    config = configuration("dev")
    config["platform:network"]["zones"] = 4
    recording = Recording()

    with pytest.raises(SettingsError):
        bring_up("dev", config, into=recording)

    assert recording.resources == []


def test_nodes_without_a_way_out_are_warned_about() -> None:
    config = configuration("dev")
    config["platform:network"]["nat"] = "None"
    logs = bring_up("dev", config).logs
    assert [severity for severity, message in logs if "set Single or PerZone" in message] == ["WARNING"]


@pytest.mark.parametrize(
    ("today", "told"),
    [
        (date(2026, 12, 26), None),
        (date(2026, 12, 27), "whose standard support ends on 2027-03-27; EKS then upgrades"),
        (date(2027, 3, 28), "whose standard support ended on 2027-03-27"),
    ],
)
def test_the_end_of_a_kubernetes_version_is_told_90_days_before(today: date, told: str | None) -> None:
    warnings = advice(load(configuration("dev")), today)
    assert (told in warnings[0] and "platform:cluster.version is 1.35" in warnings[0]) if told else warnings == []


def test_the_version_to_go_to_is_told_when_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VERSIONS, "1.36", date(2027, 8, 1))
    assert advice(load(configuration("dev")), date(2027, 1, 1))[0].endswith("Set 1.36")


def test_a_control_plane_that_only_its_nodes_reach_is_warned_about() -> None:
    config = configuration("prod")
    del config["platform:cluster"]["privateAccessCidrs"]
    (warning,) = advice(load(config, "prod"), SETTLED)
    assert "names no network in publicAccessCidrs or privateAccessCidrs" in warning


@pytest.mark.parametrize("change", [{"exposure": "Internal"}, {"allowedCidrs": ["203.0.113.0/24"]}])
def test_a_challenge_that_never_arrives_is_warned_about(change: dict[str, Any]) -> None:
    config = configuration("dev")
    config["platform:ingress"].update(change)
    (warning,) = advice(load(config), SETTLED)
    assert "no certificate is ever issued" in warning
    for section in ("certificates", "application"):
        del config[f"platform:{section}"]
    assert advice(load(config), SETTLED) == []


def test_rights_in_a_namespace_that_the_application_is_not_in_are_warned_about() -> None:
    config = configuration("dev")
    config["platform:application"]["namespace"] = "shop"
    (warning,) = advice(load(config), SETTLED)
    assert "accessEntries.developers grants Edit in application, and not in shop" in warning
    config["platform:cluster"]["accessEntries"]["developers"]["grants"][0]["namespaces"] = ["sho*"]
    assert advice(load(config), SETTLED) == []


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_our_own_stacks_give_no_cause_for_warnings(stack: str) -> None:
    assert advice(load(configuration(stack), stack), SETTLED) == []


@pytest.mark.parametrize(
    ("change", "read"),
    [
        (lambda c: c["platform:database"].update(version=17), lambda s: s.database.version),
        (lambda c: c["platform:application"]["image"].update(tag=20260511), lambda s: s.application.image.tag),
        (lambda c: c["platform:aws"].update(allowedAccountIds=[123456789012]), lambda s: s.aws.allowed_account_ids[0]),
    ],
)
def test_a_text_of_digits_may_be_written_as_a_number(change: Change, read: Callable[[Settings], str]) -> None:
    """As `pulumi config set --path` does, and as one forgets the quotes."""
    config = configuration("dev")
    change(config)

    assert read(load(config)).isdigit()


@pytest.mark.parametrize("value", [1.35, True])
def test_what_yaml_has_bent_is_not_taken_for_a_text(value: Any) -> None:
    config = configuration("dev")
    config["platform:cluster"]["version"] = value
    with pytest.raises(SettingsError, match="fix: put it in quotes"):
        load(config)
