"""A shared cache that speaks Redis's protocol."""

from components.cache.cache import REPLICAS, SNAPSHOT_DAYS, Cache, CacheArgs
from components.cache.engines import CacheEngine

__all__ = [
    "REPLICAS",
    "SNAPSHOT_DAYS",
    "Cache",
    "CacheArgs",
    "CacheEngine",
]
