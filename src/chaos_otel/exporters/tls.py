"""TLS as a destination's settings want it: 1.2 or later, this CA or the system's, this certificate.

Nothing comes from the environment: `SSL_CERT_FILE`, `SSL_CERT_DIR` and `SSLKEYLOGFILE` are for
other programs, so the system's CAs are read from where this Python was built to look for them, or
where distributions keep them.
"""

from __future__ import annotations

import os
import ssl

from chaos_otel.config.destination import Tls
from chaos_otel.errors import in_words
from chaos_otel.exporters.network_fault import ConnectError, NetworkFault

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine, Arch
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",  # RHEL, older
    "/var/lib/ca-certificates/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # BSD, Alpine
)


def client_context(tls: Tls, *, speaks: str) -> ssl.SSLContext:
    """A context that checks certificate and host name. ConnectError, lasting, where a file of the
    settings cannot be used. `speaks` is the protocol that ALPN offers, `http/1.1` or `h2`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols([speaks])
    ca_file = tls.ca_file or system_roots()
    try:
        context.load_verify_locations(cafile=ca_file)
    except (OSError, ValueError) as error:
        raise _unusable("CA file", ca_file, error) from error
    if tls.certificate_file:
        key_file = tls.key_file or tls.certificate_file
        try:
            # a password is asked for on the terminal unless one is given
            context.load_cert_chain(tls.certificate_file, key_file, password=_no_password)
        except (OSError, ValueError) as error:
            named = f"{tls.certificate_file} with key {key_file}"
            raise _unusable("client certificate", named, error) from error
    return context


def system_roots() -> str:
    """The file with the system's CAs; ConnectError, lasting, where there is none."""
    for path in (ssl.get_default_verify_paths().openssl_cafile, *_BUNDLES):
        if os.path.isfile(path):
            return path
    reason = "this system has no file of CAs; install ca-certificates, or name a CA file"
    raise ConnectError(NetworkFault(reason, is_lasting=True))


def pem_files(tls: Tls) -> tuple[bytes, bytes | None, bytes | None]:
    """CAs, private key and certificate chain as bytes, for gRPC, checked as `client_context` does;
    ConnectError, lasting, where one cannot be used."""
    if tls.ca_file or tls.certificate_file:
        client_context(tls, speaks="h2")
    roots = _bytes(tls.ca_file or system_roots())
    if not tls.certificate_file:
        return roots, None, None
    return roots, _bytes(tls.key_file or tls.certificate_file), _bytes(tls.certificate_file)


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise _unusable("file", path, error) from error


def _no_password() -> str:
    raise ValueError("the key is encrypted; give one without a password")


def _unusable(what: str, path: str, error: Exception) -> ConnectError:
    words = "no certificate in it, or they do not fit" if isinstance(error, ssl.SSLError) else ""
    if isinstance(error, OSError) and not words:
        words = (error.strerror or in_words(error)).lower()
    return ConnectError(
        NetworkFault(
            f"the {what} {path} cannot be used ({words or error}); correct the setting",
            is_lasting=True,
        )
    )
