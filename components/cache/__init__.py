"""A shared cache that speaks Redis's protocol."""

from components.cache.cache import REPLICAS, SNAPSHOT_DAYS, Cache, CacheArgs
from components.cache.engines import NODE_TYPE, CacheEngine, check_engine, check_node_type

__all__ = [
    "NODE_TYPE",
    "REPLICAS",
    "SNAPSHOT_DAYS",
    "Cache",
    "CacheArgs",
    "CacheEngine",
    "check_engine",
    "check_node_type",
]
