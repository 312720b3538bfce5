"""A connection to a host, straight or through a proxy, with TLS where the address says so, and one
exchange of a request and an answer on it. Knows no environment."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from typing import NamedTuple

from chaos_otel.exporters.connect import connect
from chaos_otel.exporters.deadline import Deadline
from chaos_otel.exporters.http_wire import Wire
from chaos_otel.exporters.network_fault import ConnectError, NetworkFault
from chaos_otel.exporters.route import Route

KEPT_FOR_A_QUESTION_S = 1.0


class Exchanged(NamedTuple):
    """Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    can_go_on: bool


class Connection:
    """An `http.client` connection over a `Wire`. Owns the socket."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._client = http.client.HTTPConnection("unused")
        self._client.auto_open = 0  # never to connect by itself
        self._client.sock = wire

    @property
    def received_bytes(self) -> int:
        """How much of the present answer has come."""
        return self._wire.received_bytes

    def is_stale(self) -> bool:
        """Whether the other side has closed it."""
        return self._wire.is_stale()

    @property
    def agreed_protocol(self) -> str | None:
        """What ALPN chose."""
        return self._wire.agreed_protocol

    def ping(self, data: bytes) -> bytes:
        """Send a greeting, and wait for the first byte of whatever comes back."""
        self._wire.sendall(data)
        return self._wire.receive_raw()

    def begin(self, deadline: Deadline) -> None:
        """Another request on it."""
        self._wire.begin(deadline)

    def exchange(
        self, method: str, target: str, fields: Mapping[str, str], body: bytes, *, max_bytes: int
    ) -> Exchanged:
        """The whole answer. Raises what sockets, TLS and `http.client` raise; ConnectError for an
        answer that is too long, ends too early or is no HTTP."""
        self._client.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in fields.items():
            self._client.putheader(name, value.encode("latin-1"))
        try:
            self._client.endheaders(body)
        except (ConnectionError, ssl.SSLEOFError) as error:
            return self._said_before_leaving(error, max_bytes)
        return self._read(max_bytes)

    def _said_before_leaving(self, error: OSError, max_bytes: int) -> Exchanged:
        """It closed while we were writing: 413, or a TLS alert, may still lie there to be read."""
        try:
            return self._read(max_bytes)._replace(can_go_on=False)
        except (ConnectionError, http.client.RemoteDisconnected, ssl.SSLEOFError):
            raise error from None

    def _read(self, max_bytes: int) -> Exchanged:
        answer = self._client.getresponse()
        content = answer.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise ConnectError(NetworkFault(f"its answer is longer than {max_bytes // 1024} KiB"))
        is_cut = self._wire.was_reset and answer.status < 400
        if answer.length or is_cut:  # what Content-Length promised and did not come
            raise ConnectError(NetworkFault("its answer ended too early"))
        headers = {name.lower(): value for name, value in answer.getheaders()}
        can_go_on = answer.isclosed() and self._client.sock is not None
        return Exchanged(answer.status, headers, content, can_go_on)

    def close(self) -> None:
        """Close it, at once."""
        self._wire.hang_up()


def open_connection(route: Route, context: ssl.SSLContext | None, deadline: Deadline) -> Connection:
    """Connect; `context` where the address is secure. TimeoutError at the deadline, ConnectError
    and what TLS raises otherwise."""
    nearest = route.proxy or route.address
    connected = connect(nearest.host, nearest.port, deadline)
    try:
        if route.has_tunnel:
            _tunnel(connected, route, deadline)
        if context is not None:
            connected = _shaken(connected, route.address.host, context, deadline)
    except BaseException:
        connected.close()
        raise
    return Connection(Wire(connected, deadline))


class HandshakeTimeout(TimeoutError):
    """TLS was met with silence. A quarter of the time is left to ask why, a second at most."""


def _shaken(
    connected: socket.socket, host: str, context: ssl.SSLContext, deadline: Deadline
) -> ssl.SSLSocket:
    left_s = deadline.remaining_s()
    kept_s = min(KEPT_FOR_A_QUESTION_S, left_s / 4)
    try:
        return secured(connected, host, context, deadline.at_most(left_s - kept_s))
    except TimeoutError as error:
        raise HandshakeTimeout from error


def secured(
    connected: socket.socket, host: str, context: ssl.SSLContext, deadline: Deadline
) -> ssl.SSLSocket:
    """Shake hands, for all of the remaining time at most (the socket's timeout is for the whole
    handshake, not for each byte of it)."""
    connected.settimeout(deadline.remaining_s())
    return context.wrap_socket(connected, server_hostname=host.partition("%")[0])


def _tunnel(connected: socket.socket, route: Route, deadline: Deadline) -> None:
    """Ask the proxy for a connection to the host (RFC 9110, 9.3.6)."""
    place = route.address.place
    fields = {"Host": place, **route.fields}
    lines = [f"CONNECT {place} HTTP/1.1", *(f"{name}: {fields[name]}" for name in fields)]
    wire = Wire(connected, deadline)
    wire.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    answer = http.client.HTTPResponse(wire, method="CONNECT")  # type: ignore[arg-type]
    answer.begin()
    if answer.status // 100 != 2:
        words = f"the proxy does not connect to {place} (HTTP {answer.status})"
        raise ConnectError(NetworkFault(words, is_lasting=answer.status < 500))
