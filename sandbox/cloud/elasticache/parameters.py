"""Parameters of Redis OSS and Valkey that ElastiCache lets its users change, with their defaults."""

from __future__ import annotations

from dataclasses import dataclass

FAMILIES = ("redis4.0", "redis5.0", "redis6.x", "redis7", "valkey7", "valkey8", "valkey9")


@dataclass(frozen=True)
class Parameter:
    default: str
    allowed: str
    """A range such as 0-100, or values separated by commas; empty for any text."""
    kind: str = "string"

    def accepts(self, value: str) -> bool:
        if self.kind == "integer":
            low, _, high = self.allowed.partition("-")
            return value.lstrip("-").isdigit() and int(low) <= int(value) <= int(high)
        return not self.allowed or value in self.allowed.split(",")


_EVICTION = "volatile-lru,allkeys-lru,volatile-lfu,allkeys-lfu,volatile-random,allkeys-random,volatile-ttl,noeviction"

PARAMETERS: dict[str, Parameter] = {
    "acllog-max-len": Parameter("128", "1-10000", "integer"),
    "activedefrag": Parameter("no", "yes,no"),
    "activerehashing": Parameter("yes", "yes,no"),
    "appendonly": Parameter("no", "yes,no"),
    "client-output-buffer-limit-pubsub-hard-limit": Parameter("33554432", "0-2147483647", "integer"),
    "client-output-buffer-limit-pubsub-soft-limit": Parameter("8388608", "0-2147483647", "integer"),
    "client-output-buffer-limit-pubsub-soft-seconds": Parameter("60", "0-2147483647", "integer"),
    "close-on-replica-write": Parameter("yes", "yes,no"),
    "cluster-enabled": Parameter("no", "yes,no"),
    "databases": Parameter("16", "1-1200000", "integer"),
    "hash-max-listpack-entries": Parameter("512", "0-2147483647", "integer"),
    "hash-max-listpack-value": Parameter("64", "0-2147483647", "integer"),
    "latency-tracking": Parameter("no", "yes,no"),
    "lazyfree-lazy-eviction": Parameter("no", "yes,no"),
    "lazyfree-lazy-expire": Parameter("no", "yes,no"),
    "lazyfree-lazy-server-del": Parameter("no", "yes,no"),
    "lfu-decay-time": Parameter("1", "0-2147483647", "integer"),
    "lfu-log-factor": Parameter("10", "0-2147483647", "integer"),
    "list-compress-depth": Parameter("0", "0-2147483647", "integer"),
    "list-max-listpack-size": Parameter("-2", "-5-2147483647"),
    "maxmemory-policy": Parameter("volatile-lru", _EVICTION),
    "maxmemory-samples": Parameter("3", "1-2147483647", "integer"),
    "min-replicas-max-lag": Parameter("10", "0-2147483647", "integer"),
    "min-replicas-to-write": Parameter("0", "0-2147483647", "integer"),
    "notify-keyspace-events": Parameter("", ""),
    "proto-max-bulk-len": Parameter("536870912", "1048576-536870912", "integer"),
    "reserved-memory-percent": Parameter("25", "0-100", "integer"),
    "set-max-intset-entries": Parameter("512", "0-2147483647", "integer"),
    "slowlog-log-slower-than": Parameter("10000", "0-2147483647", "integer"),
    "slowlog-max-len": Parameter("128", "0-2147483647", "integer"),
    "stream-node-max-bytes": Parameter("4096", "0-2147483647", "integer"),
    "stream-node-max-entries": Parameter("100", "0-2147483647", "integer"),
    "tcp-keepalive": Parameter("300", "0-2147483647", "integer"),
    "timeout": Parameter("0", "0-2147483647", "integer"),
    "tracking-table-max-keys": Parameter("1000000", "1-100000000", "integer"),
    "zset-max-listpack-entries": Parameter("128", "0-2147483647", "integer"),
    "zset-max-listpack-value": Parameter("64", "0-2147483647", "integer"),
}


def family(engine: str, version: str) -> str:
    """The family of parameter groups for an engine version such as redis 7.1."""
    major = version.partition(".")[0]
    if engine == "redis":
        return {"4": "redis4.0", "5": "redis5.0", "6": "redis6.x"}.get(major, f"redis{major}")
    return f"valkey{major}"


def default_group(name: str) -> str | None:
    """The family of one of AWS's own groups, such as default.redis7; None when it is none of them."""
    found = name.removeprefix("default.").removesuffix(".cluster.on")
    return found if name.startswith("default.") and found in FAMILIES else None
