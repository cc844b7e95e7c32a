"""What ``make status`` shows: the sandbox's processes, and who has checked the resources of its stack."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sandbox.charts.census import census
from sandbox.checkers import ADD_ON, Checkers
from sandbox.home import Running
from sandbox.process_facts import resident

_MEGABYTE = 1e6


def processes(running: Sequence[Running]) -> Iterator[str]:
    """A line for each process, and their sum."""
    if not running:
        yield "nothing is running"
        return
    yield f"{'PROCESS':<26}{'PID':>8}{'PORT':>8}{'SINCE':>22}{'MEMORY':>10}"
    total = 0
    for process in running:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(process.started))
        memory = resident(process.pid)
        total += memory
        yield f"{process.name:<26}{process.pid:>8}{process.port or '-':>8}{since:>22}{_megabytes(memory):>10}"
    yield f"{f'{len(running)} processes':<64}{_megabytes(total):>10}"


def types(resources: Iterable[Mapping[str, Any]], *, genuine: bool = False) -> Iterator[str]:
    """A line for each type in a stack's state, with who has checked it, and what that comes to.

    ``genuine``: whether a genuine Kubernetes provider looks after the stack.
    """
    # What is only waiting for its deletion has a successor that counts; components and providers are the engine's own.
    here = [one for one in resources if one.get("custom") and not one.get("delete") and _is_checked(str(one["type"]))]
    if not here:
        return
    checkers = Checkers.of(here, genuine=genuine)
    found = Counter((str(one["type"]), checkers.checker_of(one)) for one in here)
    width = max(len(token) for token, _ in found) + 2
    yield f"{'TYPE':<{width}}{'COUNT':>6}  CHECKED BY"
    for (token, checker), count in sorted(found.items()):
        yield f"{token:<{width}}{count:>6}  {checker}"
    by = Counter(checker for (_, checker), count in found.items() for _ in range(count))
    yield ""
    yield f"{len(here)} resources: " + ", ".join(f"{count} by {checker}" for checker, count in by.most_common())
    aws = {token: checker for token, checker in found if token.startswith("aws:")}
    if aws:
        moto = sum(checker == "moto" for checker in aws.values())
        yield f"AWS types: {moto} of {len(aws)} are answered by moto ({100 * moto / len(aws):.0f} %)"
    add_ons = sum(count for (token, _), count in found.items() if token == ADD_ON)
    yield f"charts: {census(here, genuine=genuine)}; EKS add-ons: {add_ons} stand-ins"


def _is_checked(token: str) -> bool:
    return not token.startswith("pulumi:")


def _megabytes(size: int) -> str:
    return f"{size / _MEGABYTE:.0f} MB"
