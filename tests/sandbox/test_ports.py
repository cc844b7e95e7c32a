"""The sandbox keeps its addresses; what happens when somebody else has one of them."""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import cli, lifecycle, ports
from sandbox.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "clone" / ".sandbox" / "dev")
    home.write_facts({})
    return home


@pytest.fixture
def intruder() -> Iterator[socket.socket]:
    """Somebody's server. Its connections are somebody else's concern."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def take(home: Home, name: str, server: socket.socket) -> int:
    """Let ``server`` have the port that the sandbox remembers for ``name``."""
    port = server.getsockname()[1]
    (home.root / "ports.json").write_text(f'{{"{name}": {port}}}')
    return port


def test_a_port_stays_the_same(home: Home) -> None:
    assert home.port_for("cloud") == home.port_for("cloud") == Home(home.root).ports["cloud"]


def test_it_is_none_that_an_outgoing_connection_may_be_given(home: Home) -> None:
    assert all(port < 32768 for port in (home.port_for(str(number)) for number in range(20)))


class TestOtherSandboxes:
    @pytest.fixture(autouse=True)
    def _few(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A machine that has four ports, all of them free."""
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.setattr(ports.random, "sample", lambda *_: [20001, 20002, 20003, 20004])
        monkeypatch.setattr(ports, "is_free", lambda _: True)

    def test_nobody_gets_a_port_of_a_stopped_one(self, home: Home, tmp_path: Path) -> None:
        other = Home(tmp_path / "other clone" / ".sandbox" / "dev")
        chosen = [each.port_for(name) for name in ("cloud", "etcd") for each in (home, other)]
        assert chosen == [20001, 20002, 20003, 20004]

    def test_those_of_one_that_is_gone_are_free_again(self, home: Home, tmp_path: Path) -> None:
        other = Home(tmp_path / "other clone" / ".sandbox" / "dev")
        assert other.port_for("cloud") == 20001
        shutil.rmtree(other.root)
        assert home.port_for("cloud") == 20001

    def test_what_the_home_knows_is_not_chosen_again(self, home: Home) -> None:
        (home.root / "ports.json").write_text('{"cloud": 20001}')
        assert home.port_for("etcd") == 20002

    @pytest.mark.parametrize("damage", ["", "{", "[]", '{"a": 1}'])
    def test_a_damaged_list_is_made_anew(self, home: Home, tmp_path: Path, damage: str) -> None:
        registry = tmp_path / "cache" / "platform-sandbox" / "ports.json"
        registry.parent.mkdir(parents=True)
        registry.write_text(damage)
        assert home.port_for("cloud") == 20001
        assert json.loads(registry.read_text()) == {"20001": str(home.root)}

    def test_without_a_cache_there_are_still_ports(self, home: Home, tmp_path: Path) -> None:
        (tmp_path / "cache").write_text("not a folder")
        assert home.port_for("cloud") == 20001


def test_who_has_a_port_is_named(intruder: socket.socket) -> None:
    port = intruder.getsockname()[1]

    assert not ports.is_free(port)
    assert ports.holder(port).endswith(f" (process {os.getpid()})")


def test_connections_that_have_ended_do_not_count(intruder: socket.socket) -> None:
    port = intruder.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)):
        served, _ = intruder.accept()
        served.close()  # the server's side ends first, and its port lingers
    intruder.close()

    assert ports.is_free(port)


@pytest.mark.parametrize("name", ["secrets", "cloud", "kube-apiserver"])
def test_an_address_that_others_know_is_not_given_up(home: Home, intruder: socket.socket, name: str) -> None:
    port = take(home, name, intruder)

    with pytest.raises(lifecycle.LifecycleError) as refused:
        lifecycle.start(home, home.root, {})

    message = str(refused.value)
    assert f"port {port}, where others expect the {name} of this sandbox, is taken by" in message
    assert f"(process {os.getpid()}): end that and try again, or start over with `make reset`" in message
    assert "\n" not in message
    assert home.ports == {name: port}


@pytest.mark.parametrize("name", ["plugins", "etcd", "etcd-peer", "kube-controller-manager", "kube-scheduler"])
def test_an_address_of_the_sandboxs_own_changes(home: Home, intruder: socket.socket, name: str) -> None:
    port = take(home, name, intruder)

    lifecycle.claim_ports(home)

    assert home.port_for(name) != port


def test_a_port_that_the_sandbox_itself_has_is_no_trouble(home: Home, intruder: socket.socket) -> None:
    port = take(home, "cloud", intruder)
    home.announce("cloud", os.getpid(), port)

    lifecycle.claim_ports(home)

    assert home.ports == {"cloud": port}


def test_a_control_plane_that_the_cloud_is_just_starting_is_no_trouble(home: Home, intruder: socket.socket) -> None:
    port = take(home, "kube-apiserver", intruder)
    home.announce("cloud", os.getpid(), 1)

    lifecycle.claim_ports(home)

    assert home.ports == {"kube-apiserver": port}


class TestDisk:
    """A command that can't write is told in one sentence, whatever it was about to do."""

    @pytest.fixture
    def clone(self, tmp_path: Path) -> Path:
        folder = tmp_path / "clone"
        folder.mkdir()
        (folder / "Pulumi.yaml").write_text("name: platform\n")
        (folder / "Pulumi.dev.yaml").write_text("config: {}\n")
        return folder

    @pytest.mark.parametrize(
        ("number", "said"),
        [
            (errno.ENOSPC, "there is no space left on the disk of {folder}: free some, or put the clone on another"),
            (errno.EROFS, "{folder} can't be written to (Read-only file system): change that, or put the clone on"),
        ],
    )
    def test_a_start_that_can_not_write_is_one_sentence(
        self,
        clone: Path,
        number: int,
        said: str,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        def write(*_: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(cli.Sandbox, "start", write)

        assert cli.main(["start"], clone) == 1
        shown = capsys.readouterr().err
        assert shown.startswith(f"error: {said.format(folder=clone / '.sandbox')}")
        assert len(shown.splitlines()) == 1

    def test_a_service_that_finds_the_disk_full_is_one_sentence(
        self, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "sandbox").mkdir()
        (tmp_path / "sandbox" / "__init__.py").touch()
        (tmp_path / "sandbox" / "full.py").write_text("import sys; open('/dev/full', 'w', 1).write('x\\n')\n")
        monkeypatch.setattr(lifecycle, "SERVICES", ("full",))

        with pytest.raises(lifecycle.LifecycleError) as refused:
            lifecycle.start(home, tmp_path, {})

        assert str(refused.value).startswith("full could not start, as there is no space left on the disk: mend that")
        assert "\n" not in str(refused.value)
