"""What an entry of the cache holds, written down when it was made, so that damage is seen before anything runs.

Looking at sizes, times and rights takes less than a millisecond, and is done at each start. Contents are read (half a
gigabyte in half a second) where a file's time has changed, and once after each boot: a crash of the machine is what
makes files that look right and are not.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox import files

NAME = "seal.json"
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class _File:
    size: int
    modified: int
    """Nanoseconds since the epoch."""
    executable: bool
    sha256: str

    @classmethod
    def of(cls, path: Path) -> _File:
        facts = path.stat()
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(facts.st_size, facts.st_mtime_ns, os.access(path, os.X_OK), digest)


def seal(entry: Path) -> None:
    """Write down what ``entry`` holds, once the disk has all of it."""
    found = {str(path.relative_to(entry)): path for path in sorted(entry.rglob("*")) if path.is_file()}
    found.pop(NAME, None)
    for path in found.values():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    _write(entry, {name: _File.of(path) for name, path in found.items()})


def is_sealed(entry: Path) -> bool:
    """Whether there is a seal that can be read."""
    return _read(entry) is not None


def damage(entry: Path) -> str | None:
    """What is wrong with ``entry``, for a sentence: ``etcd is missing``. None when all is as it was sealed."""
    seal = _read(entry)
    if seal is None:
        return "there is no record of what it should hold"
    checked, recorded = seal
    booted = boot() != checked
    current: dict[str, _File] = {}
    for name, file in recorded.items():
        path = entry / name
        try:
            facts = path.stat()
            if facts.st_size != file.size:
                return f"{name} has {facts.st_size} bytes instead of {file.size}"
            if file.executable and not os.access(path, os.X_OK):
                return f"{name} can't be executed"
            same = facts.st_mtime_ns == file.modified and not booted
            current[name] = file if same else _File.of(path)
        except OSError as error:
            return f"{name} is missing" if isinstance(error, FileNotFoundError) else f"{name}: {error.strerror}"
        if current[name].sha256 != file.sha256:
            return f"{name} has another content than it was made with"
    if booted or current != recorded:
        # In a cache that can't be written to it is read again the next time.
        with contextlib.suppress(OSError):
            _write(entry, current)
    return None


def boot() -> str:
    """Changes with each boot, where the system tells."""
    return _BOOT.read_text().strip() if _BOOT.exists() else ""


def _read(entry: Path) -> tuple[str, dict[str, _File]] | None:
    try:
        content = json.loads((entry / NAME).read_text())
        return content["checked"], {name: _File(**file) for name, file in content["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _write(entry: Path, found: dict[str, _File]) -> None:
    content = {"checked": boot(), "files": {name: asdict(file) for name, file in found.items()}}
    files.write(entry / NAME, json.dumps(content, indent=2) + "\n")
