"""The socket that a service listens on: HOST:PORT as people write it. Knows no HTTP."""

from __future__ import annotations

import ipaddress
import socket
from typing import NamedTuple

from chaos_otel.errors import MetricsError, UsageError

BACKLOG = 256
_HINT = "write HOST:PORT, such as 127.0.0.1:9464 or [::1]:9464"


class Place(NamedTuple):
    """Where to listen. `host` is an address or a name of this machine; port 0: any."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether no other machine can come here."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def place_of(text: str) -> Place:
    """Read HOST:PORT; UsageError for anything else."""
    host, colon, port = text.strip().rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else -1
    if not colon or not bare or not 0 <= number <= 65535 or (":" in bare and bare == host):
        raise UsageError(f"{text!r} is no place to listen", hint=_HINT)
    return Place(bare, number)


def listen(place: Place) -> socket.socket:
    """A socket that listens there, which the caller closes. MetricsError where it cannot be had."""
    try:
        return _bound(place)
    except (OSError, UnicodeError) as error:
        words = (getattr(error, "strerror", "") or str(error)).lower()
        raise MetricsError(
            f"cannot listen on {place} ({words})", hint="name another one"
        ) from error


def _bound(place: Place) -> socket.socket:
    found = socket.getaddrinfo(*place, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
