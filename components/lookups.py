"""Asking AWS while the program runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pulumi

Answer = TypeVar("Answer")


def answered(action: str, look_up: Callable[[], Answer]) -> Answer:
    """What ``look_up`` returns, for which AWS asks for the right to ``action``.

    Raises pulumi.RunError, with one line and without a traceback, when AWS gives no answer.
    """
    try:
        return look_up()
    except pulumi.RunError:
        raise
    except Exception as error:
        # The SDK raises nothing more specific: https://github.com/pulumi/pulumi/issues/8336
        reason = " ".join(str(error).split())
        raise pulumi.RunError(
            f"AWS gave no answer to {action}: {reason}; allowed: an identity that may do it; fix: take "
            f"credentials that are valid, and allow them {action}; docs/aws.md names all that a preview asks"
        ) from error
