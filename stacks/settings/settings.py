"""All settings of a stack."""

from __future__ import annotations

from components.removal import RemovalPolicy
from stacks.settings.foundation import AwsSettings, ClusterSettings, NetworkSettings, NodeGroupSettings
from stacks.settings.names import Name
from stacks.settings.section import Section
from stacks.settings.services import CacheSettings, DatabaseSettings, RegistrySettings
from stacks.settings.workloads import ApplicationSettings, CertificatesSettings, IngressSettings


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
    """A cache that speaks Redis's protocol."""
    database: DatabaseSettings | None = None
    """Postgres."""
    ingress: IngressSettings | None = None
    """The ingress controller."""
    certificates: CertificatesSettings | None = None
    """Certificates of Let's Encrypt."""
    application: ApplicationSettings | None = None
    """The web application."""
