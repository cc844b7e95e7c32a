"""TLS certificates for the applications."""

from components.certificates.issuers import CertificateIssuers, CertificateIssuersArgs

__all__ = ["CertificateIssuers", "CertificateIssuersArgs"]
