"""Settings that are kept encrypted: an error message goes into logs and comments, so it tells nothing of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stacks.settings import SettingsError
from tests.stacks.loading import load
from tests.stacks.stack_files import configuration

SECRET = "s3cr3t-canary"
APPLICATION = "platform:application"


def told(change: Callable[[dict[str, Any]], object], *secret: str) -> str:
    config = configuration("dev")
    change(config)
    with pytest.raises(SettingsError) as caught:
        load(config, secret=secret)
    return str(caught.value).partition("\n")[2]


def test_a_secret_can_be_used_like_any_other_setting() -> None:
    config = configuration("dev")
    assert load(config, secret=[APPLICATION]).application == load(config).application


def test_a_missing_secret_is_told_with_how_to_set_it() -> None:
    def change(config: dict[str, Any]) -> None:
        del config[APPLICATION]["host"]

    assert told(change, APPLICATION) == (
        f"  {APPLICATION}.host: it is missing; allowed: a lower-case DNS name such as shop.example.com; "
        f"fix: `pulumi config set --secret --path '{APPLICATION}.host'`"
    )


@pytest.mark.parametrize("value", ["", None])
def test_an_empty_secret_is_told_as_such(value: str | None) -> None:
    line = told(lambda config: config[APPLICATION].update(host=value), APPLICATION)
    assert line.startswith(f"  {APPLICATION}.host = [secret]: ")
    assert line.endswith(f"; fix: `pulumi config set --secret --path '{APPLICATION}.host'`")


@pytest.mark.parametrize(
    "change",
    [
        lambda config: config[APPLICATION].update(host=f"https://{SECRET}"),
        lambda config: config[APPLICATION].update(name=SECRET.upper()),
        lambda config: config[APPLICATION].update(hsot=SECRET),
        lambda config: config[APPLICATION]["image"].update(repository=SECRET),
        lambda config: config[APPLICATION]["image"].update(tag=f"{SECRET} {SECRET}"),
        lambda config: config[APPLICATION].update(resources={"cpuRequest": SECRET}),
        lambda config: config[APPLICATION].update(autoscaling=[SECRET]),
    ],
)
def test_nothing_of_a_secret_is_shown(change: Callable[[dict[str, Any]], object]) -> None:
    line = told(change, APPLICATION)
    assert f"{APPLICATION}." in line
    assert SECRET.lower() not in line.lower()


def test_a_mistake_elsewhere_does_not_repeat_a_secret() -> None:
    line = told(lambda config: config["platform:registry"].update(repositories=["s3cr3t", "s3cr3t"]), APPLICATION)
    assert "s3cr3t is there twice" in line
    line = told(lambda config: config["platform:registry"].update(repositories=[SECRET, SECRET]), "platform:registry")
    assert SECRET not in line
