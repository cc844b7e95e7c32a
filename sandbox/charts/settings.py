"""Which charts may be had: what the user's environment says, kept in the sandbox's home for its processes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox import files
from sandbox.home import Home

CACHE = "SANDBOX_CHART_CACHE"
CHARTS = "SANDBOX_CHARTS"
_ONLINE = "online"
_PROXIES = tuple(
    name for upper in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY") for name in (upper, upper.lower())
)


class ChartSettingsError(ValueError):
    """A variable that says nothing sensible. The message names it, its value, and what is allowed."""


@dataclass(frozen=True)
class ChartSettings:
    """Where charts come from. Without any of it every chart gets a stand-in."""

    cache: Path | None = None
    """A folder of unpacked charts and ``.tgz`` files."""
    online: bool = False
    """Whether charts that the cache lacks may be pulled from where the program says."""
    proxies: Mapping[str, str] = field(default_factory=dict[str, str])
    """The user's proxy variables: the sandbox's processes have others, that lead nowhere."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> ChartSettings:
        """What ``SANDBOX_CHART_CACHE`` and ``SANDBOX_CHARTS`` ask for. Raises ChartSettingsError."""
        folder, charts = environ.get(CACHE, ""), environ.get(CHARTS, "")
        if charts not in ("", _ONLINE):
            raise ChartSettingsError(
                f"{CHARTS} is {charts!r}: it must be {_ONLINE!r}, to let charts be pulled, or unset"
            )
        cache = Path(folder).expanduser().resolve() if folder else None
        if cache is not None and not cache.is_dir():
            raise ChartSettingsError(
                f"{CACHE} is {folder!r}, which is no folder: name one of unpacked charts or .tgz files"
            )
        proxies = {name: environ[name] for name in _PROXIES if name in environ} if charts else {}
        return cls(cache, bool(charts), proxies)

    @classmethod
    def read(cls, home: Home) -> ChartSettings:
        """What was kept in ``home``; nothing when nothing was."""
        try:
            kept = json.loads(_file(home).read_text())
        except FileNotFoundError:
            return cls()
        return cls(Path(kept["cache"]) if kept["cache"] else None, kept["online"], kept["proxies"])

    def keep(self, home: Home) -> None:
        """Write it down for the sandbox's processes, which were started with another environment."""
        kept = {"cache": str(self.cache or ""), "online": self.online, "proxies": dict(self.proxies)}
        # A proxy's address may hold a password.
        files.write(_file(home), json.dumps(kept), mode=files.PRIVATE)

    @property
    def needs_helm(self) -> bool:
        return self.cache is not None or self.online


def _file(home: Home) -> Path:
    return home.root / "charts.json"
