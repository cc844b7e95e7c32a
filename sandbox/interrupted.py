"""Brings what a killed engine left half done to a known end, so that the next one can go on.

The engine's own ways do not lead there: it creates what is pending a second time, and only warns; and its
``refresh --import-pending-creates`` forgets what it was told to import.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from sandbox import backend, creations
from sandbox.engine import Engine, EngineError
from sandbox.home import Home
from sandbox.plugins import doors

if TYPE_CHECKING:
    from sandbox.resolution import Resolution


def is_open(home: Home) -> bool:
    """Whether an engine, or what served it, was killed and something is half done."""
    return bool(creations.noted(home)) or backend.is_pending(home)


def settle(home: Home, engine: Engine) -> None:
    """Wait until no engine works on the stack, and bring to an end what is open. The sandbox must run.

    Raises LockError when nobody can tell whether an engine works, EngineError when something can't be brought to an
    end. A second call goes on where the first one ended, however it ended.
    """
    backend.wait_until_free(home)
    if not is_open(home):
        return
    if problems := _ask(home, doors.FINISH):
        raise EngineError(
            "an earlier command was interrupted, and what became of its resources can't be told: "
            f"{_listed(problems)}. Run this command again; `make reset{home.argument}` gives the stack up"
        )
    # Only here, as it imports the Pulumi SDK, and every other command would wait for that.
    from sandbox.resolution import resolve

    noted = creations.noted(home)
    all_ = [creation for notes in noted for creation in notes.all()]
    unheard = [creation for notes in noted for creation in notes.unheard]
    changed = [urn for notes in noted for urn in notes.unheard_changes]
    state = engine.export()
    # A genuine provider in the place of the sandbox's own.
    noteless = ["kubernetes"] if home.facts.get("kubernetes_provider") else []
    resolution = resolve(state["deployment"], all_, unheard, changed, noteless)
    _say(resolution)
    if resolution.adopted or resolution.dropped or resolution.untold:
        engine.import_state({**state, "deployment": resolution.deployment})
    if resolution.unsure:
        # The state then says what is there, and the next engine does what is left to do.
        _try(lambda: engine.refresh(resolution.unsure))
    paths = [str(creation.path) for creation in resolution.orphans]
    problems = _ask(home, doors.REMOVE, json.dumps(paths)) if paths else {}
    if problems:
        print(f"left behind: {_listed(problems)}", file=sys.stderr, flush=True)
    for notes in noted:
        if not any(creation.urn in problems for creation in notes.all()):
            notes.forget()


def _ask(home: Home, *lines: str) -> dict[str, str]:
    try:
        return doors.ask(home, *lines)
    except (OSError, ValueError) as error:
        raise EngineError(f"the plugins have ended; their log is in {home.logs}: {error}") from error


def _try(step: Callable[[], object]) -> None:
    try:
        step()
    except EngineError as error:
        print(f"{error}\nThe engine goes on from what the state says.", file=sys.stderr, flush=True)


def _say(resolution: Resolution) -> None:
    parts = [
        f"{done}: {_names(urns)}"
        for done, urns in (
            ("made, and taken over", resolution.adopted),
            ("not made", resolution.dropped),
            ("perhaps made, as their provider keeps no notes: look for them", resolution.untold),
            ("being changed, and looked at again", resolution.unsure),
            ("made, known to no state, and removed", [creation.urn for creation in resolution.orphans]),
        )
        if urns
    ]
    if parts:
        print(f"an earlier command was interrupted. {'; '.join(parts)}", file=sys.stderr, flush=True)


def _names(urns: Iterable[str]) -> str:
    return ", ".join(sorted({urn.rpartition("::")[2] for urn in urns}))


def _listed(problems: Mapping[str, str]) -> str:
    return "; ".join(f"{urn.rpartition('::')[2]}: {problem}" for urn, problem in sorted(problems.items()))
