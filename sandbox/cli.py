"""The commands behind the Makefile's targets: one sandbox for each stack of a clone."""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandbox import backend, causes, critical_path, environment, files, interrupted, lifecycle
from sandbox.engine import EngineError
from sandbox.home import Home
from sandbox.sandbox import ERRORS, Sandbox, say
from sandbox.stack_file import StackFileError
from sandbox.toolchain.pins import HELM, kubernetes_minors
from sandbox.toolchain.setup import set_up

CLONE = Path(__file__).parents[1]


def up(sandbox: Sandbox, arguments: Sequence[str]) -> int:
    began = time.monotonic()
    sandbox.start()
    # What a preview would show is shown by `preview`; here it would only be worked out twice.
    # The summary has the outputs.
    engine = sandbox.engine
    status = engine.run("up", ["--yes", "--skip-preview", "--suppress-outputs", *arguments])
    if status:
        with contextlib.suppress(EngineError):
            _write_kubeconfig(sandbox.home, sandbox.engine.outputs())
        say(_stopped(sandbox) if engine.interrupted else f"the stack is not up; logs are in {sandbox.home.logs}")
        return _INTERRUPTED if engine.interrupted else status
    outputs = sandbox.engine.outputs()
    _write_kubeconfig(sandbox.home, outputs)
    _summarize(sandbox, outputs, time.monotonic() - began)
    return 0


def preview(sandbox: Sandbox, arguments: Sequence[str]) -> int:
    sandbox.start()
    return sandbox.engine.run("preview", arguments)


def down(sandbox: Sandbox, arguments: Sequence[str]) -> int:
    home = sandbox.home
    if not home.root.exists():
        say(f"stack {sandbox.stack.stack} has no sandbox: nothing to take down")
        return 0
    _refuse_protected(sandbox)
    sandbox.start()
    # Also of what an interrupted up has made.
    _refuse_protected(sandbox)
    engine = sandbox.engine
    status = engine.run("destroy", ["--yes", "--skip-preview", *arguments])
    if status:
        say(_stopped(sandbox) if engine.interrupted else f"the stack is not down; logs are in {home.logs}")
        return _INTERRUPTED if engine.interrupted else status
    if sandbox.engine.resource_count():
        say("part of the stack is still up: the sandbox goes on running")
        return 0
    left: dict[str, list[Any]] = lifecycle.ask_cloud(home, "leftovers")
    if any(left.values()):
        for system, things in left.items():
            for thing in things:
                say(f"left in {system}: {thing if isinstance(thing, str) else json.dumps(thing, sort_keys=True)}")
        say("the stack is gone, but this is left behind; the sandbox goes on running so that it can be looked at")
        return 1
    say("nothing left in AWS nor in Kubernetes")
    sandbox.engine.remove_stack()
    return reset(sandbox, [])


def _refuse_protected(sandbox: Sandbox) -> None:
    if protected := sandbox.engine.protected():
        # Without its preview, the engine would delete all the rest before it refuses these.
        raise EngineError(
            f"nothing was touched, as stack {sandbox.stack.stack} protects {', '.join(protected)}. "
            f"Lift the protection first: {sandbox.stack.file_name} says how. "
            f"`make reset{sandbox.home.argument}` throws the whole sandbox away instead"
        )


def settle(sandbox: Sandbox, _: Sequence[str]) -> int:
    """Go on after an engine that was killed. Where one still works, it says so itself."""
    if not backend.is_held(sandbox.home):
        with lifecycle.exclusive(sandbox.home, "settle"):
            sandbox.start()
    return 0


def start(sandbox: Sandbox, _: Sequence[str]) -> int:
    sandbox.start()
    return 0


def stop(sandbox: Sandbox, _: Sequence[str]) -> int:
    # One on another machine does not work with the processes of this one.
    with contextlib.suppress(backend.LockError):
        backend.wait_until_free(sandbox.home)
    return _stop(sandbox)


def _stop(sandbox: Sandbox) -> int:
    stopped = lifecycle.stop(sandbox.home)
    say(f"stopped {', '.join(stopped)}" if stopped else "nothing was running")
    return 0


def reset(sandbox: Sandbox, _: Sequence[str]) -> int:
    """Stop, and forget everything, whatever is in it. Raises EngineError when an engine works on the stack."""
    if holder := backend.holder(sandbox.home):
        # It would write what it does into a home that is gone.
        raise EngineError(
            f"{holder} works on stack {sandbox.stack.stack}: wait for it, or end it (`kill {holder.pid}`), "
            f"then `make reset{sandbox.home.argument}` again"
        )
    _stop(sandbox)
    root = sandbox.home.root
    gone = root.with_name(f".{root.name}.removed")
    # In one step: half of a home would be a state without its cloud.
    shutil.rmtree(gone, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        root.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)
    return 0


def status(sandbox: Sandbox, _: Sequence[str]) -> int:
    home = sandbox.home
    if not home.root.exists():
        print(f"stack {sandbox.stack.stack} has no sandbox: `make up{sandbox.home.argument}` makes one")
        return 0
    # It loads the providers' tables, and so botocore: a second that the other commands do without.
    from sandbox import status as status_report

    resources = sandbox.engine.resources()
    genuine = home.made and home.facts.get("kubernetes_provider") is not None
    for line in (*status_report.processes(home.processes()), "", *status_report.types(resources, genuine=genuine)):
        print(line)
    if ended := home.ended():
        print(f"ended, and started again by the next command: {', '.join(ended)}")
    print(f"\nstack {sandbox.stack.stack}: {sandbox.engine.resource_count()} resources; files in {home.root}")
    return 0


def env(sandbox: Sandbox, _: Sequence[str]) -> int:
    if not sandbox.home.made:
        raise StackFileError(
            f"stack {sandbox.stack.stack} has no sandbox yet: run `make up{sandbox.home.argument}` first"
        )
    print(environment.as_script(sandbox.home, sandbox.stack.region))
    return 0


def critical_path_(sandbox: Sandbox, _: Sequence[str]) -> int:
    resources = sandbox.engine.resources() if sandbox.home.made else []
    if not resources:
        raise EngineError(f"stack {sandbox.stack.stack} has no resources: run `make up{sandbox.home.argument}` first")
    print(critical_path.report(sandbox.stack.stack, resources))
    return 0


def toolchain(sandbox: Sandbox, _: Sequence[str]) -> int:
    for name, path in set_up(sandbox.stack.kubernetes or kubernetes_minors()[-1], [HELM]).programs.items():
        say(f"{name}: {path}")
    return 0


COMMANDS = {
    "up": (up, "bring the stack up"),
    "preview": (preview, "show what an up would do"),
    "down": (down, "destroy the stack, and the sandbox once nothing is left"),
    "status": (status, "show what runs"),
    "critical-path": (critical_path_, "estimate how long an up would take on AWS"),
    "env": (env, "print what pulumi, kubectl and aws need, for eval"),
    "settle": (settle, "bring to an end what a killed engine left half done"),
    "start": (start, "start the sandbox without touching the stack"),
    "stop": (stop, "stop the sandbox's processes; the next command starts them again with all that they hold"),
    "reset": (reset, "stop, and remove all of the sandbox's files"),
    "toolchain": (toolchain, "find or build what the sandbox runs, helm included"),
}

_INTERRUPTED = 130

# They only look, or see to it themselves.
_UNLOCKED = {"status", "critical-path", "env", "toolchain", "settle"}


def main(arguments: Sequence[str], clone: Path = CLONE) -> int:
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_, text) in COMMANDS.items():
        command = commands.add_parser(name, help=text)
        command.add_argument("--stack", default="dev", help="the stack, as in Pulumi.<stack>.yaml (default: dev)")
    options, rest = parser.parse_known_args(arguments)
    run = COMMANDS[options.command][0]
    try:
        sandbox = Sandbox.of(clone, options.stack)
        if options.command in _UNLOCKED:
            return run(sandbox, rest)
        with lifecycle.exclusive(sandbox.home, options.command):
            return run(sandbox, rest)
    except ERRORS as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        sentence = causes.in_folder(error, clone / ".sandbox", "put the clone on another disk")
        if sentence is None:
            raise
        print(f"error: {sentence}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("stopped; the same command goes on from here")
        return _INTERRUPTED


def _write_kubeconfig(home: Home, outputs: dict[str, Any]) -> None:
    content = outputs.get("kubeconfig")
    if content is None:
        return
    text = content if isinstance(content, str) else json.dumps(content)
    files.write(home.root / "kubeconfig", text, mode=files.PRIVATE)


def _summarize(sandbox: Sandbox, outputs: dict[str, Any], seconds: float) -> None:
    secret = sandbox.engine.secret_outputs()
    print(f"\nStack {sandbox.stack.stack} is up: {sandbox.engine.resource_count()} resources in {seconds:.0f} s.\n")
    for name, value in sorted(outputs.items()):
        shown = "[secret]" if name in secret else value if isinstance(value, str) else json.dumps(value)
        print(f"  {name}: {shown}")
    argument = sandbox.home.argument
    print(
        f'\nTo look around:\n  eval "$(make -s env{argument})"\n  pulumi stack output\n'
        f"  kubectl get pods --all-namespaces\n  aws rds describe-db-instances\n"
        f"To see what a change would do: make preview{argument}. To take it down: make down{argument}."
    )


def _stopped(sandbox: Sandbox) -> str:
    """What an interrupted engine leaves, and how it goes on."""
    argument = sandbox.home.argument
    open = ", and something is half done" if interrupted.is_open(sandbox.home) else ""
    return (
        f"stopped: {sandbox.engine.resource_count()} resources of stack {sandbox.stack.stack} are up{open}. "
        f"`make up{argument}` goes on from here, `make down{argument}` takes them down"
    )
