"""Secrets that the platform makes and keeps."""

from components.secrets.connection import ConnectionSecret, ConnectionSecretArgs
from components.secrets.passwords import generated_password

__all__ = ["ConnectionSecret", "ConnectionSecretArgs", "generated_password"]
