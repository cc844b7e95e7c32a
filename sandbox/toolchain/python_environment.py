"""``python3 -m sandbox.toolchain.python_environment``: the clone's ``.venv``, with what the requirements files pin.

It runs on a bare Python. The environment lives in the cache, keyed by the requirements and by Python's version, and
``.venv`` links to it, so that a second clone installs nothing. A ``.venv`` that is somebody's own (a folder, or a link
to elsewhere) stays, and gets the requirements installed into it.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from sandbox.progress import Progress
from sandbox.toolchain import cache

CLONE = Path(__file__).parents[2]
_STAMP = ".platform-requirements"
OLDEST_PYTHON = (3, 11)


class EnvironmentFailed(Exception):
    """The environment can't be made. The message is one sentence for the user."""


def environment_key(requirements: list[Path]) -> str:
    python = f"{platform.python_implementation()} {platform.python_version()} {sysconfig.get_platform()}"
    # The interpreter's own place counts too: an environment is bound to it.
    return cache.key(python, os.path.realpath(sys.executable), *requirements)


def ensure(clone: Path) -> Path:
    """The clone's environment with the requirements in it; made, linked or brought up to date as needed."""
    requirements = [clone / "requirements.txt", clone / "requirements-dev.txt"]
    key = environment_key(requirements)
    link = clone / ".venv"
    entry = cache.cache_root() / f"python-{key}"
    own = link.exists() and not (link.is_symlink() and link.readlink().parent == cache.cache_root())
    target = link if own else entry
    if not _is_current(target, key):
        with cache.lock("python"):
            if not _is_current(target, key):
                _install(target, requirements, key, create=not own)
    if not own:
        _link(link, entry)
    return link


def _is_current(folder: Path, key: str) -> bool:
    stamp = folder / _STAMP
    return stamp.exists() and stamp.read_text() == key


def _link(link: Path, entry: Path) -> None:
    if link.is_symlink() and link.readlink() == entry:
        return
    draft = link.with_name(f".venv.{os.getpid()}")
    draft.symlink_to(entry)
    draft.replace(link)


def _install(target: Path, requirements: list[Path], key: str, *, create: bool) -> None:
    log = cache.cache_root() / "logs" / "python.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    python = target / "bin" / "python"
    progress = Progress(3 if create else 2)
    if create:
        # Scripts hold the environment's path: it can't be made elsewhere and moved. The stamp comes last instead.
        with progress.step("making the Python environment"):
            shutil.rmtree(target, ignore_errors=True)
            _run([sys.executable, "-m", "venv", str(target)], log, hint="; on Debian and Ubuntu it takes python3-venv")
    with progress.step("installing what requirements.txt and requirements-dev.txt pin"):
        files = [argument for file in requirements for argument in ("-r", str(file))]
        pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
        _run([*pip, *(["--no-compile"] if create else []), *files], log)
    with progress.step("compiling bytecode"):
        # pip would do it on one core. With bytecode the program's imports take a twentieth of the time.
        _run([str(python), "-m", "compileall", "-q", "-j", "0", str(target / "lib")], log, may_fail=True)
    (target / _STAMP).write_text(key)


def _run(command: list[str], log: Path, *, hint: str = "", may_fail: bool = False) -> None:
    environ = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONHOME")
    }
    with log.open("ab") as output:
        output.write(f"{' '.join(command)}\n".encode())
        output.flush()
        status = subprocess.run(command, stdout=output, stderr=output, env=environ).returncode
    if status and not may_fail:
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        raise EnvironmentFailed(f"`{' '.join(command[:4])} ...` failed: {lines[-1].strip()[:300]}{hint}; see {log}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="sandbox.toolchain.python_environment", description="Make the clone's .venv.")
    parser.add_argument("--clone", type=Path, default=CLONE)
    try:
        ensure(parser.parse_args().clone.resolve())
    except EnvironmentFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
