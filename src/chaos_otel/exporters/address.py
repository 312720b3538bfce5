"""Where a URL points to, in the parts that a connection needs, and how it may be shown."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

_PORTS = {"http": 80, "https": 443}


class Address(NamedTuple):
    """`host` is as a name look-up wants it, `authority` as a Host header does; `credentials` is
    the URL's `user:password`, which is never shown."""

    is_secure: bool
    host: str
    port: int
    target: str
    authority: str
    credentials: str = ""

    @property
    def shown(self) -> str:
        """`https://host:port/path`, without user, password and query."""
        scheme = "https" if self.is_secure else "http"
        return f"{scheme}://{self.authority}{self.target.partition('?')[0]}"

    @property
    def place(self) -> str:
        """`host:port`, an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_here(self) -> bool:
        """Whether it is this machine itself, so that no network sees what is said."""
        if self.host.lower().rstrip(".") == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.partition("%")[0]).is_loopback
        except ValueError:
            return False


def address_of(url: str) -> Address:
    """Read a URL; ValueError, which does not repeat it, for what is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError("the address is not a URL") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("the address is not a URL that begins with http:// or https://")
    host = _ascii_host(parts.hostname)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii() or any(sign <= " " or sign == "\x7f" for sign in target):
        raise ValueError("the address has a sign that must be written as %XX")
    default = _PORTS[parts.scheme]
    bracketed = f"[{host}]" if ":" in host else host
    return Address(
        is_secure=parts.scheme == "https",
        host=host,
        port=default if port is None else port,
        target=target,
        authority=bracketed if port in (None, default) else f"{bracketed}:{port}",
        credentials=unquote(parts.netloc.rpartition("@")[0]),
    )


def _ascii_host(host: str) -> str:
    try:
        ascii_host = host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError as error:
        raise ValueError("the address has a host name that cannot be") from error
    if any(sign <= " " or sign == "\x7f" for sign in ascii_host) or len(ascii_host) > 253:
        raise ValueError("the address has a host name that cannot be")
    return ascii_host
