"""Which providers the engine gets: the sandbox's own, or for Kubernetes a genuine one that the user has."""

from __future__ import annotations

import shutil
from collections.abc import Mapping

ATTACH = "SANDBOX_ATTACH"
_PROGRAM = "pulumi-resource-kubernetes"
_ALL = "aws,kubernetes"


class AttachmentError(ValueError):
    """SANDBOX_ATTACH asks for what can't be. The message says what is allowed, or what is missing."""


def genuine_kubernetes_provider(environ: Mapping[str, str]) -> str | None:
    """The genuine provider's program where ``SANDBOX_ATTACH=aws`` leaves Kubernetes to it, None where it does not.

    Raises AttachmentError when the variable has another value, or when there is no such program on PATH.
    """
    wanted = environ.get(ATTACH) or _ALL
    if wanted == _ALL:
        return None
    if wanted != "aws":
        raise AttachmentError(
            f"{ATTACH} is {wanted!r}: it must be 'aws', which leaves Kubernetes to a genuine {_PROGRAM} on PATH, or "
            f"{_ALL!r} (the default)"
        )
    found = shutil.which(_PROGRAM, path=environ.get("PATH"))
    if found is None:
        raise AttachmentError(
            f"{ATTACH} is 'aws', but there is no {_PROGRAM} on PATH: put the genuine provider there, or unset {ATTACH}"
        )
    return found
