"""A variable that is misspelt would be overlooked, and whoever set it would believe in faults that never came."""

from __future__ import annotations

import re

import pytest

from sandbox.variables import KNOWN, VariableError, refuse_misspelt
from tests.guides import REPOSITORY


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SANDBOX_FAULTRATE", "SANDBOX_FAULT_RATE"),
        ("SANDBOX_TIMESCALE", "SANDBOX_TIME_SCALE"),
        ("SANDBOX_QUOTA", "SANDBOX_QUOTAS"),
        ("SANDBOX_CHARTS_CACHE", "SANDBOX_CHART_CACHE"),
        ("sandbox_time_scale", "SANDBOX_TIME_SCALE"),
    ],
)
def test_a_misspelt_variable_is_refused_with_the_name_that_was_meant(name: str, meant: str) -> None:
    with pytest.raises(VariableError, match=f"^{name} is set, which nothing reads: write {meant}, or unset it$"):
        refuse_misspelt({name: "1"})


def test_what_the_sandbox_reads_passes_and_so_does_what_is_somebody_elses() -> None:
    refuse_misspelt(dict.fromkeys((*KNOWN, "SANDBOX_HOME", "SANDBOX_PYTHON", "SANDBOX_URL", "MY_SANDBOX"), "1"))


def test_every_variable_that_is_documented_is_known_and_the_other_way_round() -> None:
    text = "".join(path.read_text() for path in (REPOSITORY / "docs").glob("*.md"))

    assert set(re.findall(r"\bSANDBOX_[A-Z_]+\b", text)) == set(KNOWN)
