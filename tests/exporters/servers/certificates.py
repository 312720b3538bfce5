"""Certificates of test authorities: good ones, expired ones, and for another host."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOCAL = ("localhost", "127.0.0.1", "::1")
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """PEM files. `client_ca_file`: clients must show a certificate of that CA."""

    certificate_file: str
    key_file: str
    client_ca_file: str = ""


class Authority:
    """A CA of its own, in a folder."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder
        self._name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._build(name, self._key, names=(), is_ca=True, expired=False)
        self.ca_file = str(folder / f"{name}.pem")
        Path(self.ca_file).write_bytes(_pem(self._certificate))

    def server(self, *names: str, expired: bool = False, wants_client: bool = False) -> Certificate:
        """For a server of these host names (all of this machine's own if none is given)."""
        made = self._issue("server", names or LOCAL, expired=expired)
        client_ca = self.ca_file if wants_client else ""
        return Certificate(made.certificate_file, made.key_file, client_ca)

    def client(self, *, expired: bool = False) -> Certificate:
        """For a client to show."""
        return self._issue("client", ("client.example",), expired=expired)

    def _issue(self, role: str, names: tuple[str, ...], *, expired: bool) -> Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._build(names[0], key, names=names, is_ca=False, expired=expired)
        stem = f"{self._name}-{role}-{certificate.serial_number:x}"
        paths = self._folder / f"{stem}.pem", self._folder / f"{stem}.key"
        paths[0].write_bytes(_pem(certificate))
        paths[1].touch(mode=0o600)
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return Certificate(str(paths[0]), str(paths[1]))

    def _build(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        *,
        names: tuple[str, ...],
        is_ca: bool,
        expired: bool,
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_called(name))
            .issuer_name(_called(self._name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 30 * _DAY)
            .not_valid_after(now - _DAY if expired else now + _DAY)
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
        )
        if names:
            listed = x509.SubjectAlternativeName([_general(name) for name in names])
            builder = builder.add_extension(listed, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def encrypt(key_file: str, encrypted_file: str, *, password: bytes) -> None:
    """The same key, with a password."""
    key = serialization.load_pem_private_key(Path(key_file).read_bytes(), None)
    Path(encrypted_file).write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(password),
        )
    )


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
