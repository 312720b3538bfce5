"""Unary calls of bytes to one address over gRPC, from settings alone.

gRPC's C core would take a proxy, CAs, retries and a resolver's wishes from the environment or from
DNS, and would share a connection, with the waiting time after a failure, among all channels of the
process: each is turned off here. Its waiting time (a second to two minutes, whatever a caller's
deadline) cannot be, so a channel is closed after a call that found no server, and the next call
connects anew.
"""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import quote

import grpc

from chaos_otel.config.destination import Destination
from chaos_otel.exporters.deadline import Deadline
from chaos_otel.exporters.grpc_answer import GrpcStatus
from chaos_otel.exporters.grpc_metadata import metadata_of
from chaos_otel.exporters.header_fields import USER_AGENT
from chaos_otel.exporters.route import Route
from chaos_otel.exporters.tls import pem_files

# an answer to an export is some bytes
MAX_ANSWER_BYTES = 1024 * 1024
# after one of these the connection may be gone
_BROKEN = ("CANCELLED", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE", "UNKNOWN")
# what gRPC itself says of a connection, where a server would speak of itself
_NO_CONNECTION = re.compile(
    "failed to connect|resolving|handshake|socket closed|connection reset|broken pipe|goaway|"
    "http1.x|parsing http/2|end of tcp stream",
    re.IGNORECASE,
)


class GrpcLine:
    """For one thread. Owns its channel."""

    def __init__(self, destination: Destination, route: Route) -> None:
        self._destination = destination
        self.route = route
        self._metadata = tuple(metadata_of(destination.headers, route.address))
        self._channel: grpc.Channel | None = None
        self._has_answered = False

    def call(self, method: str, body: bytes, deadline: Deadline) -> bytes | GrpcStatus:
        """The answer's bytes, or the status that came instead. Where the server had closed a
        connection that stood idle, the call is made once more on a new one. TimeoutError at the
        deadline, ConnectError, lasting, for a file that cannot be used."""
        had_answered = self._has_answered
        said = self._call(method, body, deadline)
        if had_answered and isinstance(said, GrpcStatus) and found_no_server(said):
            return self._call(method, body, deadline)
        return said

    def close(self) -> None:
        """Close the channel, at once; a later call opens another one."""
        if self._channel is not None:
            self._channel.close()
        self._channel = None
        self._has_answered = False

    def _call(self, method: str, body: bytes, deadline: Deadline) -> bytes | GrpcStatus:
        if self._channel is None:
            self._channel = _open_channel(self._destination, self.route)
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(method)
        try:
            said = call(body, timeout=deadline.remaining_s(), metadata=self._metadata)
        except grpc.RpcError as error:
            status = _status(error)
            self._has_answered = status.code not in _BROKEN
            if not self._has_answered:
                self.close()
            return status
        self._has_answered = True
        return said


def found_no_server(said: GrpcStatus) -> bool:
    """Whether it is gRPC's own word about a connection, not a server's answer."""
    return said.code in _BROKEN and _NO_CONNECTION.search(said.details) is not None


def _status(error: Any) -> GrpcStatus:
    """Of a blocking call's `grpc.RpcError`, which is the call itself too."""
    trailing = dict(error.trailing_metadata() or ())
    details_bin = trailing.get("grpc-status-details-bin", b"")
    return GrpcStatus(
        error.code().name,
        error.details() or "",
        details_bin if isinstance(details_bin, bytes) else b"",
    )


def _open_channel(destination: Destination, route: Route) -> grpc.Channel:
    """It connects when it is first used."""
    target = f"dns:///{route.address.place}"
    compression = grpc.Compression.Gzip if destination.gzip else grpc.Compression.NoCompression
    options = _options(route)
    if not route.address.is_secure:
        return grpc.insecure_channel(target, options=options, compression=compression)
    roots, key, chain = pem_files(destination.tls)
    credentials = grpc.ssl_channel_credentials(roots, key, chain)
    return grpc.secure_channel(target, credentials, options=options, compression=compression)


def _options(route: Route) -> list[tuple[str, str | int]]:
    options: list[tuple[str, str | int]] = [
        ("grpc.enable_http_proxy", 0 if route.proxy is None else 1),
        ("grpc.enable_retries", 0),
        ("grpc.service_config_disable_resolution", 1),
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_receive_message_length", MAX_ANSWER_BYTES),
        ("grpc.primary_user_agent", USER_AGENT),
    ]
    if route.proxy is not None:
        user = _user(route.fields.get("Proxy-Authorization", ""))
        options.append(("grpc.http_proxy", f"http://{user}{route.proxy.place}"))
    return options


def _user(authorization: str) -> str:
    """`user:password@`: gRPC knows no other way to authorise at a proxy."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return quote(base64.b64decode(encoded).decode(), safe=":") + "@"
    except ValueError:
        return ""
