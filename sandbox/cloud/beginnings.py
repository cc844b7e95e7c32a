"""What moto's services have in a region at first, such as the default VPC: the same in each life of a sandbox.

moto makes it when the region is used for the first time, which a mere look may do. So it must not depend on when that
happens: its ids and dates are those of the journal's beginning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.base_backend import AccountSpecificBackend

from sandbox.cloud.journal import Journal
from sandbox.cloud.repeatable import Circumstances, repeatable


def install(journal: Journal, made: Callable[[Any], None]) -> Callable[[], None]:
    """From now on, ``made`` is called with the state of each service and region before anybody else sees it.

    Returns what undoes this.
    """
    regions_type: Any = AccountSpecificBackend
    original = regions_type.__getitem__

    def getitem(regions: Any, name: str) -> Any:
        name = "aws" if name == "global" else name
        if _known(regions, name):
            return original(regions, name)
        # A mutation must not meet a half of it.
        with journal.lock:
            if _known(regions, name):
                return original(regions, name)
            seed = f"{journal.seed} {regions.service_name} {regions.account_id} {name}"
            with repeatable(Circumstances(journal.began, seed)):
                backend = original(regions, name)
            made(backend)
            return backend

    def undo() -> None:
        regions_type.__getitem__ = original

    regions_type.__getitem__ = getitem
    return undo


def _known(regions: Any, name: str) -> bool:
    return name in regions.keys()  # noqa: SIM118 - `in` knows the unused ones as well
