"""Marks that change when configuration changes, so that pods which read it at their start are started anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping


def checksum(data: Mapping[str, str]) -> str:
    """SHA-256 of configuration that anybody may read."""
    return hashlib.sha256(_canonical(data)).hexdigest()


def fingerprint(data: Mapping[str, str], *, salt: str) -> str:
    """A mark of secret configuration that can be shown.

    It stands in a pod annotation, where more people can read than in the Secret. A plain hash would let them try
    guesses quickly; scrypt makes each guess slow, the salt makes tables useless, and 40 bits fit many other values too.
    """
    key = hashlib.scrypt(_canonical(data), salt=salt.encode(), n=2**14, r=8, p=1, dklen=5)
    return key.hex()


def _canonical(data: Mapping[str, str]) -> bytes:
    return json.dumps(dict(data), sort_keys=True, separators=(",", ":")).encode()
