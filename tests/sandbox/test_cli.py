"""The commands behind the Makefile: environment, processes, secrets, and a small stack from up to down."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox import cli, environment, lifecycle, stack_file
from sandbox.home import Home
from sandbox.sandbox import Sandbox
from sandbox.secrets import Vault, answer
from sandbox.toolchain.pins import ToolchainError, kubernetes_minors, tools
from sandbox.toolchain.setup import find

REPOSITORY = Path(__file__).parents[2]

STACK_FILE = """\
# A comment, and spaces that no writer of YAML would keep.
config:
  platform:aws:   { region: eu-central-1 }
  platform:cluster:
    version:   "1.35"
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "a clone"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: platform\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text(STACK_FILE)
    return folder


@pytest.fixture
def home(clone: Path) -> Home:
    home = Home(clone / ".sandbox" / "dev")
    (home.root / "bin").mkdir(parents=True)
    home.write_facts({})
    return home


@pytest.fixture
def working(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    """An engine that works on the stack, started in another terminal."""
    program = home.root / "engine" / "pulumi"
    program.parent.mkdir(parents=True)
    program.symlink_to(shutil.which("sleep") or "/bin/sleep")
    locks = home.backend / ".pulumi" / "locks" / "organization" / "platform" / "dev"
    locks.mkdir(parents=True)
    with subprocess.Popen([program, "60"]) as process:
        now = datetime.now(UTC).isoformat()
        facts = {"pid": process.pid, "username": "a", "hostname": socket.gethostname(), "timestamp": now}
        (locks / "1.json").write_text(json.dumps(facts))
        yield process
        process.kill()


class TestWhileAnEngineWorks:
    def test_stop_waits_for_it_and_says_so(
        self, clone: Path, working: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
    ) -> None:
        stopping = threading.Thread(target=cli.main, args=(["stop"], clone))
        stopping.start()
        stopping.join(0.7)
        assert stopping.is_alive()
        working.kill()
        working.wait()
        stopping.join(5)
        assert not stopping.is_alive()
        said = capsys.readouterr().err
        assert f"waiting: pulumi (process {working.pid} of a@" in said
        assert said.endswith("works on stack dev\nnothing was running\n")

    def test_start_touches_nothing_before_it_has_ended(
        self, clone: Path, working: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The conditions and the control plane are also those of the engine that works."""
        began: list[str] = []

        def set_up(version: str, _: object) -> None:
            began.append(version)
            raise ToolchainError("not in this test")

        monkeypatch.setattr("sandbox.sandbox.set_up", set_up)
        starting = threading.Thread(target=cli.main, args=(["start"], clone))
        starting.start()
        starting.join(0.7)
        assert (starting.is_alive(), began) == (True, [])
        working.kill()
        working.wait()
        starting.join(5)
        assert began == ["1.35"]

    def test_reset_names_it_and_touches_nothing(
        self, clone: Path, home: Home, working: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Or it would write its state into a home that is gone."""
        assert cli.main(["reset"], clone) == 1
        assert f"end it (`kill {working.pid}`), then `make reset` again" in capsys.readouterr().err
        assert home.made
        working.kill()
        working.wait()
        assert cli.main(["reset"], clone) == 0
        assert not home.root.exists()


def test_a_state_of_which_the_cloud_remembers_nothing_is_refused(
    clone: Path, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    state = home.backend / ".pulumi" / "stacks" / "platform" / "dev.json"
    state.parent.mkdir(parents=True)
    vpc = {"urn": "urn:pulumi:dev::platform::aws:ec2/vpc:Vpc::a", "type": "aws:ec2/vpc:Vpc", "id": "vpc-1"}
    state.write_text(json.dumps({"checkpoint": {"latest": {"resources": [vpc]}}}))
    assert cli.main(["start"], clone) == 1
    said = capsys.readouterr().err
    assert "stack dev has 1 AWS resources, and its cloud remembers none" in said
    assert "`make reset` starts over" in said
    assert home.processes() == []


def test_the_programs_python_may_be_linked_by_two_stacks_at_once(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = Sandbox.of(clone, "dev")
    monkeypatch.setattr(Path, "exists", lambda _: False)
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)
    for _ in range(2):
        sandbox._link_python()
    assert (clone / ".venv").readlink() == Path(sys.prefix)


@pytest.mark.parametrize(("stack", "argument"), [("dev", ""), ("prod", " STACK=prod")])
def test_commands_in_messages_mean_the_stack(tmp_path: Path, stack: str, argument: str) -> None:
    assert Home(tmp_path / stack).argument == argument


class TestStackFile:
    def test_it_tells_what_decides_about_the_sandbox(self, clone: Path) -> None:
        found = stack_file.read(clone, "dev")
        assert (found.project, found.kubernetes, found.region) == ("platform", "1.35", "eu-central-1")

    def test_an_unknown_stack_is_refused_with_the_known_ones(
        self, clone: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert cli.main(["up", "--stack", "staging"], clone) == 1
        assert "no stack 'staging'" in (said := capsys.readouterr().err)
        assert "there are dev" in said
        assert not (clone / ".sandbox").exists()

    @pytest.mark.parametrize("stack", ["dev", "prod"])
    def test_the_committed_stacks_ask_for_a_kubernetes_that_can_be_built(self, stack: str) -> None:
        assert stack_file.read(REPOSITORY, stack).kubernetes in kubernetes_minors()


class TestEnv:
    def script(self, clone: Path, capsys: pytest.CaptureFixture[str]) -> str:
        assert cli.main(["env"], clone) == 0
        return capsys.readouterr().out

    def evaluated(self, script: str, environ: dict[str, str]) -> dict[str, str]:
        done = subprocess.run(
            ["bash", "-c", f"{script}\nenv -0"], env={"PATH": os.defpath, **environ}, capture_output=True, check=True
        )
        return dict(entry.split("=", 1) for entry in done.stdout.decode().split("\0") if entry)

    @pytest.mark.usefixtures("home")
    def test_it_prints_nothing_but_what_a_shell_evaluates(
        self, clone: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        script = self.script(clone, capsys)
        assert all(line.startswith(("export ", "unset ")) for line in script.splitlines())
        # The clone's path has a space.
        assert self.evaluated(script, {})["SANDBOX_HOME"] == str(clone / ".sandbox" / "dev")

    @pytest.mark.usefixtures("home")
    def test_nothing_of_the_users_account_remains(
        self, clone: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        own = {
            "AWS_PROFILE": "production",
            "AWS_SESSION_TOKEN": "token",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_ENDPOINT_URL_RDS": "https://rds.eu-central-1.amazonaws.com",
            "PULUMI_ACCESS_TOKEN": "token",
            "PULUMI_BACKEND_URL": "s3://states",
            "KUBECONFIG": "/home/somebody/.kube/config",
        }
        for name, value in own.items():
            monkeypatch.setenv(name, value)
        environ = self.evaluated(self.script(clone, capsys), own)

        assert not environ.keys() & {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_RDS", "PULUMI_ACCESS_TOKEN"}
        assert environ["AWS_ACCESS_KEY_ID"] == "sandbox"
        assert environ["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
        assert environ["PULUMI_BACKEND_URL"].startswith("file://")
        assert environ["KUBECONFIG"].startswith(str(clone))

    def test_the_users_own_switches_of_the_engine_undo_no_promise(
        self, clone: Path, home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A state that is written at the end only, or compressed, would be lost by a kill, or not be read."""
        own = {
            "PULUMI_SKIP_CHECKPOINTS": "true",
            "PULUMI_DIY_BACKEND_GZIP": "true",
            "PULUMI_SELF_MANAGED_STATE_NO_LEGACY_WARNING": "true",
            "PULUMI_OPTION_REFRESH": "true",
            "PULUMI_SOMETHING_THAT_IS_YET_TO_COME": "true",
        }
        harmless = {"PULUMI_PARALLEL": "4"}
        for name, value in (own | harmless).items():
            monkeypatch.setenv(name, value)
        for environ in (
            self.evaluated(self.script(clone, capsys), own | harmless),
            environment.for_engine(home, "eu-central-1"),
        ):
            assert not own.keys() & environ.keys()
            assert environ["PULUMI_PARALLEL"] == "4"
            assert environ["PULUMI_IGNORE_AMBIENT_PLUGINS"] == "true"
        # Lines that were kept from another shell.
        monkeypatch.delenv("PULUMI_SKIP_CHECKPOINTS")
        assert "PULUMI_SKIP_CHECKPOINTS" not in self.evaluated(self.script(clone, capsys), own)

    @pytest.mark.usefixtures("home")
    def test_evaluating_it_again_changes_nothing(
        self, clone: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        once = self.evaluated(self.script(clone, capsys), {})
        for name, value in once.items():
            monkeypatch.setenv(name, value)
        assert self.evaluated(self.script(clone, capsys), once) == once

    def test_without_a_sandbox_it_says_what_to_do_and_prints_nothing(
        self, clone: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert cli.main(["env"], clone) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert "`make up`" in said.err

    def test_the_aws_cli_can_reach_only_this_machine(self, home: Home) -> None:
        environment.prepare(home, {"pulumi": "/bin/true", "kubectl": "/bin/true"})
        # sqs is one of the services for which the AWS CLI overrules AWS_ENDPOINT_URL.
        for arguments in (["sqs", "list-queues"], ["ec2", "describe-vpcs", "--endpoint-url", "https://192.0.2.1"]):
            done = subprocess.run(
                [home.root / "bin" / "aws", *arguments, "--cli-connect-timeout", "2"],
                env={**environment.for_children(home, "eu-central-1"), "AWS_MAX_ATTEMPTS": "1"},
                capture_output=True,
                text=True,
            )
            assert done.returncode != 0
            assert "127.0.0.1" in done.stderr

    def test_the_token_for_secrets_is_for_this_user_only(self, home: Home) -> None:
        environment.prepare(home, {"pulumi": "/bin/true", "kubectl": "/bin/true"})
        token = home.root / "secrets.token"
        before = token.read_text()
        assert stat.S_IMODE(token.stat().st_mode) == 0o600

        environment.prepare(home, {"pulumi": "/bin/true", "kubectl": "/bin/true"})
        assert token.read_text() == before


class TestInterrupted:
    """What the commands do about engines that were killed; see also tests/engine/test_interrupted.py."""

    @pytest.fixture
    def plain(self, clone: Path, home: Home, tmp_path: Path) -> list[str]:
        """The words that start `pulumi` of the environment, with an engine and a settling that only say so."""
        engine = tmp_path / "engine"
        engine.write_text('#!/bin/sh\necho "engine $*"\n')
        engine.chmod(0o755)
        environment.prepare(home, {"pulumi": str(engine), "kubectl": "/bin/true"})
        (clone / "sandbox.py").write_text("import sys; print(*sys.argv[1:], flush=True); sys.exit(len(sys.argv) == 1)")
        return [str(home.root / "bin" / "pulumi")]

    def said(self, plain: list[str], *words: str) -> list[str]:
        done = subprocess.run([*plain, *words], cwd="/", capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout.splitlines()

    def test_plain_pulumi_is_the_engine(self, plain: list[str]) -> None:
        assert self.said(plain, "up", "--target", "a b") == ["engine up --target a b"]

    @pytest.mark.parametrize("left", ["creations/1", "backend/.pulumi/locks/organization/platform/dev/1.json"])
    def test_after_a_kill_plain_pulumi_goes_on_where_it_was(self, plain: list[str], home: Home, left: str) -> None:
        (home.root / left).parent.mkdir(parents=True)
        assert self.said(plain, "up") == ["engine up"]
        (home.root / left).touch()
        assert self.said(plain, "--non-interactive", "destroy") == [
            "settle --stack dev",
            "engine --non-interactive destroy",
        ]
        assert self.said(plain, "stack", "output") == ["engine stack output"]

    def test_plain_pulumi_stops_when_it_can_not_go_on(self, plain: list[str], clone: Path, home: Home) -> None:
        (home.root / "creations" / "1").mkdir(parents=True)
        (clone / "sandbox.py").write_text("import sys; sys.exit('no')")
        done = subprocess.run([*plain, "up"], capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", "no\n")

    def test_a_reset_that_is_killed_leaves_no_half_of_a_home(
        self, clone: Path, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def killed(*_: object, **__: object) -> None:
            if not home.root.exists():
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(shutil, "rmtree", killed)
            assert cli.main(["reset"], clone) == 130
        assert not home.root.exists()
        (home.root / "backend").mkdir(parents=True)
        assert cli.main(["reset"], clone) == 0
        assert [path.name for path in home.root.parent.iterdir()] == [".dev.lock"]


class TestDown:
    def test_a_protected_stack_is_refused_with_its_names_before_anything_happens(
        self, clone: Path, home: Home, capsys: pytest.CaptureFixture[str]
    ) -> None:
        urn = "urn:pulumi:dev::platform::platform:database:Database$aws:rds/instance:Instance::"
        resources = [
            {"urn": f"{urn}database-writer", "type": "aws:rds/instance:Instance", "protect": True},
            {"urn": f"{urn}database-reader-0", "type": "aws:rds/instance:Instance"},
        ]
        checkpoint = home.backend / ".pulumi" / "stacks" / "platform" / "dev.json"
        checkpoint.parent.mkdir(parents=True)
        checkpoint.write_text(json.dumps({"checkpoint": {"latest": {"resources": resources}}}))

        assert cli.main(["down"], clone) == 1
        said = capsys.readouterr().err
        assert "nothing was touched, as stack dev protects database-writer." in said
        assert "Pulumi.dev.yaml says how" in said
        assert home.processes() == []


class TestLifecycle:
    @pytest.fixture
    def sleeper(self, home: Home) -> Iterator[subprocess.Popen[bytes]]:
        """A process of the sandbox's that does not care about SIGTERM."""
        code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
        with subprocess.Popen([sys.executable, "-c", code, str(home.root)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            yield process
            process.kill()

    def test_a_process_that_does_not_start_shows_the_end_of_its_log(
        self, home: Home, clone: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lifecycle, "SERVICES", ("nonsense",))
        with pytest.raises(lifecycle.LifecycleError, match=r"(?s)nonsense ended with exit status 1; .*No module named"):
            lifecycle.start(home, clone, os.environ)

    def test_what_does_not_stop_is_killed(
        self, home: Home, sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lifecycle, "_STOP_TIMEOUT", 0.2)
        home.announce("etcd", sleeper.pid, 1)

        assert lifecycle.stop(home) == ["etcd"]
        assert sleeper.wait(5) is not None
        assert home.processes() == []

    def test_a_pid_that_now_belongs_to_somebody_else_is_left_alone(self, home: Home) -> None:
        with subprocess.Popen(["sleep", "60"]) as other:
            home.announce("cloud", other.pid, 1)
            assert lifecycle.stop(home) == []
            assert other.poll() is None
            other.kill()

    def test_a_second_command_says_whom_it_waits_for(self, home: Home) -> None:
        with lifecycle.exclusive(home, "up"):
            holder = os.getpid()
            code = (
                "import pathlib, sys; from sandbox import lifecycle; from sandbox.home import Home\n"
                "with lifecycle.exclusive(Home(pathlib.Path(sys.argv[1])), 'down'): print('in')"
            )
            second = subprocess.Popen(
                [sys.executable, "-c", code, str(home.root)],
                cwd=REPOSITORY,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert second.stderr is not None
            assert f"waiting: `up` (process {holder}" in second.stderr.readline()
            assert second.poll() is None
        assert second.communicate(timeout=10)[0] == "in\n"

    def test_the_lock_is_free_once_its_holder_is_gone(self, home: Home) -> None:
        with lifecycle.exclusive(home, "up"):
            pass
        with (home.root.parent / ".dev.lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class TestSecrets:
    def test_what_is_sealed_opens_with_the_same_key_only(self, tmp_path: Path) -> None:
        plain = base64.b64encode(b"confidential").decode()
        sealed = Vault(tmp_path / "key").encrypt(plain)

        assert b"confidential" not in base64.b64decode(sealed)
        assert Vault(tmp_path / "key").decrypt(sealed) == plain
        assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
        with pytest.raises(ValueError, match="another sandbox"):
            Vault(tmp_path / "other").decrypt(sealed)

    def test_many_are_answered_at_once(self, tmp_path: Path) -> None:
        vault = Vault(tmp_path / "key")
        plain = [base64.b64encode(word).decode() for word in (b"one", b"two")]
        sealed = answer(vault, "batch-encrypt", {"plaintexts": plain})
        assert sealed is not None

        opened = answer(vault, "batch-decrypt", sealed)
        assert opened == {"plaintexts": dict(zip(sealed["ciphertexts"], plain, strict=True))}
        assert answer(vault, "something-else", {}) is None


@pytest.mark.engine
class TestSmallStack:
    """From up to down with a program that needs no provider, in a clone of its own."""

    def test_it_leaves_the_stack_file_as_it_was_and_nothing_running(
        self, clone: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        if any(find(tool) is None for tool in tools(kubernetes_minors()[-1])):
            pytest.fail("the toolchain is not complete: run `make test`, which sets it up", pytrace=False)
        # The clone is where the code is.
        shutil.copytree(REPOSITORY / "sandbox", clone / "sandbox", ignore=shutil.ignore_patterns("__pycache__"))
        (clone / "__main__.py").write_text(
            "import pulumi\npulumi.export('kubeconfig', pulumi.Output.secret('confidential'))\n"
        )

        def sandbox(command: str) -> int:
            return subprocess.run([sys.executable, "-m", "sandbox", command], cwd=clone).returncode

        home = Home(clone / ".sandbox" / "dev")
        try:
            assert sandbox("up") == 0
            assert sandbox("up") == 0
            assert sandbox("preview") == 0
            assert sandbox("status") == 0
            shown = capfd.readouterr().out
            assert "kubeconfig: [secret]" in shown
            assert "confidential" not in shown
            assert stat.S_IMODE((home.root / "kubeconfig").stat().st_mode) == 0o600
            assert (home.root / "kubeconfig").read_text() == "confidential"

            plain = (
                f'cd "{clone}" && eval "$({sys.executable} -m sandbox env)" && pulumi preview --expect-no-changes && '
                "pulumi config get cluster && pulumi stack output kubeconfig --show-secrets && "
                "aws sts get-caller-identity"
            )
            done = subprocess.run(["bash", "-c", plain], capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
            assert "confidential" in done.stdout

            processes = home.processes()
            assert {process.name for process in processes} >= set(lifecycle.SERVICES)
            assert sandbox("down") == 0
            assert "nothing left" in capfd.readouterr().err
            assert not any(process.alive for process in processes)
            assert not home.root.exists()
        finally:
            sandbox("reset")
        assert (clone / "Pulumi.dev.yaml").read_text() == STACK_FILE
