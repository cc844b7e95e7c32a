"""What killed engines leave in the file backend."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox import backend, process_facts
from sandbox.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "dev")


@pytest.fixture
def engine() -> Iterator[subprocess.Popen[bytes]]:
    """A process that calls itself pulumi."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "pulumi"]) as process:
        yield process
        process.kill()


def lock(home: Home, pid: int, *, host: str | None = None, ago: float = 0) -> Path:
    """A lock as the engine writes it."""
    folder = home.backend / ".pulumi" / "locks" / "organization" / "platform" / "dev"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{pid}.json"
    since = datetime.fromtimestamp(time.time() - ago, UTC).isoformat(timespec="microseconds")
    content = {
        "pid": pid,
        "username": "somebody",
        "hostname": host or socket.gethostname(),
        "timestamp": since.replace("+00:00", "123Z"),
    }
    path.write_text(json.dumps(content))
    path.with_name(f"{path.name}.attrs").write_text("{}")
    return path


def test_the_lock_of_a_process_that_is_gone_is_taken_away(home: Home) -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    path = lock(home, process.pid)

    assert not backend.is_held(home)
    backend.wait_until_free(home)
    assert list(path.parent.iterdir()) == []


def test_the_lock_of_an_engine_that_works_is_waited_for_and_its_holder_named(
    home: Home, engine: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    path = lock(home, engine.pid)
    assert backend.is_held(home)
    waiting = threading.Thread(target=backend.wait_until_free, args=(home,))
    waiting.start()
    waiting.join(1)
    assert waiting.is_alive()
    assert path.exists()

    path.unlink()
    waiting.join(5)
    assert not waiting.is_alive()
    said = capsys.readouterr().err
    assert said.count("waiting: ") == 1
    assert f"waiting: pulumi (process {engine.pid} of somebody@{socket.gethostname()}, since " in said


def test_the_lock_of_an_engine_that_is_killed_meanwhile_is_no_longer_waited_for(
    home: Home, engine: subprocess.Popen[bytes]
) -> None:
    lock(home, engine.pid)
    waiting = threading.Thread(target=backend.wait_until_free, args=(home,))
    waiting.start()
    waiting.join(0.5)
    assert waiting.is_alive()

    engine.kill()
    engine.wait()
    waiting.join(5)
    assert not waiting.is_alive()


@pytest.mark.parametrize("ago", [0, 3600], ids=["of another program", "started after the lock was taken"])
def test_a_number_that_is_another_processs_now_holds_nothing(
    home: Home, engine: subprocess.Popen[bytes], ago: float
) -> None:
    path = lock(home, engine.pid if ago else os.getppid(), ago=ago)
    backend.wait_until_free(home)
    assert not path.exists()


def test_the_lock_of_another_machine_is_left_alone(home: Home) -> None:
    path = lock(home, 1, host="another")
    assert backend.is_held(home)
    with pytest.raises(backend.LockError, match=r"locked by pulumi \(process 1 of somebody@another, .*pulumi cancel"):
        backend.wait_until_free(home)
    assert path.exists()


def test_torn_companions_and_old_drafts_go_and_the_rest_stays(home: Home) -> None:
    folder = home.backend / ".pulumi" / "stacks" / "platform"
    folder.mkdir(parents=True)
    for name, content in {
        "dev.json": "{}",
        "dev.json.attrs": "",
        "dev.json.bak": "{}",
        "dev.json.bak.attrs": '{"user.content_type": "text/plain"}',
        "dev.json.18a.tmp": '{"checkp',
    }.items():
        (folder / name).write_text(content)
    os.utime(folder / "dev.json.18a.tmp", (0, 0))

    backend.wait_until_free(home)
    assert sorted(path.name for path in folder.iterdir()) == ["dev.json", "dev.json.bak", "dev.json.bak.attrs"]


@pytest.mark.parametrize(
    ("operations", "expected"),
    [("", False), (',"pending_operations":[]', False), (', "pending_operations": [\n {"type": "creating"}]', True)],
)
def test_pending_operations_are_found_in_the_state(home: Home, operations: str, expected: bool) -> None:
    assert not backend.is_pending(home)
    folder = home.backend / ".pulumi" / "stacks" / "platform"
    folder.mkdir(parents=True)
    # A text that a resource happens to have is not the state's own.
    text = json.dumps({"text": json.dumps({"pending_operations": [{}]})})
    (folder / "dev.json").write_text(f'{{"checkpoint": {{"latest": {{"resources": [{text}]{operations}}}}}}}')
    assert backend.is_pending(home) is expected


def test_a_clock_that_was_set_back_takes_no_lock_away(home: Home) -> None:
    """Nobody else runs this home's own engine."""
    program = home.root / "engine" / "pulumi"
    program.parent.mkdir(parents=True)
    program.symlink_to(shutil.which("sleep") or "/bin/sleep")
    with subprocess.Popen([program, "60"]) as process:
        path = lock(home, process.pid, ago=3600)
        assert backend.is_held(home)
        assert backend.holder(home) is not None
        process.kill()
    assert backend.holder(home) is None
    assert path.exists()


@pytest.mark.parametrize("content", ["", '{"pid": 1', "[]", "{}"])
def test_a_torn_lock_holds_nothing(home: Home, content: str) -> None:
    path = lock(home, os.getpid())
    path.write_text(content)
    os.utime(path, (0, 0))
    assert not backend.is_held(home)
    backend.wait_until_free(home)
    assert not path.exists()


def test_how_old_a_process_is(engine: subprocess.Popen[bytes]) -> None:
    assert 0 <= process_facts.age(engine.pid) < 5
    assert process_facts.age(os.getpid()) > process_facts.age(engine.pid)


@pytest.mark.parametrize(
    ("shown", "seconds"), [("00:07", 7), ("12:07", 727), ("01:00:00", 3600), ("2-03:00:01", 2 * 86400 + 10801)]
)
def test_ages_are_read_as_ps_writes_them(shown: str, seconds: float) -> None:
    assert process_facts.seconds(shown) == seconds
