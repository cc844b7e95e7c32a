"""What pods say of themselves when they don't get ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sandbox.plugins.kubernetes import objects

Object = dict[str, Any]


def pod_problems(pods: Sequence[Mapping[str, Any]]) -> list[str]:
    """Why pods are not ready, one line each, equal reasons of several pods told once."""
    found: dict[str, list[str]] = {}
    for pod in pods:
        reason = _problem(pod)
        if reason:
            found.setdefault(reason, []).append(str(objects.metadata(pod).get("name")))
    lines: list[str] = []
    for reason, names in found.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        lines.append(f"[Pod {names[0]}{more}] {reason}")
    return lines


def unready(pod: Mapping[str, Any]) -> bool:
    """Whether it neither runs as it should nor has done its work."""
    status = cast("Mapping[str, Any]", pod.get("status") or {})
    return status.get("phase") != "Succeeded" and _conditions(pod).get("Ready", {}).get("status") != "True"


def _conditions(pod: Mapping[str, Any]) -> dict[str, Object]:
    status = cast("Mapping[str, Any]", pod.get("status") or {})
    return {entry["type"]: entry for entry in cast("list[Object]", status.get("conditions") or [])}


def _problem(pod: Mapping[str, Any]) -> str:
    if not unready(pod):
        return ""
    status = cast("Mapping[str, Any]", pod.get("status") or {})
    conditions = _conditions(pod)
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return f"{scheduled.get('reason')}: {scheduled.get('message')}"
    containers = cast(
        "list[Object]", [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    )
    reasons = [reason for container in containers if (reason := _container_problem(container))]
    if reasons:
        return "; ".join(reasons)
    if status.get("phase") == "Failed":
        return f"{status.get('reason') or 'Failed'}: {status.get('message') or 'the pod failed'}"
    ready = conditions.get("Ready", {})
    return str(ready.get("message") or "")


def _container_problem(status: Object) -> str:
    if status.get("ready"):
        return ""
    name = status.get("name")
    state = cast("Mapping[str, Object]", status.get("state") or {})
    last = cast("Mapping[str, Object]", status.get("lastState") or {}).get("terminated")
    parts: list[str] = []
    waiting = state.get("waiting")
    if waiting and waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
        parts.append(f"container {name!r} waits: {waiting['reason']}: {waiting.get('message') or 'no message'}")
    for when, terminated in (("", state.get("terminated")), ("last ", last)):
        if terminated and terminated.get("exitCode") != 0:
            parts.append(
                f"container {name!r} {when}ended with exit code {terminated.get('exitCode')} "
                f"({terminated.get('reason') or 'no reason'}){_message(terminated)}"
            )
    return "; ".join(parts)


def _message(terminated: Object) -> str:
    return f": {terminated['message']}" if terminated.get("message") else ""
