"""The language host for Python, where the official one can't be had: runs programs and policy packs for the engine."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from sandbox.plugins.run_program import SHOWN

_MESSAGE_LIMIT = 400 * 1024 * 1024
_WATCH = 0.5
"""Seconds between two looks at whether the engine lives."""
_RUN_PROGRAM = Path(__file__).with_name("run_program.py")
_LIST_PACKAGES = """
import json
from importlib import metadata
print(json.dumps(sorted({(d.metadata["Name"], d.version) for d in metadata.distributions()})))
"""


def interpreter(info: Any) -> Path:
    """The Python of the program's virtual environment; the host's own where the project names none that exists."""
    options = dict(info.options)
    named = options.get("virtualenv")
    if named:
        folder = Path(info.root_directory) / str(named)
        for candidate in (folder / "bin" / "python", folder / "Scripts" / "python.exe"):
            if candidate.exists():
                return candidate
    return Path(sys.executable)


def environment_of(python: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """The environment for a child that runs ``python``, as if its virtual environment were activated."""
    environ = {**os.environ, **extra}
    environ["PATH"] = os.pathsep.join((str(python.parent), environ.get("PATH", "")))
    environ["PYTHONUNBUFFERED"] = "1"
    return environ


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Serves one engine."""

    def __init__(self, engine: str = "") -> None:
        self._engine = engine
        self._children: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    def Handshake(self, request: Any, context: Any) -> Any:
        self._engine = request.engine_address or self._engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        """None: the engine asks for a provider once a resource needs it, and finds the sandbox's in PULUMI_HOME."""
        return language_pb2.GetRequiredPackagesResponse()

    def About(self, request: Any, context: Any) -> Any:
        python = interpreter(request.info)
        version = subprocess.run(
            [python, "-c", "import platform; print(platform.python_version())"], capture_output=True
        )
        return language_pb2.AboutResponse(executable=str(python), version=version.stdout.decode().strip())

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:
        listing = subprocess.run([interpreter(request.info), "-c", _LIST_PACKAGES], capture_output=True, check=True)
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=name, version=version) for name, version in json.loads(listing.stdout)
            ]
        )

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:
        return language_pb2.RuntimeOptionsResponse()

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:
        requirements = Path(request.directory) / "requirements.txt"
        if not requirements.exists():
            return
        python = interpreter(request.info)
        command = [str(python), "-m", "pip", "install", "-r", str(requirements)]
        status = yield from self._stream(command, request.directory, {}, language_pb2.InstallDependenciesResponse)
        if status:
            context.abort(grpc.StatusCode.INTERNAL, f"{' '.join(command)} ended with exit status {status}")

    def Run(self, request: Any, context: Any) -> Any:
        python = interpreter(request.info)
        # Absolute, as it shall not matter where the program changes to.
        program = Path(request.info.program_directory, request.info.entry_point).resolve()
        command = [
            str(python),
            "-P",  # the folder of run_program.py is none of the program's business
            str(_RUN_PROGRAM),
            *("--monitor", request.monitor_address, "--engine", self._engine),
            *("--project", request.project, "--stack", request.stack, "--organization", request.organization),
            *("--root-directory", request.info.root_directory, "--parallel", str(request.parallel)),
            *(["--dry-run"] if request.dryRun else []),
            str(program),
            *request.args,
        ]
        extra = {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        # The engine shows what this process and its children print.
        child = self._start(command, request.pwd, environment_of(python, extra), None)
        status = self._wait(child)
        if status == SHOWN:
            return language_pb2.RunResponse(bail=True)
        if status:
            how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"
            return language_pb2.RunResponse(error=f"the program {how}")
        return language_pb2.RunResponse()

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:
        python = interpreter(request.info)
        program = Path(request.info.program_directory, request.info.entry_point).resolve()
        if request.kind == "analyzer":
            # Flags of logs and traces, the engine's address, and perhaps the folder once more.
            words = [word for word in request.args if word != "."]
            command = [str(python), "-m", "pulumi.policy", *words, str(program)]
        else:
            command = [str(python), str(program), *request.args]
        extra = dict(entry.split("=", 1) for entry in request.env if "=" in entry)
        status = yield from self._stream(
            command, request.pwd or str(program), environment_of(python, extra), language_pb2.RunPluginResponse
        )
        yield language_pb2.RunPluginResponse(exitcode=status)

    def Cancel(self, request: Any, context: Any) -> Any:
        self.stop()
        return empty_pb2.Empty()

    def stop(self) -> None:
        """Ask everything that runs for this engine to end."""
        with self._lock:
            for child in self._children:
                child.terminate()

    def _start(
        self, command: list[str], folder: str, environ: Mapping[str, str], output: int | None
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            child = subprocess.Popen(
                command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
            self._children.add(child)
        return child

    def _wait(self, child: subprocess.Popen[bytes]) -> int:
        status = child.wait()
        with self._lock:
            self._children.discard(child)
        return status

    def _stream(
        self, command: list[str], folder: str, environ: Mapping[str, str], response: Any
    ) -> Generator[Any, None, int]:
        """Run ``command``, yield what it prints as ``response(stdout=...)`` as it comes, return its exit status."""
        child = self._start(command, folder, environ or dict(os.environ), subprocess.PIPE)
        pieces: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()

        def pump(name: str, stream: Any) -> None:
            with stream:
                while piece := stream.read1(65536):
                    pieces.put((name, piece))
            pieces.put((name, b""))

        for name in ("stdout", "stderr"):
            threading.Thread(target=pump, args=(name, getattr(child, name)), daemon=True).start()
        ended = 0
        while ended < 2:
            name, piece = pieces.get()
            if piece:
                yield response(**{name: piece})
            else:
                ended += 1
        return self._wait(child)


def main(arguments: list[str]) -> None:
    host = LanguageHost(arguments[-1] if arguments else "")
    options = [("grpc.max_receive_message_length", _MESSAGE_LIMIT), ("grpc.max_send_message_length", _MESSAGE_LIMIT)]
    server = grpc.server(ThreadPoolExecutor(32), options=options)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    ended = threading.Event()
    # The engine stops its plugins so: no reason for a traceback.

    def end(*_: object) -> None:
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    engine = os.getppid()
    print(port, flush=True)
    # An engine that is killed leaves this process behind, and the program with it.
    while os.getppid() == engine and not ended.wait(_WATCH):
        pass
    host.stop()
    os._exit(0)
