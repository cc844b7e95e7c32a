"""The sandbox of one stack: what it takes until an engine can work in it."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from sandbox import backend, environment, interrupted, lifecycle, stack_file
from sandbox.attachment import AttachmentError, genuine_kubernetes_provider
from sandbox.charts import ChartSettings, ChartSettingsError
from sandbox.conditions import Conditions, ConditionsError
from sandbox.engine import Engine, EngineError
from sandbox.home import Home
from sandbox.stack_file import StackFile, StackFileError
from sandbox.toolchain.pins import HELM, ToolchainError, kubernetes_minors
from sandbox.toolchain.setup import set_up
from sandbox.variables import VariableError, refuse_misspelt

ERRORS = (
    AttachmentError,
    ChartSettingsError,
    ConditionsError,
    EngineError,
    StackFileError,
    ToolchainError,
    VariableError,
    backend.LockError,
    lifecycle.LifecycleError,
)
"""What a user can mend, or wait for: the message is for them, and no traceback."""


@dataclass(frozen=True)
class Sandbox:
    """The sandbox of one stack."""

    clone: Path
    stack: StackFile
    home: Home

    @classmethod
    def of(cls, clone: Path, stack: str) -> Sandbox:
        return cls(clone, stack_file.read(clone, stack), Home(clone / ".sandbox" / stack))

    @property
    def engine(self) -> Engine:
        environ = environment.for_engine(self.home, self.stack.region)
        return Engine(self.clone, self.home, self.stack, environ)

    def start(self) -> None:
        """Set up what is missing, start what does not run, and set the conditions that the environment asks for."""
        refuse_misspelt(os.environ)
        conditions = Conditions.from_environ(os.environ)
        # Whoever works has its conditions and its control plane, which this may change.
        backend.wait_until_free(self.home)
        self._refuse_forgotten()
        if self.home.running("cloud"):
            # A control plane keeps its version: changing the setting is an upgrade like on AWS.
            wanted = str(self.home.facts["kubernetes_version"])
        else:
            wanted = self.home.kept_kubernetes or self.stack.kubernetes or kubernetes_minors()[-1]
        charts, kubernetes_provider = ChartSettings.from_environ(os.environ), genuine_kubernetes_provider(os.environ)
        toolchain = set_up(wanted, [HELM] if charts.needs_helm else [])
        self.home.write_facts(
            {
                "stack": self.stack.stack,
                "kubernetes_version": toolchain.kubernetes,
                "tools": toolchain.programs,
                "crds": str(toolchain.crds),
                "kubernetes_provider": kubernetes_provider,
            }
        )
        charts.keep(self.home)
        environment.prepare(self.home, toolchain.programs, kubernetes_provider)
        self._link_python()
        began = time.monotonic()
        environ = environment.for_children(self.home, self.stack.region)
        started = lifecycle.start(self.home, self.clone, environ)
        if started:
            say(f"started {', '.join(started)} in {time.monotonic() - began:.1f} s")
        cloud = lifecycle.ask_cloud(self.home, "ensure", timeout=180)
        if cloud["ended"]:
            say(f"the control plane runs again: {', '.join(cloud['ended'])} had ended")
        if cloud["different"]:
            say(
                f"warning: {cloud['different']} changes came out differently when the cloud did them again: "
                f"{self.home.logs / 'cloud.log'} names them, and `make preview{self.home.argument} ARGS=--refresh` "
                "shows their effect"
            )
        lifecycle.ask_cloud(self.home, "conditions", conditions.record())
        if told := conditions.told():
            say(f"conditions: {told}")
        self.engine.ensure_stack()
        interrupted.settle(self.home, self.engine)

    def _refuse_forgotten(self) -> None:
        """Raises EngineError when the state has resources of which the cloud knows nothing."""
        if not self.home.made or self._cloud_remembers():
            return
        held = [item for item in self.engine.resources() if item["type"].startswith("aws:") and item.get("id")]
        if held:
            raise EngineError(
                f"stack {self.stack.stack} has {len(held)} AWS resources, and its cloud remembers none: an older "
                f"version of the sandbox made it, or its journal was removed. "
                f"`make reset{self.home.argument}` starts over"
            )

    def _cloud_remembers(self) -> bool:
        """Whether the cloud's journal has any request."""
        with contextlib.suppress(FileNotFoundError), (self.home.root / "cloud.journal").open("rb") as lines:
            return any(b'"kind":"request"' in line for line in lines)
        return False

    def _link_python(self) -> None:
        """``.venv`` is where Pulumi.yaml says that the program's Python is."""
        link = self.clone / ".venv"
        if not link.exists():
            # A second stack of the same clone may do this at the same time.
            with contextlib.suppress(FileExistsError):
                link.unlink(missing_ok=True)
                link.symlink_to(sys.prefix)


def say(text: str) -> None:
    """Tell the user beside the engine's own output."""
    print(text, file=sys.stderr, flush=True)
