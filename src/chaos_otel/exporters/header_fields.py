"""The header fields of a request: what settings give, checked, and what HTTP itself needs.

A problem names a field and never repeats its value: that may be a token.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

from chaos_otel import __version__
from chaos_otel.exporters.address import Address

USER_AGENT = f"chaos-otel/{__version__}"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_FOR_PROXY = "proxy-authorization"
# what frames the message is not for settings to say
_OURS = ("connection", "content-length", "host", "keep-alive", "te", "trailer", "upgrade")
_FRAMING = (*_OURS, "transfer-encoding", "accept-encoding", "expect", _FOR_PROXY)


def header_problem(headers: Mapping[str, str]) -> str:
    """Why these cannot be sent, or nothing."""
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            return "a header's name has a sign that it must not have; correct the headers setting"
        if not _VALUE.fullmatch(value):
            return (
                f"the header {name} has a sign that a header cannot carry (a line break, or a "
                "letter beyond Latin-1); set it again"
            )
    return ""


def request_fields(
    headers: Mapping[str, str], address: Address, *, body_bytes: int
) -> dict[str, str]:
    """All fields of a request, in order, each name once (of two that differ in case alone the last
    counts); the URL's user and password where nothing else authorises."""
    fields = {"host": ("Host", address.authority), "user-agent": ("User-Agent", USER_AGENT)}
    if address.credentials:
        fields["authorization"] = ("Authorization", _basic(address.credentials))
    for name, value in headers.items():
        if name.lower() not in _FRAMING:
            fields[name.lower()] = (name, value)
    fields["accept-encoding"] = ("Accept-Encoding", "identity")
    fields["content-length"] = ("Content-Length", str(body_bytes))
    return dict(fields.values())


def proxy_fields(headers: Mapping[str, str], proxy: Address) -> dict[str, str]:
    """What only the proxy may see."""
    for name, value in headers.items():
        if name.lower() == _FOR_PROXY:
            return {"Proxy-Authorization": value}
    return {"Proxy-Authorization": _basic(proxy.credentials)} if proxy.credentials else {}


def _basic(credentials: str) -> str:
    return "Basic " + base64.b64encode(credentials.encode()).decode()
