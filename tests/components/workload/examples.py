"""Args that can't be left out, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from components.workload import WebApplication, WebApplicationArgs
from recorder import Recording, record

DATABASE_URL = "postgresql://app:correct-horse@db.example.com:5432/app?sslmode=require"
REDIS_PASSWORD = "battery-staple-battery-staple"


def example_args(**changes: Any) -> WebApplicationArgs:
    """Working Args; ``changes`` replaces some of them."""
    required: dict[str, Any] = {
        "image": "registry.example.com/app:1.4.2",
        "host": "app.example.com",
        "database_url": DATABASE_URL,
        "redis_url": "rediss://cache.example.com:6379/0",
        "redis_password": REDIS_PASSWORD,
        "ingress_class": "nginx",
        "ingress_namespace": "ingress",
        "cluster_issuer": "letsencrypt-prod",
    }
    return WebApplicationArgs(**{**required, **changes})


def build(change: Callable[[], dict[str, Any]] = dict, *, preview: bool = False) -> Recording:
    """Record one application named ``app``. ``change`` is called inside the program, where Outputs can be made."""
    return record(lambda: WebApplication("app", example_args(**change())), preview=preview)
