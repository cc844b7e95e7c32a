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

from sandbox import causes
from sandbox.durations import Durations
from sandbox.progress import Progress
from sandbox.toolchain import cache, inventory, usage

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
    if own:
        _refuse_broken(link)
        if not _is_stamped(link, key):
            with cache.lock("python"):
                if not _is_stamped(link, key):
                    _install(link, requirements, key, create=False)
        return link
    if not _is_current(entry, key):
        with cache.lock("python"):
            if not _is_current(entry, key):
                _install(entry, requirements, key, create=True)
    usage.note(entry)
    _link(link, entry)
    usage.remove_superseded([entry])
    return link


def _refuse_broken(own: Path) -> None:
    """Raises EnvironmentFailed when an environment that is the user's own has no Python that can be started."""
    python = own / "bin" / "python"
    if not os.access(python, os.X_OK):
        what = f"leads to {python.readlink()}, which is gone" if python.is_symlink() else "is not there"
        raise EnvironmentFailed(
            f"{own} is your own, and its bin/python {what}: make that environment again, or remove it to get the "
            "sandbox's"
        )


def _is_stamped(folder: Path, key: str) -> bool:
    """Whether the requirements were installed into it."""
    stamp = folder / _STAMP
    return stamp.exists() and stamp.read_text() == key


def _is_current(entry: Path, key: str) -> bool:
    """Whether the requirements are in it, and all that was there when they were installed still is."""
    return _is_stamped(entry, key) and _damage(entry) is None


def _damage(entry: Path) -> str | None:
    """What is wrong with an environment that was made here, for a sentence."""
    return inventory.damage(entry) if (entry / "bin" / "python").exists() else "bin/python is missing"


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
    if create and (target / _STAMP).exists() and (damage := _damage(target)):
        print(f"{target} is damaged ({damage}): it is made again", file=sys.stderr, flush=True)
    python = target / "bin" / "python"
    progress = Progress(3 if create else 2, durations=Durations(cache.cache_root() / "durations.json"))
    if create:
        # Scripts hold the environment's path: it can't be made elsewhere and moved. The stamp comes last instead.
        with progress.step("making the Python environment", "python"):
            shutil.rmtree(target, ignore_errors=True)
            _run([sys.executable, "-m", "venv", str(target)], log, hint="; on Debian and Ubuntu it takes python3-venv")
    with progress.step("installing what requirements.txt and requirements-dev.txt pin", "requirements"):
        files = [argument for file in requirements for argument in ("-r", str(file))]
        pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *_pip_cache(python)]
        _run([*pip, *(["--no-compile"] if create else []), *files], log)
    with progress.step("compiling bytecode", "bytecode"):
        # pip would do it on one core. With bytecode the program's imports take a twentieth of the time.
        _run([str(python), "-m", "compileall", "-q", "-j", "0", str(target / "lib")], log, may_fail=True)
    if create:
        inventory.take(target)
    (target / _STAMP).write_text(key)


def _pip_cache(python: Path) -> list[str]:
    """pip keeps what it downloads (300 MB) only where the user has such a cache already, or asks for it."""
    if cache.keeps_caches() or "PIP_CACHE_DIR" in os.environ:
        return []
    asked = subprocess.run([str(python), "-m", "pip", "cache", "dir"], capture_output=True, text=True)
    folder = asked.stdout.strip()
    return [] if asked.returncode == 0 and folder and Path(folder).is_dir() else ["--no-cache-dir"]


def _run(command: list[str], log: Path, *, hint: str = "", may_fail: bool = False) -> None:
    environ = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONHOME")
    }
    with log.open("ab") as output:
        output.write(f"{' '.join(command)}\n".encode())
        output.flush()
        status = subprocess.run(command, stdout=output, stderr=output, env=environ).returncode
    if status and not may_fail:
        text = log.read_text(errors="replace")
        what = f"`{' '.join(command[:4])} ...` failed"
        if cause := causes.told_by(text):
            raise EnvironmentFailed(f"{what}, as {cause}: mend that, and try again; see {log}")
        lines = [line for line in text.splitlines() if line.strip()]
        raise EnvironmentFailed(f"{what}: {lines[-1].strip()[:300]}{hint}; see {log}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="sandbox.toolchain.python_environment", description="Make the clone's .venv.")
    parser.add_argument("--clone", type=Path, default=CLONE)
    clone = parser.parse_args().clone.resolve()
    try:
        if sys.version_info < OLDEST_PYTHON:
            oldest = ".".join(map(str, OLDEST_PYTHON))
            raise EnvironmentFailed(
                f"Python {oldest} or newer is needed, and {sys.executable} is {platform.python_version()}: install "
                "one, or name one by `make BOOTSTRAP_PYTHON=...`"
            )
        ensure(clone)
    except EnvironmentFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        remedy = "name a folder on another disk in XDG_CACHE_HOME"
        sentence = causes.in_folder(error, cache.cache_root(), remedy)
        if sentence is None:
            raise
        print(f"error: there is no Python environment: {sentence}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
