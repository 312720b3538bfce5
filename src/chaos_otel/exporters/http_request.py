"""One HTTP request and its answer, within a hard deadline. Knows no OTLP.

`http.client` of the standard library over sockets of ours (`http_wire`): quicker to import than
requests or httpx, no `.netrc`, no proxy, CA or cookie from the environment, no redirect followed,
and every wait is ours to limit.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from typing import NamedTuple

from chaos_otel.config.destination import Tls
from chaos_otel.errors import in_words
from chaos_otel.exporters.address import Address
from chaos_otel.exporters.deadline import Deadline
from chaos_otel.exporters.diagnosis import diagnosed, is_plain_text
from chaos_otel.exporters.header_fields import header_problem, request_fields
from chaos_otel.exporters.http_connection import (
    Connection,
    HandshakeTimeout,
    open_connection,
)
from chaos_otel.exporters.network_fault import ConnectError, NetworkFault
from chaos_otel.exporters.route import Route, route_to, wrong
from chaos_otel.exporters.tls import client_context
from chaos_otel.exporters.tls_fault import PLAIN_TEXT, tls_fault

# an answer to an export is some bytes, or a page of words
MAX_ANSWER_BYTES = 1024 * 1024
_SILENCE = NetworkFault("it closed the connection without an answer")
_GONE = (ConnectionError, http.client.RemoteDisconnected, ssl.SSLEOFError)


class HttpAnswer(NamedTuple):
    """Any status, 3xx included. Header names are lower case; `body` is whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """In lower case, without its parameters; empty where it is not said."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class _Request(NamedTuple):
    route: Route
    method: str
    fields: Mapping[str, str]
    body: bytes


class HttpClient:
    """Requests to the hosts of one destination, one at a time, over connections that are kept.

    For one thread. Owns its connections.
    """

    def __init__(self, *, tls: Tls, proxy: str = "") -> None:
        self._tls = tls
        self._proxy = proxy
        self._context: ssl.SSLContext | None = None
        self._kept: dict[str, Connection] = {}

    def request(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        timeout_s: float,
        method: str = "POST",
    ) -> HttpAnswer | NetworkFault:
        """Send, and read the answer, in `timeout_s` at most: name look-up, connecting, TLS, and a
        peer that drips a byte a second included. A connection that was kept and turns out to be
        closed is replaced once. Raises nothing that settings or a network can cause."""
        deadline = Deadline(timeout_s)
        try:
            request = self._checked(url, headers, body, method)
            return self._answer(request, deadline)
        except ConnectError as error:
            return error.fault
        except ssl.SSLError as error:
            return tls_fault(error, has_certificate=bool(self._tls.certificate_file))
        except TimeoutError:
            return NetworkFault(f"no answer within {deadline.timeout_s:.3g} s")
        except OSError as error:
            return NetworkFault(f"the connection was lost ({in_words(error)})")
        except (http.client.HTTPException, ValueError) as error:
            # its text may repeat what was sent or received
            return NetworkFault(f"its answer is not whole, or not HTTP ({type(error).__name__})")

    def close(self) -> None:
        """Close its connections, at once."""
        for connection in self._kept.values():
            connection.close()
        self._kept.clear()

    def _checked(self, url: str, headers: Mapping[str, str], body: bytes, method: str) -> _Request:
        """What will be sent, and where to; ConnectError, lasting, if it must not be."""
        route = route_to(url, headers, tls=self._tls, proxy=self._proxy)
        if problem := header_problem(headers):
            raise wrong(problem)
        fields = request_fields(headers, route.address, body_bytes=len(body))
        for_all = {} if route.has_tunnel else route.fields
        return _Request(route, method, {**fields, **for_all}, body)

    def _answer(self, request: _Request, deadline: Deadline) -> HttpAnswer:
        address = request.route.address
        key = f"{address.is_secure} {address.host} {address.port}"
        kept = self._kept.pop(key, None)
        if kept is not None:
            if not kept.is_stale():
                kept.begin(deadline)
                answer = self._spoken(key, kept, request)
                if answer is not None:
                    return answer
            kept.close()
        made = self._opened(request.route, deadline)
        answer = self._spoken(key, made, request)
        if answer is None:
            raise ConnectError(self._cause(request.route, deadline) or _SILENCE)
        return answer

    def _opened(self, route: Route, deadline: Deadline) -> Connection:
        try:
            return open_connection(route, self._context_for(route.address), deadline)
        except (HandshakeTimeout, ConnectionResetError, ssl.SSLEOFError):
            if route.proxy is None and is_plain_text(route.address, deadline):
                raise wrong(f"TLS: {PLAIN_TEXT}") from None
            raise

    def _cause(self, route: Route, deadline: Deadline) -> NetworkFault | None:
        """Why it took the request and closed, if that can be found out."""
        if route.proxy is not None:
            return None
        return diagnosed(route.address, self._tls, deadline, speaks="http/1.1")

    def _spoken(self, key: str, connection: Connection, request: _Request) -> HttpAnswer | None:
        """The answer; None where the other side closed without a byte of one. The connection is
        kept or closed."""
        is_kept = False
        try:
            status, headers, body, is_kept = connection.exchange(
                request.method,
                request.route.target,
                request.fields,
                request.body,
                max_bytes=MAX_ANSWER_BYTES,
            )
        except _GONE:
            if connection.received_bytes:
                raise
            return None
        finally:
            if is_kept:
                self._kept[key] = connection
            else:
                connection.close()
        return HttpAnswer(status, headers, body)

    def _context_for(self, address: Address) -> ssl.SSLContext | None:
        if address.is_secure and self._context is None:
            self._context = client_context(self._tls, speaks="http/1.1")
        return self._context if address.is_secure else None


def post(
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    tls: Tls,
    proxy: str = "",
    timeout_s: float,
    method: str = "POST",
) -> HttpAnswer | NetworkFault:
    """One request on a connection of its own."""
    client = HttpClient(tls=tls, proxy=proxy)
    try:
        return client.request(url, headers, body, timeout_s=timeout_s, method=method)
    finally:
        client.close()
