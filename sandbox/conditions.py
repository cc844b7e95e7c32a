"""What the user asks of the simulated AWS beside its usual behaviour: its pace, its faults, its quotas.

All of it is read from the environment by the command that runs, and told to the cloud, so that each ``make up`` works
under the conditions of its own environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from sandbox.quotas import QUOTAS as TABLE

TIME_SCALE, FAULT_RATE, FAULT_SEED, QUOTAS = (
    "SANDBOX_TIME_SCALE",
    "SANDBOX_FAULT_RATE",
    "SANDBOX_FAULT_SEED",
    "SANDBOX_QUOTAS",
)

_CODES = tuple(quota.code for quota in TABLE)


class ConditionsError(Exception):
    """A variable says what can't be. The message is one sentence for the user."""


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """The conditions under which the cloud answers. As they are made here, nothing is slow and nothing fails."""

    time_scale: float | None = None
    """How many times faster than AWS things come, change and go; None for at once."""
    fault_rate: float = 0.0
    """The share of requests that are throttled or fail, 0 to 0.9."""
    fault_seed: int = 0
    """The same seed lets the same requests fail."""
    quotas: Mapping[str, int] = field(default_factory=dict[str, int])
    """Quota code to the value that stands instead of AWS's default."""
    enforce_quotas: bool = True

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Raises ConditionsError."""
        scale = _number(environ, TIME_SCALE, 0.0, 1e6)
        enforce, quotas = _quotas(environ.get(QUOTAS, ""))
        return cls(
            time_scale=scale or None,
            fault_rate=_number(environ, FAULT_RATE, 0.0, 0.9),
            fault_seed=_whole(environ, FAULT_SEED, 0, 2**31),
            quotas=quotas,
            enforce_quotas=enforce,
        )

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        return cls(**record)

    def record(self) -> dict[str, Any]:
        """The conditions as JSON can carry them."""
        return asdict(self)

    def told(self) -> str:
        """What is unusual, for the user; empty when nothing is."""
        parts: list[str] = []
        if self.time_scale:
            parts.append(f"AWS's waits at 1/{self.time_scale:g} of their length")
        if self.fault_rate:
            parts.append(f"{self.fault_rate:.0%} of the requests throttled or failing (seed {self.fault_seed})")
        if not self.enforce_quotas:
            parts.append("no quotas")
        parts += [f"quota {code} at {value}" for code, value in self.quotas.items()]
        return ", ".join(parts)


def _number(environ: Mapping[str, str], name: str, least: float, most: float) -> float:
    text = environ.get(name, "").strip() or "0"
    try:
        value = float(text)
    except ValueError:
        raise ConditionsError(f"{name}={text} is not a number") from None
    if not least <= value <= most:
        raise ConditionsError(f"{name}={text} is not between {least:g} and {most:g}")
    return value


def _whole(environ: Mapping[str, str], name: str, least: int, most: int) -> int:
    value = _number(environ, name, least, most)
    if value != int(value):
        raise ConditionsError(f"{name}={environ[name]} is not a whole number")
    return int(value)


def _quotas(text: str) -> tuple[bool, dict[str, int]]:
    if text.strip() == "off":
        return False, {}
    quotas: dict[str, int] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        code, equals, value = entry.partition("=")
        if not equals or not value.strip().isdigit():
            raise ConditionsError(f"{QUOTAS}={text} is neither «off» nor a list such as L-F678F1CE=20,L-0263D0A3=10")
        if code.strip() not in _CODES:
            raise ConditionsError(f"{QUOTAS}: {code.strip()} is none of the quotas that hold here: {', '.join(_CODES)}")
        quotas[code.strip()] = int(value)
    return True, quotas
