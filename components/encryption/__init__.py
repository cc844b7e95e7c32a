"""Encryption keys."""

from components.encryption.key import EncryptionKey, EncryptionKeyArgs
from components.encryption.policy import KeyUse, key_policy

__all__ = ["EncryptionKey", "EncryptionKeyArgs", "KeyUse", "key_policy"]
