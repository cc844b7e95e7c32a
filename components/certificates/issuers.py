"""The cluster's certificate issuers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.certificates.acme import LETS_ENCRYPT, PRODUCTION, STAGING, issuer_spec
from components.refusals import Refusal

EMAIL = "an address in a real domain"
_EMAIL = re.compile(r"[^@\s]+@(?P<domain>([a-z0-9-]+\.)+[a-z]{2,})", re.IGNORECASE)
_RESERVED_DOMAIN = re.compile(r"(.*\.)?(example\.(com|net|org)|example|test|invalid|localhost)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateIssuersArgs:
    """Inputs of CertificateIssuers. Raises Refusal when the e-mail address is one that Let's Encrypt refuses."""

    ingress_class_name: pulumi.Input[str]
    """IngressClass of the controller that serves the challenges."""
    email: str | None = None
    """Contact of the ACME accounts. Let's Encrypt needs none, and refuses reserved domains such as example.com."""

    def __post_init__(self) -> None:
        if self.email is None:
            return
        match = _EMAIL.fullmatch(self.email)
        if not match or _RESERVED_DOMAIN.fullmatch(match["domain"]):
            raise Refusal(
                f"email is {self.email!r}, and Let's Encrypt, which refuses the account, would issue no certificate",
                allowed=EMAIL,
                fix="give one of yours or leave it out",
            )


class CertificateIssuers(pulumi.ComponentResource):
    """ClusterIssuers for Let's Encrypt: ``letsencrypt-staging`` to try with and ``letsencrypt-prod`` for real.

    It does not own cert-manager, whose CRDs must be there first.
    """

    staging: pulumi.Output[str]
    """Name of the issuer to try with."""
    production: pulumi.Output[str]
    """Name of the issuer whose certificates browsers trust."""

    def __init__(self, name: str, args: CertificateIssuersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:certificates:CertificateIssuers", name, None, opts)
        created = {
            issuer: k8s.apiextensions.CustomResource(
                f"{name}-{issuer}",
                api_version="cert-manager.io/v1",
                kind="ClusterIssuer",
                metadata=k8s.meta.v1.ObjectMetaArgs(name=issuer, labels={"app.kubernetes.io/part-of": "platform"}),
                spec=issuer_spec(issuer, ingress_class=args.ingress_class_name, email=args.email),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for issuer in LETS_ENCRYPT
        }
        self.staging = _name_of(created, STAGING)
        self.production = _name_of(created, PRODUCTION)
        self.register_outputs({"staging": self.staging, "production": self.production})


def _name_of(created: Mapping[str, k8s.apiextensions.CustomResource], issuer: str) -> pulumi.Output[str]:
    """The name, known once the issuer exists: what takes it from here waits for that."""
    return created[issuer].id.apply(lambda _: issuer)
