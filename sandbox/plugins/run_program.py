"""Runs a Pulumi program for the language host, in the program's own interpreter.

It stands by itself: where the program runs, only the Pulumi SDK is sure to be there, and nothing of the sandbox.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SHOWN = 32
"""Exit status of a program whose error the engine has shown: the language host adds nothing to it."""


def user_traceback(program: Path, error: BaseException) -> str:
    """The traceback from the first frame in the program's folder on: what comes before is of no use to its author."""
    frames = traceback.extract_tb(error.__traceback__)
    own = next((index for index, frame in enumerate(frames) if Path(frame.filename).is_relative_to(program)), None)
    # A negative limit keeps the innermost frames.
    limit = None if own is None else own - len(frames)
    return "".join(traceback.format_exception(error, limit=limit))


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("monitor", "engine", "project", "stack", "organization", "root-directory"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--parallel", type=int, required=True)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("program", type=Path)
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    options = _arguments(arguments)
    try:
        import pulumi
        import pulumi.runtime
    except ImportError as error:
        print(f"{sys.executable} has no Pulumi SDK ({error}): run `pip install -r requirements.txt`", file=sys.stderr)
        return 1

    pulumi.runtime.set_all_config(pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env())
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=options.monitor,
            engine=options.engine,
            project=options.project,
            stack=options.stack,
            organization=options.organization,
            root_directory=options.root_directory,
            parallel=options.parallel,
            dry_run=options.dry_run,
        )
    )
    sys.argv = [str(options.program), *options.rest]
    # A failed resource leaves awaitables that nobody waits for any more: asyncio would report each of them.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max(options.parallel, 1) * 4)
    loop.set_default_executor(executor)

    def program() -> None:
        runpy.run_path(str(options.program), run_name="__main__")

    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(program))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return SHOWN
    except Exception as error:
        pulumi.log.error(f"Program failed with an unhandled exception:\n{user_traceback(options.program, error)}")
        return SHOWN
    finally:
        executor.shutdown()
        loop.close()
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    if status:
        # Threads that wait for an engine that is giving up would hold the exit.
        os._exit(status)
    sys.exit(0)
