"""A program of a few lines on the genuine engine, with the sandbox's provider, changed from step to step."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sandbox import environment
from sandbox.home import Home
from sandbox.plugins.daemon import provider_factories, serve

_LIMIT = 120.0
"""Seconds for a command of the engine."""
_PROJECT = {"name": "small", "runtime": {"name": "python", "options": {"virtualenv": ".venv"}}}
_BEGINNING = """\
import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions as Options

cluster = k8s.Provider("cluster", kubeconfig={kubeconfig!r})
on = Options(provider=cluster)


def merged(**options):
    return Options.merge(on, Options(**options))


"""


@dataclass
class SmallProgram:
    """Its folder and its stack."""

    folder: Path
    home: Home
    environ: dict[str, str]
    said: list[str] = field(default_factory=list[str])
    """All that the engine has printed."""

    def write(self, source: str) -> None:
        """Make this the program: ``on`` and ``merged(...)`` are options that lead to the cluster."""
        beginning = _BEGINNING.format(kubeconfig=str(self.home.admin_kubeconfig))
        (self.folder / "__main__.py").write_text(beginning + textwrap.dedent(source))

    def up(self, source: str | None = None, *arguments: str, fails: bool = False) -> str:
        if source is not None:
            self.write(source)
        return self.pulumi("up", "--yes", "--skip-preview", "--suppress-progress", *arguments, fails=fails)

    def preview(self, source: str | None = None, *arguments: str, fails: bool = False) -> str:
        if source is not None:
            self.write(source)
        return self.pulumi("preview", "--diff", "--suppress-progress", *arguments, fails=fails)

    def refresh(self) -> str:
        return self.pulumi("refresh", "--yes", "--skip-preview", "--suppress-progress", "--diff")

    def destroy(self, *, fails: bool = False) -> str:
        return self.pulumi("destroy", "--yes", "--skip-preview", "--suppress-progress", fails=fails)

    def steps(self, source: str | None = None) -> dict[str, str]:
        """What an up would do: logical names to operations, those without one left out."""
        if source is not None:
            self.write(source)
        found: dict[str, str] = {}
        for step in json.loads(self.pulumi("preview", "--json", merge=False))["steps"]:
            if step["op"] not in ("same", "read"):
                found.setdefault(step["urn"].rpartition("::")[2], step["op"])
        return found

    def kubectl(self, *arguments: str) -> None:
        program = str(self.home.root / "bin" / "kubectl")
        kubeconfig = f"--kubeconfig={self.home.admin_kubeconfig}"
        subprocess.run([program, kubeconfig, *arguments], env=self.environ, check=True, capture_output=True)

    @property
    def state(self) -> str:
        """The stack's state as it is kept."""
        return self.pulumi("stack", "export", merge=False)

    def pulumi(self, *arguments: str, fails: bool = False, merge: bool = True) -> str:
        """What the engine prints. The test fails when the engine does, or when it does not but should."""
        answer = subprocess.run(
            # The engine itself: what settles before it begins is a sandbox's, of which this has only the plugins.
            [str(self.home.root / "engine" / "pulumi"), "--non-interactive", "--color", "never", *arguments],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merge else subprocess.PIPE,
            text=True,
            timeout=_LIMIT,
        )
        self.said.append(answer.stdout + (answer.stderr or ""))
        if (answer.returncode != 0) is not fails:
            pytest.fail(f"pulumi {' '.join(arguments)} ended with {answer.returncode}\n{self.said[-1]}", pytrace=False)
        return answer.stdout


@contextmanager
def small_program(home: Home, folder: Path) -> Iterator[SmallProgram]:
    """An empty program on the cluster of ``home``, with an empty stack."""
    environment.prepare(home, home.facts["tools"])
    stopping = threading.Event()
    plugins = threading.Thread(target=serve, args=(home, provider_factories(), stopping))
    plugins.start()
    environ = environment.for_children(home, "eu-central-1")
    # Its secrets are kept under an empty passphrase: that service has tests of its own.
    del environ["PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER"]
    program = SmallProgram(folder, home, environ)
    (folder / "Pulumi.yaml").write_text(json.dumps(_PROJECT))
    (folder / ".venv").symlink_to(sys.prefix)
    try:
        while home.running("plugins") is None:
            assert plugins.is_alive()
        program.pulumi("stack", "init", environ["PULUMI_STACK"], "--secrets-provider", "passphrase")
        yield program
    finally:
        stopping.set()
        plugins.join()
