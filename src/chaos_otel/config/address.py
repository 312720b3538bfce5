"""Addresses of destinations: read strictly, and written in one way, so that one place has one name.

Knows neither settings nor the network: no name is looked up. (`urllib.parse` would take what no
server does, at the price of 3 ms of imports.)
"""

from __future__ import annotations

import re
from typing import NamedTuple

_PARTS = r"(?:([A-Za-z][A-Za-z0-9+.-]*)://)?(?:([^/?#]*)@)?([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?"
_HOST = r"(?a)(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?)(?::(\d{1,5}))?"
# not `x.localhost`: some resolvers ask the network for it
_LOOPBACK = r"(?a)localhost|127\.\d+\.\d+\.\d+|\[(0*:)*0*1\]"
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Address(NamedTuple):
    """A web address in parts. `path` begins with a slash or is empty; `port` is never 0.

    `userinfo` is what stood before an @: a secret, in none of the other parts.
    """

    scheme: str
    host: str
    port: int
    path: str = ""
    userinfo: str = ""

    @property
    def base(self) -> str:
        """`scheme://host`, with the port where it is not the scheme's own."""
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"

    @property
    def url(self) -> str:
        """All of it but the userinfo."""
        return f"{self.base}{self.path}"

    @property
    def with_port(self) -> str:
        """`scheme://host:port`, which is all that gRPC knows of an address."""
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine by its very name."""
        return re.fullmatch(_LOOPBACK, self.host) is not None

    @property
    def in_plain_text(self) -> bool:
        """Whether what is sent there can be read on its way."""
        return self.scheme == "http" and not self.is_loopback


def parse_address(text: str, *, default_scheme: str = "") -> Address:
    """Read a web address; `default_scheme` counts where it has none.

    Raises ValueError with advice, and without the address, for what cannot be an address of a
    destination: another scheme, no host, a query (it would be written where no secret may stand).
    """
    if not text.isascii() or any(character <= " " or character == "\\" for character in text):
        raise ValueError("has characters that no address has: write the host as xn--… if it is so")
    parts = re.fullmatch(_PARTS, text)
    assert parts is not None  # every group may be empty
    scheme = (parts[1] or default_scheme).lower()
    if scheme not in _DEFAULT_PORTS:
        raise ValueError("is no web address: begin it with https:// (or http://)")
    if parts[5] or parts[6]:
        raise ValueError("has a query: leave out what follows ? or #; a key belongs into a header")
    host, port = _host(parts[3], scheme)
    return Address(scheme, host, port, _path(parts[4]), parts[2] or "")


def _host(text: str, scheme: str) -> tuple[str, int]:
    found = re.fullmatch(_HOST, text)
    if found is None:
        raise ValueError("names no host: write it like https://collector.example:4318")
    port = int(found[3] or _DEFAULT_PORTS[scheme])
    if not 0 < port < 65536:
        raise ValueError("has no such port: it is a number from 1 to 65535")
    return found[1].lower().rstrip("."), port


def _path(text: str) -> str:
    if "%00" in text:
        raise ValueError("has a path that no server has: write it like https://host/path")
    return text


def without_trailing_slash(address: Address) -> Address:
    """The same place as people name it."""
    return address._replace(path=address.path.rstrip("/"))
