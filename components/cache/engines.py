"""The engines of ElastiCache that speak Redis's protocol."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from components.machines import check_machine

NODE_TYPE = "a node type of ElastiCache such as cache.t4g.micro"


def check_node_type(name: str) -> None:
    """Raise Refusal when ElastiCache can't have this type: all of them are named after EC2's instance types."""
    check_machine(name, prefix="cache.", allowed=NODE_TYPE)


@dataclass(frozen=True, slots=True)
class EngineRelease:
    """What ElastiCache calls an engine and its version."""

    engine: str
    version: str
    parameter_family: str


class CacheEngine(StrEnum):
    """Who implements the protocol."""

    VALKEY = "Valkey"
    """The open-source continuation of Redis 7.2, cheaper on ElastiCache than Redis."""
    REDIS = "Redis"
    """Redis OSS 7.1, the last one that ElastiCache offers under that name."""

    @property
    def release(self) -> EngineRelease:
        return _RELEASES[self]


_RELEASES = {
    CacheEngine.VALKEY: EngineRelease("valkey", "8.2", "valkey8"),
    CacheEngine.REDIS: EngineRelease("redis", "7.1", "redis7"),
}
