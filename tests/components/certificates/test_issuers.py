"""What an engineer may rely on once CertificateIssuers are up."""

from __future__ import annotations

import pytest

from components.certificates import CertificateIssuers, CertificateIssuersArgs
from recorder import Recording, record


@pytest.fixture(scope="module")
def issuers() -> Recording:
    args = CertificateIssuersArgs(ingress_class_name="nginx", email="platform@acme-shop.io")
    return record(lambda: CertificateIssuers("issuers", args))


@pytest.mark.parametrize(
    ("issuer", "directory"),
    [
        ("letsencrypt-staging", "https://acme-staging-v02.api.letsencrypt.org/directory"),
        ("letsencrypt-prod", "https://acme-v02.api.letsencrypt.org/directory"),
    ],
)
def test_both_issuers_answer_challenges_through_the_ingress(issuers: Recording, issuer: str, directory: str) -> None:
    resource = issuers[f"issuers-{issuer}"]
    assert resource.type == "kubernetes:cert-manager.io/v1:ClusterIssuer"
    assert resource.inputs["metadata"]["name"] == issuer
    assert resource.inputs["spec"] == {
        "acme": {
            "server": directory,
            "email": "platform@acme-shop.io",
            "privateKeySecretRef": {"name": f"{issuer}-account"},
            "solvers": [{"http01": {"ingress": {"ingressClassName": "nginx"}}}],
        }
    }


def test_their_names_are_known_afterwards(issuers: Recording) -> None:
    assert issuers.outputs_of("issuers") == {"staging": "letsencrypt-staging", "production": "letsencrypt-prod"}


def test_a_contact_is_not_needed() -> None:
    args = CertificateIssuersArgs(ingress_class_name="nginx")
    recording = record(lambda: CertificateIssuers("issuers", args))
    assert "email" not in recording["issuers-letsencrypt-prod"].inputs["spec"]["acme"]


@pytest.mark.parametrize(
    "email", ["ops@example.com", "ops@shop.example.org", "ops@platform.test", "ops", "a b@acme-shop.io"]
)
def test_contacts_that_lets_encrypt_refuses_are_refused_here(email: str) -> None:
    with pytest.raises(ValueError, match="allowed: an address in a real domain"):
        CertificateIssuersArgs(ingress_class_name="nginx", email=email)
