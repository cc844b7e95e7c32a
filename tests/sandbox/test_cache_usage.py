"""What stays in the cache that all clones share, and for how long."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from sandbox.toolchain import cache, setup, usage
from sandbox.toolchain.go import platform
from sandbox.toolchain.pins import HELM, crds_entry, tools
from tests.sandbox.bare_machine import MINOR, bare_machine, install_go, tool

LIMIT = 700e6
"""Bytes: what the documents promise."""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(setup, "tools", lambda _: [tool("etcd")])
    folder = bare_machine(tmp_path, monkeypatch)
    install_go(folder, tmp_path, monkeypatch)
    return folder


def another(name: str, pins: str = "0123456789ab", *, unused_for_days: float | None = None) -> Path:
    """An entry of another version, without a mark unless it was used."""
    entry = cache.cache_root() / f"{name}-{pins}"
    entry.mkdir(parents=True)
    (entry / name).write_text("a program")
    if unused_for_days is not None:
        then = time.time() - unused_for_days * 24 * 3600
        (entry / ".used").touch()
        os.utime(entry / ".used", (then, then))
    return entry


@pytest.mark.usefixtures("machine")
class TestSupersededEntries:
    def test_what_nobody_used_for_a_month_goes(self) -> None:
        old = [another(name, unused_for_days=31) for name in ("etcd", "crds")]
        setup.set_up(MINOR)
        assert not any(entry.exists() for entry in old)
        assert not list(cache.cache_root().glob(".*.old"))

    def test_what_another_clone_uses_stays(self) -> None:
        recent = another("etcd", unused_for_days=29)
        setup.set_up(MINOR)
        assert recent.exists()

    def test_the_month_of_what_older_sandboxes_made_begins_now(self) -> None:
        unmarked = another("etcd")
        os.utime(unmarked, (0, 0))
        setup.set_up(MINOR)
        assert unmarked.exists()
        assert (unmarked / ".used").exists()

    def test_other_tools_and_other_files_are_nobodys_business(self) -> None:
        others = [another(name, unused_for_days=99) for name in ("kwok", "etcd-something", "python")]
        setup.set_up(MINOR)
        assert all(entry.exists() for entry in others)

    def test_each_set_up_marks_what_it_uses(self) -> None:
        setup.set_up(MINOR)
        mark = tool("etcd").entry(platform()) / ".used"
        os.utime(mark, (0, 0))
        setup.set_up(MINOR)
        assert time.time() - mark.stat().st_mtime < 60

    def test_what_still_runs_stays(self) -> None:
        running = another("etcd", unused_for_days=31)
        shutil.copy("/bin/sleep", running / "etcd")
        with subprocess.Popen([running / "etcd", "60"]) as process:
            try:
                while f"{running}/" not in Path(f"/proc/{process.pid}/maps").read_text():
                    time.sleep(0.01)
                assert usage.remove_superseded([tool("etcd").entry(platform())]) == []
            finally:
                process.kill()
        assert usage.remove_superseded([tool("etcd").entry(platform())]) == [running]


@pytest.mark.engine
def test_all_programs_and_crds_are_as_small_as_promised() -> None:
    setup.set_up(MINOR, [HELM])
    entries = [*(each.entry(platform()) for each in (*tools(MINOR), HELM)), crds_entry()]
    size = sum(file.stat().st_size for entry in entries for file in entry.rglob("*") if file.is_file())
    assert 0 < size < LIMIT
