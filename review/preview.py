"""Previews a tree's stack in a sandbox, and reads what the engine says of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from review.changes import Change, changes
from review.policies import Event, PolicyReport, policy_report, read_events
from review.stack_review import Fate, StackReview
from sandbox import environment, stack_file
from sandbox.home import Home

_PACK = "policies"
_PACK_OPTION = "PULUMI_OPTION_POLICY_PACK"
_IN_GENERAL = "preview failed"
"""What the engine says at the end of every preview that failed, and all that it says of one that policies refuse."""


@dataclass(frozen=True)
class Answer:
    """What the engine says of a preview."""

    digest: Mapping[str, Any]
    """Of ``pulumi preview --json``; empty when the engine did not get so far."""
    events: Sequence[Event]
    failed: bool
    said: str
    """What stands beside the JSON."""


def preview(tree: Path, stack: str, home: Home, resources: Sequence[Mapping[str, Any]], *, is_new: bool) -> StackReview:
    """What the program in ``tree`` would change in the sandbox ``home``, whose state holds ``resources``."""
    answer = _ask(tree, stack, home)
    found = changes(answer.digest)
    policies = policy_report(answer.events)
    genuine = home.facts.get("kubernetes_provider") is not None
    return StackReview(
        stack,
        found,
        unchecked=unchecked(found, answer.digest, resources, genuine=genuine),
        policies=policies,
        problem=problem(answer, policies),
        fate=Fate.NEW if is_new else Fate.STAYS,
    )


def _ask(tree: Path, stack: str, home: Home) -> Answer:
    log = home.root / "review.events"
    environ = environment.for_engine(home, stack_file.read(tree, stack).region)
    # The engine takes --event-log only so.
    environ["PULUMI_DEBUG_COMMANDS"] = "true"
    # Of this tree, and not of the base.
    environ.pop(_PACK_OPTION, None)
    if (tree / _PACK / "PulumiPolicy.yaml").exists():
        environ[_PACK_OPTION] = str(tree / _PACK)
    command = ["--non-interactive", "--color=never", "preview", "--json", f"--event-log={log}", f"--stack={stack}"]
    done = subprocess.run(
        [str(home.root / "engine" / "pulumi"), *command],
        cwd=tree,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return Answer(json.loads(done.stdout), read_events(log), bool(done.returncode), done.stderr)
    except ValueError:
        return Answer({}, read_events(log), bool(done.returncode), f"{done.stdout}{done.stderr}")


def problem(answer: Answer, policies: PolicyReport) -> str:
    """Why the preview failed; empty when it did not, and when nothing but policies, which are told apart, refused."""
    if not answer.failed:
        return ""
    told = cast("list[Mapping[str, Any]]", answer.digest.get("diagnostics") or [])
    errors = [str(one["message"]).strip().removeprefix("error: ") for one in told if one.get("severity") == "error"]
    reasons = [text for text in errors if text != _IN_GENERAL]
    if reasons or policies.mandatory:
        return "\n".join(reasons)
    return answer.said.strip() or "the preview failed, and the engine does not say why"


def unchecked(
    found: Sequence[Change], digest: Mapping[str, Any], resources: Sequence[Mapping[str, Any]], *, genuine: bool
) -> dict[str, str]:
    """The types that change and are not put to what runs on AWS, and who checks them instead.

    ``resources`` are those of the state: only there stands how a release that is up was rendered.
    """
    changed = {(one.type, one.name) for one in found if one.type.partition(":")[0] not in ("platform", "pulumi")}
    if not changed:
        return {}
    # It loads the providers' tables, which the rest does without.
    from sandbox.checkers import API_SERVER, RENDERED, RENDERED_ELSEWHERE, Checkers

    checked = (API_SERVER, RENDERED, RENDERED_ELSEWHERE)

    steps = cast("list[Mapping[str, Any]]", digest.get("steps") or [])
    planned = [cast("Mapping[str, Any]", step.get("newState") or step.get("oldState") or {}) for step in steps]
    # What is there knows more than what is planned of it.
    here = {str(one["urn"]): one for one in [*planned, *resources] if one}
    checkers = Checkers.of(here.values(), genuine=genuine)
    who = [
        (str(one["type"]), checkers.checker_of(one))
        for urn, one in here.items()
        if (one["type"], urn.rpartition("::")[2]) in changed
    ]
    # Of several of a type, one that nobody has looked at is enough.
    return {token: told for token, told in who if told != "moto" and not told.startswith(checked)}
