"""Where images are kept."""

from components.registry.registry import (
    KEEP_LAST,
    REPOSITORY,
    UNTAGGED_DAYS,
    Registry,
    RegistryArgs,
    check_repositories,
    check_repository,
)

__all__ = [
    "KEEP_LAST",
    "REPOSITORY",
    "UNTAGGED_DAYS",
    "Registry",
    "RegistryArgs",
    "check_repositories",
    "check_repository",
]
