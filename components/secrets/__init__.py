"""Secrets that the platform makes and keeps."""

from components.secrets.connection import ConnectionSecret, ConnectionSecretArgs
from components.secrets.passwords import PasswordMissingError, generated_password, held_password

__all__ = [
    "ConnectionSecret",
    "ConnectionSecretArgs",
    "PasswordMissingError",
    "generated_password",
    "held_password",
]
