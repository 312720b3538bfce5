"""`https://user:password@host`: as a header, so that no address ever holds a secret."""

from __future__ import annotations

import binascii

from chaos_otel.config import kinds
from chaos_otel.config.address import Address
from chaos_otel.config.secret_source import Header, Secret


def basic_authorization(address: Address) -> Header:
    """What a browser would make of it (RFC 7617)."""
    plain = kinds.percent_decoded(address.userinfo).encode("utf-8", "surrogateescape")
    encoded = binascii.b2a_base64(plain, newline=False).decode("ascii")
    return Header("authorization", Secret("literal", f"Basic {encoded}"))
