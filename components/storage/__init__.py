"""Where volumes of pods come from."""

from components.storage.default_class import DefaultStorageClass

__all__ = ["DefaultStorageClass"]
