"""The engines of ElastiCache that speak Redis's protocol."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from components.machines import Families, check_machine
from components.refusals import Refusal

NODE_TYPE = "a node type of ElastiCache such as cache.t4g.micro"
_FROM_LARGE = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
_BURSTABLE = ("micro", "small", "medium")
_VALKEY_ALONE = ("c8gn", "m8g", "r8g")
# "Supported node types" in the Amazon ElastiCache user guide, read in 2026: the current generations. T2, which no new
# cache can have any more, is not among them, nor is R6gd, which wants data tiering.
NODE_TYPES: Families = {
    "t3": _BURSTABLE,
    "t4g": _BURSTABLE,
    "m4": ("large", "xlarge", "2xlarge", "4xlarge", "10xlarge"),
    "m5": ("large", "xlarge", "2xlarge", "4xlarge", "12xlarge", "24xlarge"),
    "r4": ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge"),
    "r5": ("large", "xlarge", "2xlarge", "4xlarge", "12xlarge", "24xlarge"),
    **dict.fromkeys(("m6g", "m7g", "r6g", "r7g", "c7gn", *_VALKEY_ALONE), _FROM_LARGE),
}


def check_node_type(name: str) -> None:
    """Raise Refusal when ElastiCache has no such type for what speaks Redis's protocol."""
    check_machine(name, prefix="cache.", allowed=NODE_TYPE, known=NODE_TYPES)


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


def check_engine(engine: CacheEngine, node_type: str) -> None:
    """Raise Refusal when ElastiCache does not run ``engine`` on nodes of this type."""
    if engine is CacheEngine.REDIS and node_type.split(".")[1] in _VALKEY_ALONE:
        raise Refusal(
            f"{node_type} runs {CacheEngine.VALKEY} only",
            allowed=f"{CacheEngine.REDIS} on nodes of other families than {', '.join(_VALKEY_ALONE)}",
            fix=f"write {CacheEngine.VALKEY}, or take another node type",
        )


_RELEASES = {
    CacheEngine.VALKEY: EngineRelease("valkey", "8.2", "valkey8"),
    CacheEngine.REDIS: EngineRelease("redis", "7.1", "redis7"),
}
