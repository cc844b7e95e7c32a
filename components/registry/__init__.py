"""Where images are kept."""

from components.registry.registry import KEEP_LAST, UNTAGGED_DAYS, Registry, RegistryArgs, check_repository

__all__ = [
    "KEEP_LAST",
    "UNTAGGED_DAYS",
    "Registry",
    "RegistryArgs",
    "check_repository",
]
