"""Runs the ``helm`` program, away from the user's own repositories, plugins and credentials."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TIMEOUT = 120.0
"""Seconds for one command, pulls included."""
_HINT = "Use --debug flag"


class ChartError(Exception):
    """A chart that can't be had or can't be rendered. The message is the reason, in one line."""


@dataclass(frozen=True)
class Helm:
    """A helm program, with a folder for what it keeps."""

    program: str
    folder: Path

    def run(self, arguments: Sequence[str], *, stdin: str = "", proxies: Mapping[str, str] | None = None) -> str:
        """What ``helm ARGUMENTS`` prints. Raises ChartError with Helm's reason.

        With ``proxies``, the variables that lead to the network, it may leave this machine.
        """
        try:
            done = subprocess.run(
                [self.program, *arguments],
                env=self._environ(proxies),
                input=stdin,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT,
                check=False,
            )
        except OSError as error:
            raise ChartError(f"{self.program} can't be run: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise ChartError(f"`helm {arguments[0]}` did not end within {_TIMEOUT:.0f} s") from None
        if done.returncode:
            raise ChartError(_reason(done.stderr) or f"`helm {arguments[0]}` ended with {done.returncode}")
        return done.stdout

    def _environ(self, proxies: Mapping[str, str] | None) -> dict[str, str]:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("HELM_")}
        if proxies is not None:
            environ = {name: value for name, value in environ.items() if not name.upper().endswith("_PROXY")}
        folders = {
            name: str(self.folder / name.split("_")[1].lower())
            for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")
        }
        # Helm falls back to Docker's credentials for registries.
        return {**environ, **folders, "DOCKER_CONFIG": str(self.folder / "docker"), **(proxies or {})}


def _reason(text: str) -> str:
    """What follows ``Error:``, in one line: warnings come before it, advice for Helm's command line after it."""
    _, marker, reason = f"\n{text}".partition("\nError: ")
    lines = (line.strip() for line in (reason if marker else text).splitlines())
    return " ".join(line for line in lines if line and not line.startswith(_HINT))
