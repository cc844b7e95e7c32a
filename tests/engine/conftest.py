"""A clone of this repository per stack, brought up by the genuine engine and taken down again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.home import Home

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Clone:
    """A copy of the working tree, in which one stack is brought up as a user would."""

    folder: Path
    stack: str

    @property
    def home(self) -> Home:
        return Home(self.folder / ".sandbox" / self.stack)

    @property
    def stack_file(self) -> Path:
        return self.folder / f"Pulumi.{self.stack}.yaml"

    def sandbox(self, command: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """``python -m sandbox COMMAND``: what the Makefile's targets call."""
        return self._run([sys.executable, "-m", "sandbox", command, "--stack", self.stack, *arguments], check=check)

    def pulumi(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Plain ``pulumi`` in the environment that ``make env`` prints."""
        return self._run(["pulumi", "--non-interactive", *arguments], environ=self.environ, check=check)

    def kubectl(self, *arguments: str) -> Any:
        """Plain ``kubectl`` with the program's own kubeconfig: its JSON answer."""
        return json.loads(self._run(["kubectl", *arguments, "-o", "json"], environ=self.environ).stdout)

    def aws(self, *arguments: str) -> Any:
        """Plain ``aws``: its JSON answer."""
        return json.loads(self._run(["aws", *arguments, "--output", "json"], environ=self.environ).stdout)

    def aws_wait_for_node_group(self, cluster: str, group: str) -> None:
        """Until the group is ACTIVE again."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            answer = self.aws("eks", "describe-nodegroup", "--cluster-name", cluster, "--nodegroup-name", group)
            if answer["nodegroup"]["status"] == "ACTIVE":
                return
            time.sleep(0.2)
        pytest.fail(f"node group {group} is still not ACTIVE")

    def run(self, *command: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        """Any command in the environment that ``make env`` prints."""
        return self._run(list(command), environ=self.environ, check=check)

    def configure(self, path: str, value: str, *arguments: str) -> None:
        """``pulumi config set --path``, as the documentation tells users to change a setting."""
        self.pulumi("config", "set", "--stack", self.stack, *arguments, "--path", path, value)

    def outputs(self) -> dict[str, Any]:
        return json.loads(self.pulumi("stack", "output", "--json", "--show-secrets").stdout)

    def steps(self, *arguments: str) -> dict[str, list[str]]:
        """What a preview would do: operation (``update``, ``replace``, ...) to the logical names it is done to."""
        preview = json.loads(self.pulumi("preview", "--json", *arguments).stdout)
        steps: dict[str, list[str]] = {}
        for step in preview["steps"]:
            steps.setdefault(step["op"], []).append(step["urn"].rpartition("::")[2])
        return {operation: sorted(names) for operation, names in steps.items() if operation != "same"}

    def nodes(self) -> list[dict[str, Any]]:
        return self.kubectl("get", "nodes")["items"]

    def running_pods(self) -> list[dict[str, Any]]:
        """Pods of the application that run and are not on their way out."""
        pods = self.kubectl("get", "pods", "-A", "-l", "app.kubernetes.io/component=web")["items"]
        return [
            pod for pod in pods if pod["status"]["phase"] == "Running" and "deletionTimestamp" not in pod["metadata"]
        ]

    def state(self, *arguments: str) -> dict[str, Any]:
        """The stack's state as it is kept, secrets encrypted unless ``--show-secrets`` is among the arguments."""
        return json.loads(self.pulumi("stack", "export", *arguments).stdout)

    @property
    def environ(self) -> dict[str, str]:
        script = self.sandbox("env").stdout + "\nenv -0"
        answer = subprocess.run(["bash", "-c", script], capture_output=True, check=True, cwd=self.folder)
        return dict(entry.split("=", 1) for entry in answer.stdout.decode().split("\0") if "=" in entry)

    def _run(
        self, command: list[str], *, environ: dict[str, str] | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        environ = environ if environ is not None else dict(os.environ)
        # Resolved in the sandbox's PATH, not in that of the tests.
        executable = shutil.which(command[0], path=environ.get("PATH")) or command[0]
        answer = subprocess.run(
            [executable, *command[1:]], cwd=self.folder, env=environ, capture_output=True, text=True
        )
        if check and answer.returncode != 0:
            pytest.fail(
                f"{' '.join(command)} ended with {answer.returncode}\n{answer.stdout[-8000:]}\n{answer.stderr[-8000:]}",
                pytrace=False,
            )
        return answer


def clone_into(folder: Path, stack: str) -> Clone:
    """Copy what a commit of the working tree would hold."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listing.stdout.decode().split("\0")):
        source, target = REPOSITORY / name, folder / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    return Clone(folder, stack)


def _stack(tmp_path_factory: pytest.TempPathFactory, stack: str) -> Iterator[Clone]:
    clone = clone_into(tmp_path_factory.mktemp("clone"), stack)
    try:
        clone.sandbox("up")
        yield clone
    finally:
        # Whatever a test did: nothing may go on running.
        clone.sandbox("stop", check=False)


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """The ``dev`` stack, up."""
    yield from _stack(tmp_path_factory, "dev")


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """The ``prod`` stack, up."""
    yield from _stack(tmp_path_factory, "prod")
