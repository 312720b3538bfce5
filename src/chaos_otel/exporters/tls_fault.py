"""What went wrong with TLS, in words: the cause and what to do about it. Pure."""

from __future__ import annotations

import ssl

from chaos_otel.exporters.network_fault import NetworkFault

PLAIN_TEXT = "it answered in plain text where TLS was expected; use http://, or its TLS port"
_WRONG_CA = "its certificate is not signed by a CA that is trusted here; name its CA file"
_WRONG_HOST = "its certificate is for another host name; use the name it is for"
_NO_CERTIFICATE = "it wants a client certificate; set the client's certificate and key files"
_WRONG_CERTIFICATE = (
    "it does not accept the client certificate; use one signed by the CA that it trusts"
)
_TOO_OLD = "it offers nothing newer than TLS 1.1; it must offer TLS 1.2 or later"
# X509_V_ERR_* of OpenSSL
_BY_VERIFY_CODE = {
    9: "its certificate is not valid yet; check the clocks of both sides",
    10: "its certificate has expired; renew it there",
    18: _WRONG_CA,
    19: _WRONG_CA,
    20: _WRONG_CA,
    21: _WRONG_CA,
    62: _WRONG_HOST,
    64: _WRONG_HOST,
}
_BY_REASON = {
    "WRONG_VERSION_NUMBER": PLAIN_TEXT,
    "HTTP_REQUEST": PLAIN_TEXT,
    "PACKET_LENGTH_TOO_LONG": PLAIN_TEXT,
    "RECORD_LAYER_FAILURE": PLAIN_TEXT,
    "UNSUPPORTED_PROTOCOL": _TOO_OLD,
    "TLSV1_ALERT_PROTOCOL_VERSION": _TOO_OLD,
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": _NO_CERTIFICATE,
    "TLSV1_ALERT_UNKNOWN_CA": _WRONG_CERTIFICATE,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the client certificate has expired; renew it",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _WRONG_CERTIFICATE,
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": _WRONG_CERTIFICATE,
    "TLSV1_ALERT_ACCESS_DENIED": _WRONG_CERTIFICATE,
    "TLSV1_UNRECOGNIZED_NAME": "it does not know that host name; check the address",
    "TLSV1_ALERT_NO_APPLICATION_PROTOCOL": (
        "it does not speak this protocol there (a gRPC port spoken to in HTTP, or HTTP in gRPC); "
        "change the protocol or the port: HTTP is 4318 and gRPC 4317 by custom"
    ),
}
# the peer, or something between, went away: the next handshake may well succeed
_PASSING = (
    "DECRYPTION_FAILED_OR_BAD_RECORD_MAC",
    "SSLV3_ALERT_BAD_RECORD_MAC",
    "UNEXPECTED_EOF_WHILE_READING",
    "TLSV1_ALERT_INTERNAL_ERROR",
    "TLSV1_ALERT_USER_CANCELLED",
)


def tls_fault(error: ssl.SSLError, *, has_certificate: bool) -> NetworkFault:
    """Name the cause. `has_certificate`: we have one of our own to show."""
    if isinstance(error, ssl.SSLCertVerificationError):
        known = _BY_VERIFY_CODE.get(error.verify_code)
        words = known or f"its certificate is not accepted ({error.verify_message}); replace it"
        return NetworkFault(f"TLS: {words}", is_lasting=True)
    reason = getattr(error, "reason", None) or ""
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) or reason in _PASSING:
        return NetworkFault("TLS: it closed the connection")
    if reason in ("SSLV3_ALERT_HANDSHAKE_FAILURE", "SSLV3_ALERT_BAD_CERTIFICATE"):
        return certificate_fault(has_certificate=has_certificate)
    words = _BY_REASON.get(reason, "")
    told = reason.lower().replace("_", " ") or "the handshake failed"
    return NetworkFault(f"TLS: {words or told}", is_lasting=True)


def certificate_fault(*, has_certificate: bool) -> NetworkFault:
    """The other side broke off where it looks at our certificate."""
    words = _WRONG_CERTIFICATE if has_certificate else _NO_CERTIFICATE
    return NetworkFault(f"TLS: {words}", is_lasting=True)
