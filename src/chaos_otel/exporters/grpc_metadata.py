"""Headers as gRPC metadata: lower case, printable ASCII. A problem never repeats a value."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chaos_otel.exporters.address import Address
from chaos_otel.exporters.header_fields import request_fields

_NAME = re.compile(r"[0-9a-z_.-]+")
_VALUE = re.compile(r"[\x20-\x7e]*")
_BINARY = "-bin"
# gRPC says these itself
_FRAMING = (
    "host",
    "user-agent",
    "accept-encoding",
    "content-length",
    "content-type",
    "content-encoding",
)
_RESERVED = "grpc-"


def metadata_problem(headers: Mapping[str, str]) -> str:
    """Why these cannot be sent, or nothing."""
    for name, value in headers.items():
        if not _NAME.fullmatch(name.lower()):
            return "a header's name has a sign that gRPC does not take; correct the headers setting"
        if not _VALUE.fullmatch(value):
            return (
                f"the header {name} has a sign that gRPC cannot carry (a line break, or a letter "
                "beyond ASCII); set it again"
            )
    return ""


def metadata_of(headers: Mapping[str, str], address: Address) -> list[tuple[str, str | bytes]]:
    """What a call carries; the URL's user and password where nothing else authorises."""
    fields = request_fields(headers, address, body_bytes=0)
    return [
        (name, value.encode() if name.endswith(_BINARY) else value)
        for name, value in ((name.lower(), value) for name, value in fields.items())
        if name not in _FRAMING and not name.startswith(_RESERVED)
    ]
