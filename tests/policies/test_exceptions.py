"""policies/settings.toml: what the organisation asks for, and exceptions that end."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from policies.judging import Judge, Violation
from policies.rules import RULES
from policies.settings import SettingsError, load, parse
from tests.policies.examples import fine

TODAY = date(2026, 11, 21)
GENERAL = 'regions = ["eu-central-1"]\ntags = ["owner"]\nregistries = ["*.amazonaws.com/*"]\n'


def _settings(expires: date, *, rule: str = "rds-multi-az", stack: str = "prod", resources: str = '["i?"]') -> str:
    return (
        f'{GENERAL}[[exceptions]]\nrule = "{rule}"\nstack = "{stack}"\nresources = {resources}\n'
        f'reason = "a standby is ordered"\nexpires = {expires}\n'
    )


def _judged(text: str, *, stack: str = "prod") -> list[Violation]:
    database = fine("aws:rds/instance:Instance", {"multiAz": False})
    return list(Judge(RULES, parse(text), stack=stack, today=TODAY).all([database]))


def test_an_exception_silences_its_rule_for_its_resources_until_its_day() -> None:
    assert _judged(_settings(TODAY + timedelta(days=90))) == []


def test_an_exception_is_spoken_of_in_its_last_days() -> None:
    (violation,) = _judged(_settings(TODAY + timedelta(days=30)))
    assert violation.excepted
    assert "An exception holds until 2026-12-21: a standby is ordered." in violation.text


def test_the_last_day_counts() -> None:
    (violation,) = _judged(_settings(TODAY))
    assert violation.excepted


def test_an_exception_that_ended_is_none() -> None:
    (violation,) = _judged(_settings(TODAY - timedelta(days=1)))
    assert not violation.excepted
    assert violation.text.startswith("The exception for this ended on 2026-11-20: a standby is ordered.\n")


@pytest.mark.parametrize(
    "text",
    [
        _settings(TODAY + timedelta(days=90), stack="dev"),
        _settings(TODAY + timedelta(days=90), resources='["another"]'),
        _settings(TODAY + timedelta(days=90), rule="rds-backups"),
    ],
    ids=["another stack", "another resource", "another rule"],
)
def test_an_exception_is_for_what_it_names_only(text: str) -> None:
    assert [violation.excepted for violation in _judged(text)] == [False]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            _settings(TODAY + timedelta(days=400)),
            "the exception from rds-multi-az ends on 2027-12-26: a year ahead is the longest",
        ),
        (
            _settings(TODAY, rule="rds-multi-zone"),
            "there is no rule rds-multi-zone (do you mean rds-multi-az?)",
        ),
        (
            GENERAL.replace("regions", "region"),
            "region: there is no such key (do you mean regions?); there are regions, tags, registries, exceptions",
        ),
        (GENERAL.replace('["owner"]', '"owner"'), "tags is 'owner': a list of texts is needed"),
        (
            _settings(TODAY).replace(f"expires = {TODAY}", 'expires = "soon"'),
            "exceptions[0].expires is 'soon': a day is needed, such as 2027-03-31",
        ),
        (
            _settings(TODAY).replace('reason = "a standby is ordered"', 'reason = " "'),
            "exceptions[0].reason is ' ': a text is needed",
        ),
        (
            _settings(TODAY).replace("resources", "resource"),
            "exceptions[0].resource: there is no such key",
        ),
        ("regions = [", "is no TOML"),
        (_settings(TODAY).replace("[[exceptions]]", "[exceptions]"), "write [[exceptions]], with two brackets"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_in_one_line(text: str, line: str) -> None:
    with pytest.raises(SettingsError, match=r"policies/settings\.toml") as refused:
        _judged(text)
    assert line in str(refused.value)


def test_an_extended_exception_may_stand_beside_the_one_that_ended() -> None:
    ended, extended = (_settings(TODAY + timedelta(days=days)) for days in (-1, 90))
    assert _judged(ended + extended.removeprefix(GENERAL)) == []


def test_the_committed_settings_are_sound_and_make_no_exceptions() -> None:
    loaded = load(Path(__file__).parents[2] / "policies" / "settings.toml")
    assert loaded.exemptions == ()
    Judge(RULES, loaded, stack="prod", today=TODAY)
