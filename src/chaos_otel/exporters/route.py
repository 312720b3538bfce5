"""The way to an address: straight or through a proxy, and only as settings allow it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from chaos_otel.config.destination import NO_HEADERS, Tls
from chaos_otel.exporters.address import Address, address_of
from chaos_otel.exporters.header_fields import proxy_fields
from chaos_otel.exporters.network_fault import ConnectError, NetworkFault
from chaos_otel.exporters.plain_text import plain_text_problem


class Route(NamedTuple):
    """How a host is reached: `fields` are for the proxy alone."""

    address: Address
    proxy: Address | None = None
    fields: Mapping[str, str] = NO_HEADERS

    @property
    def has_tunnel(self) -> bool:
        """Through a proxy that passes bytes on, unread."""
        return self.proxy is not None and self.address.is_secure

    @property
    def target(self) -> str:
        """What the request line asks for."""
        if self.proxy is None or self.has_tunnel:
            return self.address.target
        return f"http://{self.address.authority}{self.address.target}"


def route_to(url: str, headers: Mapping[str, str], *, tls: Tls, proxy: str) -> Route:
    """The way to a URL; ConnectError, lasting, if nothing must be sent there. No name is looked
    up. `proxy` is empty or `http://[user:password@]host:port`."""
    try:
        address = address_of(url)
        via = _proxy(proxy) if proxy else None
    except ValueError as error:
        raise wrong(f"{error}; correct the setting") from error
    if problem := plain_text_problem(address, via, tls):
        raise wrong(problem)
    return Route(address, via, proxy_fields(headers, via) if via else NO_HEADERS)


def wrong(reason: str) -> ConnectError:
    """To be raised where settings forbid a request."""
    return ConnectError(NetworkFault(reason, is_lasting=True))


def _proxy(setting: str) -> Address:
    try:
        proxy = address_of(setting)
    except ValueError as error:
        raise ValueError(f"proxy: {error}") from error
    if proxy.is_secure:
        raise ValueError("proxy: only one that is itself spoken to over http:// can be used")
    return proxy
