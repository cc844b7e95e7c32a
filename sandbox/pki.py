"""The certificates and keys of a sandbox: made once, kept in its folder."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox import files

_VALID = timedelta(days=3650)


@dataclass(frozen=True)
class KeyPair:
    """The files of a certificate and of its private key."""

    certificate: Path
    key: Path

    @property
    def certificate_data(self) -> str:
        """The PEM certificate in base64, as kubeconfigs and EKS carry it."""
        return base64.b64encode(self.certificate.read_bytes()).decode()

    @property
    def key_data(self) -> str:
        return base64.b64encode(self.key.read_bytes()).decode()


class Authority:
    """A certificate authority that keeps what it issues in ``folder``. What is there already is used again.

    Keys are elliptic: making one takes a millisecond, an RSA key a tenth of a second.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self.pair = KeyPair(folder / f"{name}.crt", folder / f"{name}.key")
        with _one_at_a_time(folder):
            if self.pair.certificate.exists():
                return
            key = ec.generate_private_key(ec.SECP256R1())
            usage = _key_usage(key_cert_sign=True)
            basic = x509.BasicConstraints(ca=True, path_length=0)
            certificate = _builder(name, (), key.public_key(), _named(name, ())).add_extension(basic, critical=True)
            signed = certificate.add_extension(usage, critical=True).sign(key, hashes.SHA256())
            _write_pair(self.pair, signed, key)

    def server(self, name: str, hosts: Sequence[str]) -> KeyPair:
        """A certificate for a server that is reached as ``hosts`` (names and IPv4 addresses)."""
        names: list[x509.GeneralName] = [
            x509.IPAddress(ip_address(host)) if _is_address(host) else x509.DNSName(host) for host in hosts
        ]
        return self._issue(name, name, (), ExtendedKeyUsageOID.SERVER_AUTH, names)

    def client(self, name: str, user: str, groups: Sequence[str] = ()) -> KeyPair:
        """A certificate for ``user`` in ``groups``, as Kubernetes reads them: common name and organisations."""
        return self._issue(name, user, groups, ExtendedKeyUsageOID.CLIENT_AUTH, [])

    def _issue(
        self,
        name: str,
        subject: str,
        groups: Sequence[str],
        usage: x509.ObjectIdentifier,
        names: list[x509.GeneralName],
    ) -> KeyPair:
        pair = KeyPair(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        with _one_at_a_time(self._folder):
            if not pair.certificate.exists():
                self._make(pair, subject, groups, usage, names)
        return pair

    def _make(
        self,
        pair: KeyPair,
        subject: str,
        groups: Sequence[str],
        usage: x509.ObjectIdentifier,
        names: list[x509.GeneralName],
    ) -> None:
        authority = x509.load_pem_x509_certificate(self.pair.certificate.read_bytes())
        authority_key = serialization.load_pem_private_key(self.pair.key.read_bytes(), None)
        if not isinstance(authority_key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{self.pair.key} holds no elliptic key: remove the folder {self._folder}")
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _builder(subject, groups, key.public_key(), authority.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        _write_pair(pair, builder.sign(authority_key, hashes.SHA256()), key)


def signing_key(folder: Path, name: str) -> tuple[Path, Path]:
    """The files of a private and a public key that sign and check service accounts' tokens."""
    private, public = folder / f"{name}.key", folder / f"{name}.pub"
    with _one_at_a_time(folder):
        if not private.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            files.write(public, key.public_key().public_bytes(encoding, form))
            _write_private(private, key)
    return private, public


def _builder(
    subject: str, groups: Sequence[str], key: ec.EllipticCurvePublicKey, issuer: x509.Name
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_named(subject, groups))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        # Clocks of containers and their hosts may differ a little.
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _VALID)
    )


def _named(subject: str, groups: Sequence[str]) -> x509.Name:
    organisations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*organisations, x509.NameAttribute(NameOID.COMMON_NAME, subject)])


def _key_usage(*, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=key_cert_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _is_address(host: str) -> bool:
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True


def _one_at_a_time(folder: Path) -> AbstractContextManager[None]:
    # Threads of the cloud ask for the same certificate at once, and a key must never meet another's certificate.
    return files.locked(folder / ".lock")


def _write_pair(pair: KeyPair, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    # The certificate last: where it is, both are.
    _write_private(pair.key, key)
    files.write(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM))


def _write_private(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files.write(path, key.private_bytes(serialization.Encoding.PEM, form, plain), mode=files.PRIVATE)
