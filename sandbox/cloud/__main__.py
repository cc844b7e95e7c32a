"""``python -m sandbox.cloud --home DIR``: the cloud of one sandbox, until it is told to stop."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import signal
import sys
import warnings
from pathlib import Path

from sandbox.home import Home
from sandbox.processes import ProcessError


def main() -> int:
    _keep_order()
    parser = argparse.ArgumentParser(prog="python -m sandbox.cloud", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="the sandbox's folder")
    home = Home(parser.parse_args().home.resolve())
    # moto reads these when it is imported: the policies that AWS manages, and no images' catalogue for each region.
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"
    # moto warns about error codes that a service's model does not list; the sandbox has some of its own.
    warnings.filterwarnings("ignore", message=".*does not match an error shape.*")
    # Whatever would leave this machine ends at a port where nobody listens.
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        os.environ[name] = "http://127.0.0.1:9"
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"

    _keep_memory_together()
    from sandbox.cloud.journal import JournalError
    from sandbox.cloud.server import Cloud

    try:
        cloud = Cloud(home)
    except JournalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1

    def stop(*_: object) -> None:
        cloud.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        cloud.serve()
    except (JournalError, ProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _keep_order() -> None:
    """Begin anew with a fixed order of sets: moto goes through some, and must do so alike when it does things again."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(sys.executable, sys.orig_argv, {**os.environ, "PYTHONHASHSEED": "0"})


def _keep_memory_together() -> None:
    """Let all threads share two heaps. By default glibc gives each its own, which costs tens of megabytes here."""
    arena_max = -8
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(arena_max, 2)


if __name__ == "__main__":
    raise SystemExit(main())
