"""What ``make bench`` has measured, kept part by part."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from benchmarks.growth import Growth, Killed
from benchmarks.running import Run
from benchmarks.stacks import StackFigures


@dataclass
class Results:
    """What was not measured is empty."""

    cold: list[Run] = field(default_factory=list[Run])
    """``make environment`` and ``make start`` with an empty home folder."""
    kept_bytes: int = 0
    """What the home folder then has."""
    environment_bytes: int = 0
    """What of that is the Python environment; 0 where it was not measured apart."""
    stacks: dict[str, StackFigures] = field(default_factory=dict[str, StackFigures])
    previews: dict[str, Growth] = field(default_factory=dict[str, Growth])
    """First previews of web applications, by whether the interpreter looks for garbage: ``off``, ``on``."""
    small: Growth = field(default_factory=Growth)
    """First previews of small objects."""
    ups: dict[str, Growth] = field(default_factory=dict[str, Growth])
    """Ups of small objects, by the engine's switch."""
    killed: dict[str, Killed] = field(default_factory=dict[str, Killed])


_results = TypeAdapter(Results)


@dataclass(frozen=True)
class Parts:
    """A file for each part in ``folder``."""

    folder: Path

    def has(self, part: str) -> bool:
        return self._file(part).exists()

    def keep(self, part: str, results: Results) -> None:
        self.folder.mkdir(exist_ok=True)
        self._file(part).write_bytes(_results.dump_json(results))

    def all(self) -> Results:
        """All parts together."""
        together = Results()
        for file in sorted(self.folder.glob("*.json")):
            part = _results.validate_json(file.read_bytes())
            for one in fields(Results):
                value: Any = getattr(together, one.name)
                more: Any = getattr(part, one.name)
                if isinstance(value, dict):
                    setattr(together, one.name, {**value, **more})
                elif more and more != Growth():
                    setattr(together, one.name, more)
        return together

    def _file(self, part: str) -> Path:
        return self.folder / f"{part}.json"
