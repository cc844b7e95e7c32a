"""The language host: its protocol by itself, and programs and policy packs under the genuine engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from sandbox.engine import Engine
from sandbox.environment import for_children, prepare
from sandbox.home import Home
from sandbox.lifecycle import start, stop
from sandbox.plugins.language_python import LanguageHost, interpreter
from sandbox.plugins.run_program import user_traceback
from sandbox.stack_file import read
from sandbox.toolchain.pins import kubernetes_minors, tools
from sandbox.toolchain.setup import find, kubectl

REPOSITORY = Path(__file__).parents[2]
SHIM = REPOSITORY / "sandbox" / "bin" / "pulumi-language-python"


def program_info(folder: Path, **options: str) -> Any:
    struct = struct_pb2.Struct()
    struct.update(options)
    return language_pb2.ProgramInfo(
        root_directory=str(folder), program_directory=str(folder), entry_point=".", options=struct
    )


class TestProtocol:
    def test_it_prints_its_port_serves_and_leaves_quietly_when_interrupted(self) -> None:
        environ = {**os.environ, "SANDBOX_PYTHON": sys.executable}
        with subprocess.Popen(
            [SHIM, "127.0.0.1:1"], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as host:
            assert host.stdout is not None
            port = int(host.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub: Any = language_pb2_grpc.LanguageRuntimeStub(channel)
                stub.Handshake(language_pb2.LanguageHandshakeRequest(engine_address="127.0.0.1:2"), timeout=10)
                about = stub.About(language_pb2.AboutRequest(info=program_info(REPOSITORY, virtualenv="no-such")))
                assert about.executable == sys.executable
                assert about.version == ".".join(map(str, sys.version_info[:3]))
            host.send_signal(signal.SIGINT)
            rest, complaints = host.communicate(timeout=10)
        assert (host.returncode, rest, complaints) == (0, b"", b"")

    def test_the_programs_own_environment_is_used_where_it_is(self, tmp_path: Path) -> None:
        python = tmp_path / ".venv" / "bin" / "python"
        assert interpreter(program_info(tmp_path, virtualenv=".venv")) == Path(sys.executable)

        python.parent.mkdir(parents=True)
        python.symlink_to(sys.executable)
        assert interpreter(program_info(tmp_path, virtualenv=".venv")) == python
        assert interpreter(program_info(tmp_path)) == Path(sys.executable)

    def test_it_lists_what_the_program_can_import(self) -> None:
        request = language_pb2.GetProgramDependenciesRequest(info=program_info(REPOSITORY))
        found = {item.name: item.version for item in LanguageHost().GetProgramDependencies(request, None).dependencies}
        assert found["pulumi"] in (REPOSITORY / "requirements.txt").read_text()

    def test_a_plugin_is_heard_on_both_streams_and_its_exit_status_told(self, tmp_path: Path) -> None:
        (tmp_path / "__main__.py").write_text(
            "import os, sys\nprint(os.environ['GIVEN'], sys.argv[1])\nsys.stderr.write('oh')\nsys.exit(7)\n"
        )
        request = language_pb2.RunPluginRequest(
            pwd=str(tmp_path), args=["argument"], env=["GIVEN=here"], kind="resource", info=program_info(tmp_path)
        )
        said = list(LanguageHost().RunPlugin(request, None))

        assert b"".join(answer.stdout for answer in said) == b"here argument\n"
        assert b"".join(answer.stderr for answer in said) == b"oh"
        assert said[-1].exitcode == 7

    @pytest.mark.parametrize(
        "arguments",
        [["127.0.0.1:1"], ["127.0.0.1:1", "."], ["--logtostderr", "-v=9", "--tracing", "file:trace", "127.0.0.1:1"]],
    )
    def test_a_policy_pack_runs_however_much_the_engine_logs(self, tmp_path: Path, arguments: list[str]) -> None:
        """With ``--logflow`` the engine puts flags before its address."""
        (tmp_path / "__main__.py").write_text("print('the pack')\n")
        info = program_info(tmp_path)
        request = language_pb2.RunPluginRequest(pwd=str(tmp_path), args=arguments, kind="analyzer", info=info)

        said = list(LanguageHost().RunPlugin(request, None))

        assert b"".join(answer.stderr for answer in said) == b""
        assert b"the pack\n" in b"".join(answer.stdout for answer in said)

    def test_a_traceback_starts_in_the_program(self, tmp_path: Path) -> None:
        code = compile("def build():\n    raise ValueError('wrong')\nbuild()\n", str(tmp_path / "__main__.py"), "exec")
        try:
            exec(code, {})
        except ValueError as error:
            shown = user_traceback(tmp_path, error)
        assert __file__ not in shown
        assert shown.count("File ") == 2
        assert shown.endswith("ValueError: wrong\n")


class Project:
    """A project of one stack under the genuine engine."""

    def __init__(self, folder: Path) -> None:
        programs = {tool.name: find(tool) for tool in tools(kubernetes_minors()[-1])}
        engine = programs["pulumi"]
        if engine is None:
            pytest.fail("no engine: run `make test`, which sets it up", pytrace=False)
        self.folder = folder
        (folder / "Pulumi.yaml").write_text("name: platform\nruntime: python\n")
        (folder / "Pulumi.test.yaml").write_text('config:\n  platform:greeting: "hello"   # as it is\n')
        self.home = Home(folder / ".sandbox" / "test")
        prepare(self.home, {"pulumi": engine, "kubectl": kubectl()})
        self.environ = for_children(self.home, "eu-central-1")
        # The signs of the tests' own interpreter must not reach the program.
        self.environ.pop("PYTHONPATH", None)

    def start(self) -> None:
        start(self.home, REPOSITORY, self.environ)
        Engine(self.folder, self.home, read(self.folder, "test"), self.environ).ensure_stack()

    def write(self, program: str) -> None:
        (self.folder / "__main__.py").write_text(program)

    def pulumi(self, *arguments: str, environ: Mapping[str, str] | None = None) -> tuple[int, str]:
        done = subprocess.run(
            [self.home.root / "bin" / "pulumi", "--non-interactive", "--color", "never", *arguments],
            cwd=self.folder,
            env={**self.environ, **(environ or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout


PROGRAM = """
import sys
import pulumi
from part import Part

part = Part("part", pulumi.Config().require("greeting"))
pulumi.export("greeting", part.greeting)
pulumi.export("secret", pulumi.Output.secret("confidential"))
assert not any("plugins" in folder for folder in sys.path)
"""

PART = """
import pulumi

class Part(pulumi.ComponentResource):
    def __init__(self, name, greeting):
        super().__init__("test:module:Part", name)
        self.greeting = pulumi.Output.from_input(greeting)
        self.register_outputs({"greeting": self.greeting})
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    project = Project(tmp_path_factory.mktemp("project"))
    with pytest.MonkeyPatch.context() as patch:
        # No provider is needed here, and so no cloud.
        patch.setattr("sandbox.lifecycle.SERVICES", ("secrets",))
        project.start()
        (project.folder / "part.py").write_text(PART)
        yield project
        stop(project.home)


@pytest.mark.engine
class TestUnderTheEngine:
    def test_a_program_comes_up_and_goes(self, project: Project) -> None:
        project.write(PROGRAM)
        status, said = project.pulumi("up", "--yes", "--skip-preview")
        assert status == 0, said
        assert "2 created" in said
        assert "warning" not in said

        outputs = json.loads(project.pulumi("stack", "output", "--json", "--show-secrets")[1])
        assert outputs == {"greeting": "hello", "secret": "confidential"}

        status, said = project.pulumi("preview", "--expect-no-changes")
        assert status == 0, said

        status, said = project.pulumi("destroy", "--yes", "--skip-preview")
        assert status == 0, said

    def test_secrets_are_sealed_and_the_stack_file_stays_as_it_is(self, project: Project) -> None:
        before = (project.folder / "Pulumi.test.yaml").read_bytes()
        project.write(PROGRAM)
        for command in (["up", "--yes", "--skip-preview"], ["preview"], ["config", "get", "greeting"], ["about"]):
            status, said = project.pulumi(*command)
            assert status == 0, said

        status, state = project.pulumi("stack", "export")
        assert status == 0
        assert "confidential" not in state
        assert json.loads(state)["deployment"]["secrets_providers"]["type"] == "service"
        assert project.pulumi("destroy", "--yes", "--skip-preview")[0] == 0
        assert (project.folder / "Pulumi.test.yaml").read_bytes() == before

    def test_a_failing_program_shows_its_traceback_once(self, project: Project) -> None:
        project.write("def build():\n    raise ValueError('no such zone')\n\nbuild()\n")
        status, said = project.pulumi("preview", "--diff")

        assert status != 0
        assert said.count("ValueError: no such zone") == 1
        assert said.count("in build") == 1
        assert "runpy" not in said
        assert "run_program" not in said

    def test_an_error_meant_for_the_user_comes_without_traceback(self, project: Project) -> None:
        project.write("import pulumi\nraise pulumi.RunError('zones: 9 is more than the region has')\n")
        status, said = project.pulumi("preview", "--diff")

        assert status != 0
        assert said.count("zones: 9 is more than the region has") == 1
        assert "Traceback" not in said

    def test_a_program_that_leaves_early_is_told_apart(self, project: Project) -> None:
        project.write("import os\nos._exit(3)\n")
        status, said = project.pulumi("preview", "--diff")

        assert status != 0
        assert "the program ended with exit status 3" in said

    def test_what_a_program_prints_is_shown(self, project: Project) -> None:
        project.write("print('built for the day')\n")
        assert "built for the day" in project.pulumi("preview", "--diff")[1]
