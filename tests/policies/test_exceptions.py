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
            "exceptions[0].expires = 2027-12-26: it is more than a year ahead; allowed: days until 2027-11-22; "
            "fix: write 2027-11-22, or an earlier day",
        ),
        (
            _settings(TODAY, rule="rds-multi-zone"),
            'exceptions[0].rule = "rds-multi-zone": there is no such rule; allowed: those of docs/policies.md; '
            "fix: write rds-multi-az",
        ),
        (
            f'{GENERAL}region = ["eu-west-1"]\n',
            "region: there is no such key; allowed: regions, tags, registries, exceptions; fix: write regions",
        ),
        (
            GENERAL.replace("regions", "#"),
            'regions: it is missing; allowed: a list of texts; fix: add regions = ["..."]',
        ),
        (
            GENERAL.replace('["owner"]', '"owner"'),
            'tags = "owner": it is no list of texts; allowed: a list of texts; fix: write tags = ["owner"]',
        ),
        (
            _settings(TODAY).replace(f"expires = {TODAY}", 'expires = "soon"'),
            'exceptions[0].expires = "soon": it is no day; allowed: a day; fix: write expires = 2027-03-31',
        ),
        (
            _settings(TODAY).replace('reason = "a standby is ordered"', 'reason = " "'),
            'exceptions[0].reason = " ": it is no text with words in it; allowed: a text with words in it; '
            'fix: write reason = "..."',
        ),
        (
            f"{_settings(TODAY)}colour = 1\n",
            "exceptions[0].colour: there is no such key; allowed: rule, stack, resources, reason, expires; "
            "fix: leave it out",
        ),
        (
            "regions = [",
            "it can't be read: Invalid value (at end of document); allowed: TOML; fix: correct the text",
        ),
        (
            _settings(TODAY).replace("[[exceptions]]", "[exceptions]"),
            "exceptions: it is no list; allowed: a table for each exception; "
            "fix: write [[exceptions]], with two brackets on each side",
        ),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_in_one_line(text: str, line: str) -> None:
    with pytest.raises(SettingsError) as refused:
        _judged(text)
    assert str(refused.value) == f"policies/settings.toml: {line}"


def test_all_that_is_wrong_with_the_settings_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        parse('region = ["eu-central-1"]\ntags = []\nregistries = 1\n')
    assert [line.split(": ")[1] for line in str(refused.value).splitlines()] == ["region", "regions", "registries = 1"]


def test_an_extended_exception_may_stand_beside_the_one_that_ended() -> None:
    ended, extended = (_settings(TODAY + timedelta(days=days)) for days in (-1, 90))
    assert _judged(ended + extended.removeprefix(GENERAL)) == []


def test_the_committed_settings_are_sound_and_make_no_exceptions() -> None:
    loaded = load(Path(__file__).parents[2] / "policies" / "settings.toml")
    assert loaded.exemptions == ()
    Judge(RULES, loaded, stack="prod", today=TODAY)
