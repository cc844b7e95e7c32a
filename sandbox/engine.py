"""Runs the Pulumi engine on the stack of one sandbox."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sandbox import files
from sandbox.home import Home
from sandbox.stack_file import StackFile


class EngineError(Exception):
    """The engine could not do what the sandbox asked of it. The message has what it said."""


class Engine:
    """The stack ``stack`` of the project in ``clone``, kept in ``home``."""

    def __init__(self, clone: Path, home: Home, stack: StackFile, environ: Mapping[str, str]) -> None:
        self._clone = clone
        self._home = home
        self._stack = stack
        self._environ = dict(environ)
        self._program = str(home.root / "engine" / "pulumi")
        self.interrupted = 0
        """How often the user has asked the engine to stop: once in good order, then at once."""

    @property
    def checkpoint(self) -> Path:
        return self._home.backend / ".pulumi" / "stacks" / self._stack.project / f"{self._stack.stack}.json"

    @property
    def has_stack(self) -> bool:
        return self.checkpoint.exists()

    def run(self, command: str, arguments: Sequence[str] = ()) -> int:
        """``pulumi COMMAND`` on the stack, shown to the user as it goes. Returns its exit status."""
        process = subprocess.Popen(
            [self._program, command, "--stack", self._stack.stack, *arguments], cwd=self._clone, env=self._environ
        )
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                # The terminal sends it to the engine too, which cancels in good order: wait for that.
                self.interrupted += 1

    def ensure_stack(self) -> None:
        """Make the stack where there is none, without a trace in the project's folder.

        The engine knows three keepers of secrets: a passphrase and a cloud's key, which both leave notes in the stack
        file, and the Pulumi service, which leaves none. So the stack is made elsewhere, and its empty state then names
        the sandbox's own service.
        """
        self._write_credentials()
        if self.has_stack:
            return
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            (folder / "Pulumi.yaml").write_text(json.dumps({"name": self._stack.project, "runtime": "python"}))
            elsewhere = {"PULUMI_BACKEND_URL": f"file://{folder}"}
            self._ask(
                ["stack", "init", self._stack.stack, "--secrets-provider", "passphrase", "--no-select"],
                folder,
                environ=elsewhere,
            )
            made = folder / self.checkpoint.relative_to(self._home.backend)
            state = json.loads(made.read_text())
        state["checkpoint"]["latest"]["secrets_providers"] = {
            "type": "service",
            "state": {
                "url": self._secrets_url,
                "owner": "organization",
                "project": self._stack.project,
                "stack": self._stack.stack,
            },
        }
        # There at once as it shall be, whenever this command is killed.
        files.write(self.checkpoint, json.dumps(state), mode=files.PRIVATE)

    def remove_stack(self) -> None:
        """Forget the stack, which must be empty. Its file stays."""
        self._ask(["stack", "rm", self._stack.stack, "--yes", "--preserve-config"], self._clone)

    def export(self) -> dict[str, Any]:
        """The state, with pending operations, secrets encrypted."""
        return json.loads(self._ask(["stack", "export", "--stack", self._stack.stack], self._clone))

    def import_state(self, state: Mapping[str, Any]) -> None:
        """Put ``state``, whose secrets may be in plain text, in place of the present one."""
        self._ask(["stack", "import", "--stack", self._stack.stack], self._clone, said=json.dumps(state))

    def refresh(self, urns: Sequence[str]) -> None:
        """Let the state say of ``urns`` what is there."""
        targets = [word for urn in urns for word in ("--target", urn)]
        self._ask(["refresh", "--stack", self._stack.stack, "--yes", "--skip-preview", *targets], self._clone)

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets in plain."""
        return json.loads(
            self._ask(["stack", "output", "--stack", self._stack.stack, "--json", "--show-secrets"], self._clone)
        )

    def secret_outputs(self) -> set[str]:
        """The names of the outputs that must not be shown."""
        shown = json.loads(self._ask(["stack", "output", "--stack", self._stack.stack, "--json"], self._clone))
        return {name for name, value in shown.items() if value == "[secret]"}

    def resource_count(self) -> int:
        """Resources in the state, the stack itself not counted."""
        return sum(resource["type"] != "pulumi:pulumi:Stack" for resource in self.resources())

    def protected(self) -> list[str]:
        """The logical names of the resources that the engine refuses to delete."""
        return sorted(resource["urn"].rpartition("::")[2] for resource in self.resources() if resource.get("protect"))

    def resources(self) -> list[dict[str, Any]]:
        """What the state holds, without asking the engine; what an update has yet to delete is among it."""
        if not self.has_stack:
            return []
        state: dict[str, Any] = json.loads(self.checkpoint.read_text())
        latest: dict[str, Any] = state["checkpoint"].get("latest") or {}
        return latest.get("resources") or []

    @property
    def _secrets_url(self) -> str:
        return f"http://127.0.0.1:{self._home.port_for('secrets')}"

    def _write_credentials(self) -> None:
        token = (self._home.root / "secrets.token").read_text()
        account = {"accessToken": token, "username": "sandbox", "lastValidatedAt": "2026-01-01T00:00:00Z"}
        credentials = {"accessTokens": {self._secrets_url: token}, "accounts": {self._secrets_url: account}}
        files.write(self._home.pulumi_home / "credentials.json", json.dumps(credentials), mode=files.PRIVATE)

    def _ask(
        self, arguments: list[str], folder: Path, *, said: str | None = None, environ: Mapping[str, str] | None = None
    ) -> str:
        done = subprocess.run(
            [self._program, "--non-interactive", *arguments],
            cwd=folder,
            env={**self._environ, **(environ or {})},
            input=said,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise EngineError(f"`pulumi {' '.join(arguments)}` failed:\n{done.stdout}{done.stderr}".rstrip())
        return done.stdout
