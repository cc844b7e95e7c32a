"""All settings of a stack, and what they must have in common."""

from __future__ import annotations

from pydantic import model_validator

from components.removal import RemovalPolicy
from stacks.settings.foundation import AwsSettings, ClusterSettings, Name, NetworkSettings, NodeGroupSettings
from stacks.settings.section import Section
from stacks.settings.services import CacheSettings, DatabaseSettings, RegistrySettings
from stacks.settings.workloads import ApplicationSettings, CertificatesSettings, IngressSettings

_NEEDS = {
    "node_groups": ("cluster",),
    "cache": ("cluster",),
    "database": ("cluster",),
    "ingress": ("cluster", "node_groups"),
    "certificates": ("cluster", "node_groups", "ingress"),
    "application": ("cluster", "node_groups", "registry", "cache", "database", "ingress", "certificates"),
}
"""Section to the sections that it can't be without."""


class Settings(Section):
    """What a stack consists of. A section that is left out is not built."""

    aws: AwsSettings
    """The account and the region."""
    network: NetworkSettings
    """The VPC and its subnets."""
    removal_policy: RemovalPolicy = RemovalPolicy.RETAIN
    """What becomes of databases, caches, images, secrets, logs and keys when they are deleted."""
    cluster: ClusterSettings | None = None
    """The EKS cluster."""
    node_groups: dict[Name, NodeGroupSettings] | None = None
    """Node groups by name."""
    registry: RegistrySettings | None = None
    """Repositories for images."""
    cache: CacheSettings | None = None
    """Redis."""
    database: DatabaseSettings | None = None
    """Postgres."""
    ingress: IngressSettings | None = None
    """The ingress controller."""
    certificates: CertificatesSettings | None = None
    """Certificates of Let's Encrypt."""
    application: ApplicationSettings | None = None
    """The web application."""

    @model_validator(mode="after")
    def _sections_fit(self) -> Settings:
        problems: list[str] = []
        fields = type(self).model_fields
        for section, needed in _NEEDS.items():
            if getattr(self, section) is None:
                continue
            missing = [str(fields[name].alias) for name in needed if not getattr(self, name)]
            if missing:
                problems.append(
                    f"{fields[section].alias} needs {', '.join(missing)}; add "
                    f"{'this section' if len(missing) == 1 else 'these sections'} or leave {fields[section].alias} out"
                )
        if self.application is not None and self.registry is not None:
            repository = self.application.image.repository
            if repository not in self.registry.repositories:
                problems.append(
                    f"application.image.repository is {repository}, which registry.repositories does not name; "
                    f"allowed are {', '.join(self.registry.repositories)}"
                )
        if self.cluster and "cert-manager" in self.cluster.addon_versions and self.certificates is None:
            problems.append(
                "cluster.addonVersions names cert-manager, which is installed with certificates only; add that section "
                "or leave the version out"
            )
        if self.node_groups and not any(group.takes_any_pod for group in self.node_groups.values()):
            problems.append(
                "nodeGroups has no group that begins with a node for pods without tolerations, and CoreDNS would wait "
                "for one; give a group without NoSchedule and NoExecute taints a desiredSize of 1 or more"
            )
        if problems:
            raise ValueError("\n".join(problems))
        return self
