"""What moto's services have in a region at first, such as the default VPC: the same in each life of a sandbox.

moto makes it when the region is used for the first time, which a mere look may do. So it must not depend on when that
happens: its ids and dates are those of the journal's beginning.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, cast

from moto.core.base_backend import AccountSpecificBackend, BackendDict, backend_lock

from sandbox.cloud.journal import Journal
from sandbox.cloud.repeatable import Circumstances, repeatable


def install(journal: Journal, made: Callable[[Any], None]) -> Callable[[], None]:
    """From now on, ``made`` is called with the state of each service and region before anybody else sees it.

    Returns what undoes this.
    """
    service_type: Any = BackendDict
    regions_type: Any = AccountSpecificBackend
    new_service = service_type.__init__
    new_account = service_type._create_account_specific_backend
    region_of = regions_type.__getitem__

    def beginning(*names: str) -> AbstractContextManager[None]:
        return repeatable(Circumstances(journal.began, " ".join((journal.seed, *names))))

    def service(self: Any, backend: Any, service_name: str, *arguments: Any, **named: Any) -> None:
        with beginning(service_name):
            new_service(self, backend, service_name, *arguments, **named)

    def account(self: Any, name: str) -> None:
        if name in self.keys():
            new_account(self, name)
            return
        with beginning(self.service_name, name):
            new_account(self, name)

    def region(self: Any, name: str) -> Any:
        name = "aws" if name == "global" else name
        if name in self.keys():  # `in` knows the unused ones as well
            return region_of(self, name)

        def begin(*arguments: Any, **named: Any) -> Any:
            with beginning(self.service_name, self.account_id, name):
                backend = new_backend(*arguments, **named)
            made(backend)
            return backend

        # moto's own lock, and never the journal's: a mutation may wait for what moto holds here.
        with backend_lock:
            new_backend, self.backend = self.backend, begin
            try:
                return region_of(self, name)
            finally:
                self.backend = new_backend

    def put(*functions: Any) -> None:
        service_type.__init__, service_type._create_account_specific_backend, regions_type.__getitem__ = functions

    for services in list(cast("list[Any]", service_type._instances)):
        for _, _, backend in list(services.iter_backends()):
            made(backend)
    put(service, account, region)
    return lambda: put(new_service, new_account, region_of)
