"""Finds the chart that a release names: at a path, in the user's cache, or by pulling it."""

from __future__ import annotations

import hashlib
import re
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from sandbox import files
from sandbox.charts.helm import ChartError, Helm
from sandbox.charts.settings import CACHE, ChartSettings

_EXACT = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")


@dataclass(frozen=True)
class Wanted:
    """The chart that a release asks for."""

    reference: str
    """``traefik``, ``repository/traefik``, ``oci://host/path/traefik``, an address of a .tgz file, or a path."""
    version: str = ""
    """Empty for the newest."""
    repository: str = ""
    prereleases: bool = False

    @property
    def name(self) -> str:
        """``traefik``: the last part of the reference, without a tag, a digest or a file's ending."""
        last = self.reference.rstrip("/").rpartition("/")[2]
        if last.endswith(".tgz"):
            return re.sub(r"-v?\d+\.\d+\.\d+.*$", "", last.removesuffix(".tgz"))
        return last.partition("@")[0].partition(":")[0]

    @property
    def exact_version(self) -> str:
        """The version asked for, or that of the reference's tag or file name."""
        last = self.reference.rstrip("/").rpartition("/")[2].partition("@")[0]
        tag = last.partition(":")[2] or (
            last.removesuffix(".tgz").removeprefix(f"{self.name}-") if ".tgz" in last else ""
        )
        return self.version or tag

    @property
    def pinned(self) -> bool:
        """Whether it is the same chart each time: repositories do not change what they have published."""
        return "@" in self.reference or _EXACT.fullmatch(self.exact_version) is not None

    @property
    def local(self) -> bool:
        """Whether it is a path on this machine: it says so, or there is something."""
        if self.repository or "://" in self.reference:
            return False
        return self.reference.startswith((".", "/", "~")) or _there(self._path)

    @property
    def _path(self) -> Path:
        return Path(self.reference).expanduser()

    def at_its_path(self) -> Chart:
        """The chart of a local reference. Raises ChartError when there is none."""
        if not _there(self._path):
            raise ChartError(f"there is no chart at {self._path.absolute()}")
        return _chart(self._path.resolve(), self)

    def __str__(self) -> str:
        return f"{self.reference} {self.version}".rstrip()


@dataclass(frozen=True)
class Chart:
    """A chart on this machine."""

    path: Path
    """Its folder, or its .tgz file."""
    name: str
    version: str
    app_version: str = ""

    @property
    def digest(self) -> str:
        """16 hex digits that change with the chart's files."""
        digest = hashlib.sha256()
        for file in sorted(self.path.rglob("*")) if self.path.is_dir() else [self.path]:
            if file.is_file():
                content = file.read_bytes()
                digest.update(f"{file.relative_to(self.path)}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Charts:
    """All charts that may be had."""

    settings: ChartSettings
    helm: Helm
    pulled: Path
    """The folder that keeps what was pulled: a file for each digest, as another release may render from it."""
    today: dict[Wanted, Path] = field(default_factory=dict[Wanted, Path])
    """What was pulled for those whose newest version is wanted; it holds for as long as an engine's run."""

    def find(self, wanted: Wanted) -> Chart | None:
        """The chart, None when it can't be had. Raises ChartError when it is had in another version, or not pulled."""
        if wanted.local:
            return wanted.at_its_path()
        kept = list(_candidates(self.settings.cache, wanted.name)) if self.settings.cache else []
        if found := _choose(kept, wanted):
            return found
        if self.settings.online:
            return self._pull(wanted)
        if kept:
            versions = ", ".join(sorted({chart.version for chart in kept}))
            hint = "" if _EXACT.fullmatch(wanted.exact_version) else "; there, a version must be written out in full"
            raise ChartError(
                f"{CACHE} ({self.settings.cache}) has {wanted.name} in {versions} only, and version "
                f"{wanted.exact_version} is asked for{hint}: put that chart there (`helm pull`), or take this one out "
                "to get a stand-in"
            )
        return None

    def _pull(self, wanted: Wanted) -> Chart:
        asked = "\0".join((wanted.reference, wanted.version, wanted.repository, str(wanted.prereleases)))
        key = hashlib.sha256(asked.encode()).hexdigest()[:12]
        # The same chart for two releases at once is pulled once.
        with files.locked(self.pulled / f".{key}.lock"):
            known = self.pulled / f".{key}"
            if wanted.pinned:
                path = self.pulled / known.read_text() if known.is_file() else None
            else:
                path = self.today.get(wanted)
            if path is None or not path.is_file():
                path = self.today[wanted] = self._pull_anew(wanted)
                files.write(known, str(path.relative_to(self.pulled)))
            return _chart(path, wanted)

    def _pull_anew(self, wanted: Wanted) -> Path:
        with tempfile.TemporaryDirectory(dir=self.pulled) as scratch:
            self.helm.run([*_pull_arguments(wanted), "--destination", scratch], proxies=self.settings.proxies)
            file = next(Path(scratch).glob("*.tgz"))
            target = self.pulled / f"{wanted.name}-{hashlib.sha256(file.read_bytes()).hexdigest()[:12]}" / file.name
            target.parent.mkdir(exist_ok=True)
            return file.replace(target)


def _there(path: Path) -> bool:
    return path.is_file() or (path / "Chart.yaml").is_file()


def _pull_arguments(wanted: Wanted) -> list[str]:
    options = {"--version": wanted.version, "--repo": wanted.repository}
    given = [part for name, value in options.items() if value for part in (name, value)]
    return ["pull", wanted.reference, *given, *(["--devel"] if wanted.prereleases else [])]


def _choose(charts: list[Chart], wanted: Wanted) -> Chart | None:
    version = wanted.exact_version.lstrip("v")
    if version:
        return next((chart for chart in charts if chart.version.lstrip("v") == version), None)
    stable = [chart for chart in charts if wanted.prereleases or "-" not in chart.version.partition("+")[0]]
    return max(stable, key=lambda chart: _precedence(chart.version), default=None)


def _precedence(version: str) -> tuple[tuple[int, ...], bool, str]:
    """Orders versions; prereleases of one version by their text."""
    found = _EXACT.fullmatch(version)
    if found is None:
        return (), False, version
    return tuple(int(number) for number in found.groups()[:3]), found[4] is None, found[4] or ""


def _candidates(cache: Path, name: str) -> Iterator[Chart]:
    """The charts of that name in the cache, or in a folder of it."""
    named = Wanted(name)
    for pattern in ("Chart.yaml", "*/Chart.yaml", "*/*/Chart.yaml"):
        for file in sorted(cache.glob(pattern)):
            chart = _chart(file.parent, named)
            if chart.name == name:
                yield chart
    for pattern in (f"{name}-*.tgz", f"*/{name}-*.tgz", f"{name}.tgz", f"*/{name}.tgz"):
        for file in sorted(cache.glob(pattern)):
            chart = _chart(file, named)
            if chart.name == name:
                yield chart


def _chart(path: Path, wanted: Wanted) -> Chart:
    """The chart at ``path`` as it calls itself. Of one that can't be read Helm says why, so its name must do here."""
    try:
        metadata = yaml.safe_load(_chart_yaml(path))
    except (OSError, EOFError, tarfile.TarError, KeyError, yaml.YAMLError, UnicodeDecodeError):
        metadata = None
    if not isinstance(metadata, dict):
        version = re.search(r"-(v?\d+\.\d+\.\d+.*)\.tgz$", path.name)
        name = path.name[: version.start()] if version else wanted.name
        return Chart(path, name, version[1] if version else wanted.version)
    known = cast("dict[str, Any]", metadata)
    return Chart(path, str(known.get("name")), str(known.get("version")), str(known.get("appVersion", "")))


def _chart_yaml(path: Path) -> str:
    if path.is_dir():
        return (path / "Chart.yaml").read_text()
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            if re.fullmatch(r"[^/]+/Chart\.yaml", member.name.removeprefix("./")):
                file = archive.extractfile(member)
                return file.read().decode() if file else ""
    raise KeyError("Chart.yaml")
