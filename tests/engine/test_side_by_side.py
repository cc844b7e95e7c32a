"""Several commands at once: on one stack one after the other, on others side by side."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.engine.conftest import Clone
from tests.engine.small_stacks import begin, client, moment, small_stack

pytestmark = pytest.mark.engine


@pytest.fixture
def clones(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Clone]]:
    """Two clones of two stacks each, whose programs wait until they are let go."""
    made = [
        clone
        for name in ("one", "two")
        for clone in small_stack(tmp_path_factory.mktemp(name) / "clone", "that_waits", "dev", "prod")
    ]
    yield made
    for clone in made:
        let_go(clone)
        clone.sandbox("reset", check=False)


def let_go(clone: Clone) -> None:
    (clone.folder / clone.stack).mkdir(exist_ok=True)
    (clone.folder / clone.stack / "go").touch()


def until_it_came(clone: Clone, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not (clone.folder / clone.stack / "came").exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ended(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    return said


def test_stacks_and_clones_run_side_by_side(clones: list[Clone]) -> None:
    ups = [begin(clone, "up") for clone in clones]
    # All four programs are in the middle at the same time.
    for clone, process in zip(clones, ups, strict=True):
        until_it_came(clone, process)
    ports = [process.port for clone in clones for process in clone.home.processes()]
    assert len(set(ports)) == len(ports) >= 4 * 3
    for clone in clones:
        let_go(clone)
    for process in ups:
        assert "waiting" not in ended(process)

    # What becomes of one is nothing to the others, though all of them have a role and a network of the same name.
    stopped, killed, forgotten, _ = clones
    stopped.sandbox("stop")
    for process in killed.home.processes():
        os.kill(process.pid, signal.SIGKILL)
    forgotten.sandbox("reset")
    for clone in clones:
        if clone is not forgotten:
            clone.sandbox("preview", "--refresh", "--expect-no-changes")
            (network,) = (vpc for vpc in client(clone, "ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"])
            assert network["CidrBlock"] == "10.0.0.0/16"
    assert not forgotten.home.root.exists()


@pytest.fixture
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Clone]]:
    made = [
        clone
        for name in ("one", "two")
        for clone in small_stack(tmp_path_factory.mktemp(name) / "clone", "in_a_cluster", "dev")
    ]
    yield made
    for clone in made:
        clone.sandbox("reset", check=False)


def test_clusters_come_up_side_by_side_and_one_does_not_need_the_other(clusters: list[Clone]) -> None:
    for process in [begin(clone, "up") for clone in clusters]:
        ended(process)

    listening = [process for clone in clusters for process in clone.home.processes() if process.port]
    assert len({process.port for process in listening}) == len(listening)
    assert sorted(process.name for process in listening).count("kube-apiserver") == 2
    one, other = clusters
    for process in one.home.processes():
        os.kill(process.pid, signal.SIGKILL)
    assert len(other.kubectl("get", "deployments", "-A", "-l", "test=interrupted")["items"]) == 8
    other.sandbox("preview", "--refresh", "--expect-no-changes")
    one.sandbox("preview", "--refresh", "--expect-no-changes")


def test_a_second_up_waits_and_says_for_whom(clones: list[Clone]) -> None:
    clone = clones[0]
    first = begin(clone, "up")
    until_it_came(clone, first)
    second = begin(clone, "up")
    assert second.stdout is not None
    said = second.stdout.readline()
    assert said.startswith(f"waiting: `up` (process {first.pid}, since ")
    let_go(clone)
    ended(first)
    ended(second)


def test_an_up_waits_for_plain_pulumi_and_for_an_engine_whose_command_was_killed(clones: list[Clone]) -> None:
    clone = clones[0]
    clone.sandbox("start")
    plain = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive"],
        executable=clone.home.root / "bin" / "pulumi",
        cwd=clone.folder,
        env=clone.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until_it_came(clone, plain)
    engine = moment(clone).engine
    waits = begin(clone, "up")
    assert waits.stdout is not None
    assert waits.stdout.readline().startswith(f"waiting: pulumi (process {engine} of ")
    let_go(clone)
    ended(plain)
    ended(waits)

    (clone.folder / "dev" / "go").unlink()
    (clone.folder / "dev" / "came").unlink()
    killed = begin(clone, "up")
    until_it_came(clone, killed)
    engine = moment(clone).engine
    killed.kill()
    waits = begin(clone, "up")
    assert waits.stdout is not None
    assert waits.stdout.readline().startswith(f"waiting: pulumi (process {engine} of ")
    let_go(clone)
    ended(waits)
    killed.communicate(timeout=60)
