"""Encrypted values in a stack's configuration, and why there is none among the settings."""

from __future__ import annotations

from collections.abc import Iterable

_WHY = (
    "holds an encrypted value; allowed are plain ones, as no setting is a secret: passwords are generated, and kept in "
    "Secrets Manager. Set it without --secret"
)


def refusal(keys: Iterable[str], *, stack: str) -> str:
    """What a user is told who has encrypted values below ``keys``. Never the values.

    They are read as text, and would stand in plain text in the state and in what is built: the engine keeps secret what
    is marked, not what was encrypted in the file once. Passwords, of which there are some, nobody sets (ADR 12).
    """
    found = sorted(keys)
    count = "One setting" if len(found) == 1 else f"{len(found)} settings"
    heading = f"{count} of stack {stack} can't be used (Pulumi.{stack}.yaml):"
    return "\n\n".join([heading, *(f"  platform:{key}\n    {_WHY}" for key in found)])
