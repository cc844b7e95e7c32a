"""Encrypted values in a stack's configuration, and why there is none among the settings."""

from __future__ import annotations

from components.refusals import Refusal


def encrypted() -> Refusal:
    """What a user is told of a section with an encrypted value. Never the value.

    It would be read as text, and stand in plain text in the state and in what is built: the engine keeps secret what is
    marked, not what was encrypted in the file once. Passwords, of which there are some, nobody sets (ADR 12).
    """
    return Refusal(
        "it holds an encrypted value",
        allowed="plain values, as no setting is a secret: passwords are generated, and kept in Secrets Manager",
        fix="set it again without --secret",
    )
