"""The toolchain: what is taken from the machine, what is built, what is told when that fails."""

from __future__ import annotations

import fcntl
import io
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NoReturn

import pytest

from sandbox.home import Home
from sandbox.progress import Progress
from sandbox.toolchain import cache, inventory, python_environment, seal, setup
from sandbox.toolchain.go import platform
from sandbox.toolchain.pins import (
    CRD_SETS,
    FOLDER,
    HELM,
    GoModule,
    ToolchainError,
    kubernetes_minors,
    tools,
    version,
)
from tests.sandbox.bare_machine import MINOR, bare_machine, failing_go, install_go, program, tool


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return bare_machine(tmp_path, monkeypatch)


class TestFinding:
    def test_an_official_engine_on_path_is_taken_when_it_is_new_enough(self, machine: Path) -> None:
        program(machine / "pulumi", "echo v3.300.1")
        assert setup.find(tool("pulumi")) == str(machine / "pulumi")

        program(machine / "pulumi", "echo v3.254.9")
        assert setup.find(tool("pulumi")) is None

    def test_a_helm_on_path_is_taken_when_it_is_a_helm_3_that_is_new_enough(self, machine: Path) -> None:
        for found, taken in (("v3.19.4+g1234567", True), ("v3.20.0", True), ("v3.18.6", False), ("v4.0.1", False)):
            program(machine / "helm", f"echo {found}")
            assert (setup.find(HELM) is not None) is taken, found

    def test_the_links_of_a_sandbox_are_not_taken_for_programs(
        self, machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # After `eval "$(make env)"` they come first on PATH.
        home = Home(tmp_path / ".sandbox" / "dev")
        home.write_facts({})
        program(home.root / "bin" / "pulumi", "echo v3.300.1")
        program(home.root / "bin" / "kubectl", "")
        program(machine / "kubectl", "")
        monkeypatch.setenv("PATH", f"{home.root / 'bin'}{os.pathsep}{machine}")

        assert setup.find(tool("pulumi")) is None
        assert setup.kubectl() == str(machine / "kubectl")

    def test_an_apiserver_of_another_minor_is_not_taken(self, machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assets = machine / "assets"
        monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))

        program(assets / "kube-apiserver", f"echo Kubernetes v{MINOR}.99")
        assert setup.find(tool("kube-apiserver")) == str(assets / "kube-apiserver")

        program(assets / "kube-apiserver", "echo Kubernetes v1.12.0")
        assert setup.find(tool("kube-apiserver")) is None

    def test_a_program_that_can_not_run_is_not_taken(self, machine: Path) -> None:
        program(machine / "etcd", "exit 1")
        assert setup.find(tool("etcd")) is None

    def test_an_unknown_kubernetes_version_is_refused_with_the_known_ones(self) -> None:
        with pytest.raises(ToolchainError, match=rf"no Kubernetes 1\.2, only .*{re.escape(MINOR)}"):
            tools("1.2")


class TestPins:
    def test_every_module_pins_what_it_builds_and_all_that_goes_into_it(self) -> None:
        for found in [*tools(MINOR), HELM]:
            assert found.version.startswith("v")
            assert f"{found.module} {found.version} h1:" in found.source.files[1].read_text()
        for crds in CRD_SETS:
            assert f"{crds.module} {crds.source.required(crds.module)} h1:" in crds.source.files[1].read_text()

    def test_the_engine_is_the_one_that_its_sdk_was_made_with(self) -> None:
        pinned = re.search(r"^pulumi==(\S+)$", (FOLDER.parents[1] / "requirements.txt").read_text(), re.MULTILINE)
        assert pinned is not None
        assert tool("pulumi").version == f"v{pinned.group(1)}"

    def test_the_policies_need_what_is_installed_here(self) -> None:
        root = FOLDER.parents[1]
        wanted = (root / "policies" / "requirements.txt").read_text().splitlines()
        pinned = (root / "requirements-dev.txt").read_text().splitlines()
        assert {line for line in wanted if not line.startswith("#")} <= set(pinned)

    def test_the_control_plane_is_of_the_minor_that_its_folder_names(self) -> None:
        for minor in kubernetes_minors():
            plane = next(found for found in tools(minor) if found.name == "kube-apiserver")
            assert version(plane.version)[:2] == version(minor)

    def test_the_entry_in_the_cache_changes_with_the_pins(self, tmp_path: Path) -> None:
        (tmp_path / "go.sum").write_text("one")
        before = cache.key(tmp_path / "go.sum", "flags")
        assert before == cache.key(tmp_path / "go.sum", "flags")

        (tmp_path / "go.sum").write_text("two")
        assert cache.key(tmp_path / "go.sum", "flags") != before
        assert tool("etcd").entry("linux/amd64") != tool("etcd").entry("linux/arm64")


class TestBuilding:
    @pytest.fixture
    def go(self, machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        return install_go(machine, tmp_path, monkeypatch)

    def test_everything_is_built_once(self, go: Path, capsys: pytest.CaptureFixture[str]) -> None:
        toolchain = setup.set_up(MINOR)

        shown = capsys.readouterr().err
        assert f"[3/7] building kube-apiserver {tool('kube-apiserver').version}: done in" in shown
        assert Path(toolchain.programs["etcd"]).read_text() == "built \n"
        assert [file.name for file in sorted(toolchain.crds.glob("*/*.yaml"))] == [
            "things.yaml",
            "gateway.networking.k8s.io_things.yaml",
            "traefik.io_things.yaml",
        ]

        go.unlink()
        assert setup.set_up(MINOR) == toolchain
        assert capsys.readouterr().err == ""

    @pytest.mark.usefixtures("go")
    def test_helm_is_built_for_those_who_ask_for_it_only(self) -> None:
        assert "helm" not in setup.set_up(MINOR).programs
        assert not list(cache.cache_root().glob("helm-*"))

        toolchain = setup.set_up(MINOR, [HELM])
        assert Path(toolchain.programs["helm"]).read_text().startswith("built")

    def test_a_failure_is_one_sentence_with_the_log(self, go: Path) -> None:
        program(go, failing_go("go: example.com/module@v1: 403 Forbidden"))

        with pytest.raises(ToolchainError) as failure:
            setup.set_up(MINOR)

        message = str(failure.value)
        assert "could not be built: go: example.com/module@v1: 403 Forbidden; see " in message
        assert "\n" not in message
        assert "403" in Path(message.rpartition("see ")[2]).read_text()
        assert not list(cache.cache_root().glob("pulumi-*")), "a failed build must not leave an entry"
        assert not list(cache.cache_root().glob(".pulumi-*"))

    def test_a_go_that_is_too_old_is_not_used(self, go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        program(go, "echo go1.2.3")
        asked: list[Path] = []

        def install(folder: Path, log: Path) -> str:
            asked.append(folder / log)
            raise ToolchainError("asked for another Go")

        monkeypatch.setattr(setup, "install_go", install)
        with pytest.raises(ToolchainError, match="asked for another Go"):
            setup.set_up(MINOR)
        assert asked

    @pytest.mark.usefixtures("go")
    def test_a_second_set_up_waits_for_the_first_and_builds_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        etcd = tool("etcd")
        entry = etcd.entry(platform())
        (cache.cache_root() / "locks").mkdir(parents=True)
        with (cache.cache_root() / "locks" / "etcd.lock").open("w") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            second = threading.Thread(target=setup.set_up, args=(MINOR,))
            second.start()
            while "waiting for another set-up that works on etcd" not in capsys.readouterr().err:
                assert second.is_alive()
                time.sleep(0.05)
            program(entry / "etcd", "echo the first one built it")
            seal.seal(entry)
            fcntl.flock(other, fcntl.LOCK_UN)
            second.join()

        assert "the first one" in (entry / "etcd").read_text()


class TestProgress:
    def test_without_a_terminal_there_are_plain_lines_and_signs_of_life(self) -> None:
        stream = io.StringIO()
        with Progress(2, stream, heartbeat=0.05).step("building it") as step:
            step.detail = "3 packages"
            time.sleep(0.12)

        lines = stream.getvalue().splitlines()
        assert lines[0] == "[1/2] building it ..."
        assert lines[1] == "[1/2] building it ... 0 s (3 packages)"
        assert lines[-1].startswith("[1/2] building it: done in ")
        assert "\x1b" not in stream.getvalue()

    def test_on_a_terminal_one_line_lives(self) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        stream = Terminal()
        with Progress(1, stream).step("building it"):
            time.sleep(0.3)
        assert stream.getvalue().count("\n") == 1
        assert "\r\x1b[K[1/1] building it ... 0 s" in stream.getvalue()

    def test_a_step_that_fails_says_so(self) -> None:
        stream = io.StringIO()
        with pytest.raises(RuntimeError), Progress(1, stream).step("building it"):
            raise RuntimeError
        assert "[1/1] building it: failed after" in stream.getvalue()


class TestPythonEnvironment:
    @pytest.fixture
    def clone(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A clone with requirements, on a machine where installing them is a matter of a file."""

        def run(command: list[str], *_: object, **__: object) -> None:
            if "venv" in command:
                program(Path(command[-1]) / "bin" / "python", "exit 1")
                package = Path(command[-1]) / "lib" / "python3" / "site-packages" / "pulumi"
                package.mkdir(parents=True)
                (package / "__init__.py").write_text("version = 1\n")
            with (tmp_path / "ran").open("a") as ran:
                ran.write(f"{' '.join(command[1:4])}\n")

        monkeypatch.setattr(python_environment, "_run", run)
        return self.another_clone(tmp_path / "clone")

    @staticmethod
    def another_clone(folder: Path) -> Path:
        folder.mkdir()
        (folder / "requirements.txt").write_text("pulumi==1\n")
        (folder / "requirements-dev.txt").write_text("pytest==1\n")
        return folder

    def test_a_second_clone_installs_nothing(self, clone: Path, tmp_path: Path) -> None:
        first = python_environment.ensure(clone)
        ran = (tmp_path / "ran").read_text()
        second = python_environment.ensure(self.another_clone(tmp_path / "second"))

        assert first.resolve() == second.resolve()
        assert (tmp_path / "ran").read_text() == ran

    def test_changed_requirements_make_another_environment(self, clone: Path) -> None:
        before = python_environment.ensure(clone).resolve()
        (clone / "requirements.txt").write_text("pulumi==2\n")

        assert python_environment.ensure(clone).resolve() != before

    def test_an_environment_of_ones_own_stays(self, clone: Path, tmp_path: Path) -> None:
        own = clone / ".venv"
        program(own / "bin" / "python", "exit 1")

        python_environment.ensure(clone)

        assert not own.is_symlink()
        assert "-m venv" not in (tmp_path / "ran").read_text()
        assert "-m pip install" in (tmp_path / "ran").read_text()

    def test_a_broken_one_of_ones_own_is_refused_in_one_sentence(self, clone: Path) -> None:
        python = clone / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.symlink_to("/opt/python-that-was-upgraded/bin/python3")

        with pytest.raises(python_environment.EnvironmentFailed) as refused:
            python_environment.ensure(clone)

        assert str(refused.value) == (
            f"{clone}/.venv is your own, and its bin/python leads to /opt/python-that-was-upgraded/bin/python3, which "
            "is gone: make that environment again, or remove it to get the sandbox's"
        )

    def test_nothing_is_said_of_damage_to_ones_own(self, clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
        own = clone / ".venv"
        program(own / "bin" / "python", "exit 1")
        package = own / "lib" / "python3" / "site-packages" / "something"
        package.mkdir(parents=True)
        python_environment.ensure(clone)
        package.rmdir()
        (clone / "requirements.txt").write_text("pulumi==2\n")

        python_environment.ensure(clone)

        assert "damaged" not in capsys.readouterr().err

    @pytest.mark.parametrize(("when", "checked"), [("after a boot", "an earlier boot"), ("at the next command", None)])
    def test_damage_is_seen_and_mended(
        self, clone: Path, capsys: pytest.CaptureFixture[str], when: str, checked: str | None
    ) -> None:
        entry = python_environment.ensure(clone).resolve()
        packages = entry / "lib" / "python3" / "site-packages"
        if checked:
            (entry / ".platform-checked").write_text(checked)
            (packages / "pulumi" / "__init__.py").write_text("")
            said = "lib/python3/site-packages/pulumi/__init__.py has 0 bytes instead of 12"
        else:
            shutil.rmtree(packages / "pulumi")
            said = "lib/python3/site-packages/pulumi/__init__.py is missing"
        python_environment.ensure(clone)

        assert f"{entry} is damaged ({said}): it is made again" in capsys.readouterr().err, when
        assert (packages / "pulumi" / "__init__.py").read_text() == "version = 1\n"
        python_environment.ensure(clone)
        assert capsys.readouterr().err == ""

    def test_what_was_looked_at_since_the_boot_is_not_looked_at_again(
        self, clone: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        entry = python_environment.ensure(clone).resolve()
        (entry / ".platform-checked").write_text("an earlier boot")
        python_environment.ensure(clone)

        def look(folder: Path) -> NoReturn:
            raise AssertionError(f"{folder} is large")

        monkeypatch.setattr(inventory, "_found", look)
        python_environment.ensure(clone)

    def test_one_of_an_older_sandbox_is_taken_as_it_is(self, clone: Path, tmp_path: Path) -> None:
        entry = python_environment.ensure(clone).resolve()
        for name in (".platform-checked", ".platform-inventory"):
            (entry / name).unlink()
        ran = (tmp_path / "ran").read_text()

        python_environment.ensure(clone)

        assert (tmp_path / "ran").read_text() == ran
        assert (entry / ".platform-inventory").exists()

    def test_it_runs_on_a_python_that_has_nothing(self) -> None:
        command = [sys.executable, "-I", "-S", "-c", IMPORT_BARE, str(FOLDER.parents[1])]
        done = subprocess.run(command, capture_output=True, text=True, env={"PATH": os.defpath})
        assert done.stderr == ""


IMPORT_BARE = "import sys; sys.path.insert(0, sys.argv[1]); import sandbox.toolchain.python_environment"


def test_a_go_module_without_what_is_asked_for_is_named(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module m\n\ngo 1.25.0\n\nrequire example.com/a v1.2.3\n")
    module = GoModule(tmp_path)

    assert module.go == (1, 25, 0)
    assert module.required("example.com/a") == "v1.2.3"
    with pytest.raises(ToolchainError, match=r"does not require example\.com/b"):
        module.required("example.com/b")
