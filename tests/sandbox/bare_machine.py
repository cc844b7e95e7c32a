"""A machine with an empty cache and nothing but the system's programs, for tests of the set-up."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sandbox.toolchain.pins import CRD_SETS, Tool, kubernetes_minors, tools

MINOR = kubernetes_minors()[-1]

GO = """
: "${GOCACHE:=$HOME/.cache/go-build}" "${GOMODCACHE:=$HOME/go/pkg/mod}"
case "$1" in
  env)
    shift
    for name in "$@"; do
      case "$name" in
        GOVERSION) echo go9.9.9 ;;
        GOCACHE) echo "$GOCACHE" ;;
        GOMODCACHE) echo "$GOMODCACHE" ;;
      esac
    done ;;
  build)
    mkdir -p "$GOCACHE/00" "$GOMODCACHE/cache/download/example.com"
    echo "go: downloading example.com/module v1.0.0" >&2
    echo example.com/module >&2
    while [ "$1" != -o ]; do shift; done
    echo "$2" >> "$GOCACHE/00/compiled"
    echo "built $FLAVOUR" > "$2"
    chmod +x "$2" ;;
  mod)
    module="$CRDS/${4%@*}"
    echo "{\\"Dir\\": \\"$module\\"}" ;;
esac
"""
"""A Go that builds at once, and leaves traces in its caches."""


def program(path: Path, script: str) -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def failing_go(said: str) -> str:
    """The script of a Go whose every build says ``said`` and fails."""
    return f"case $1 in env) echo go9.9.9;; *) echo 'go: downloading x v1' >&2; echo '{said}' >&2; exit 1;; esac"


def tool(name: str) -> Tool:
    return next(found for found in tools(MINOR) if found.name == name)


def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make it, and return its folder for programs, which is all of PATH."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("KUBEBUILDER_ASSETS", "GOCACHE", "GOMODCACHE", "SANDBOX_KEEP_CACHES"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "machine"
    folder.mkdir()
    for name in ("sh", "cat", "chmod", "mkdir", "touch", "dirname", "sleep"):
        (folder / name).symlink_to(f"/bin/{name}")
    monkeypatch.setenv("PATH", str(folder))
    return folder


def install_go(machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put GO on PATH, with modules for it to find, and a kubectl."""
    monkeypatch.setenv("CRDS", str(tmp_path / "modules"))
    for crds in CRD_SETS:
        file = tmp_path / "modules" / crds.module / crds.files.replace("*", "things")
        file.parent.mkdir(parents=True)
        file.write_text("kind: CustomResourceDefinition\n")
    program(machine / "kubectl", "true")
    return program(machine / "go", GO)
