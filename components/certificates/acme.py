"""Specs of cert-manager's ACME issuers."""

from __future__ import annotations

from typing import NotRequired, TypedDict

import pulumi

STAGING = "letsencrypt-staging"
PRODUCTION = "letsencrypt-prod"
LETS_ENCRYPT = {
    STAGING: "https://acme-staging-v02.api.letsencrypt.org/directory",
    PRODUCTION: "https://acme-v02.api.letsencrypt.org/directory",
}
"""Issuer names and the directories they use. No browser trusts staging's certificates, but its limits are generous."""


class SecretKeySelector(TypedDict):
    name: str


class IngressSolver(TypedDict):
    ingressClassName: pulumi.Input[str]


class Http01Solver(TypedDict):
    ingress: IngressSolver


class Solver(TypedDict):
    http01: Http01Solver


class Acme(TypedDict):
    server: str
    email: NotRequired[str]
    privateKeySecretRef: SecretKeySelector
    solvers: list[Solver]


class ClusterIssuerSpec(TypedDict):
    """The part of cert-manager.io/v1 ClusterIssuer that we use."""

    acme: Acme


def issuer_spec(name: str, *, ingress_class: pulumi.Input[str], email: str | None) -> ClusterIssuerSpec:
    """An issuer that proves control of a host by answering HTTP-01 challenges through the ingress controller."""
    acme: Acme = {
        "server": LETS_ENCRYPT[name],
        # The account's key, made by cert-manager in its own namespace.
        "privateKeySecretRef": {"name": f"{name}-account"},
        "solvers": [{"http01": {"ingress": {"ingressClassName": ingress_class}}}],
    }
    if email is not None:
        acme["email"] = email
    return {"acme": acme}
