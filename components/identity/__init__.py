"""IAM roles: who may take them, and for what."""

from components.identity.documents import Document, Statement, allow, policy_document, service_trust, trust
from components.identity.pod_identity import PodIdentity, PodIdentityArgs
from components.identity.service_role import ServiceRole, ServiceRoleArgs

__all__ = [
    "Document",
    "PodIdentity",
    "PodIdentityArgs",
    "ServiceRole",
    "ServiceRoleArgs",
    "Statement",
    "allow",
    "policy_document",
    "service_trust",
    "trust",
]
