"""OTLP over gRPC to one destination: unary calls of bytes, without generated stubs.

A channel lives as long as its calls succeed. After one that did not reach the server it is closed,
so that the next call connects anew instead of waiting for gRPC's own back-off (which is a second to
two minutes, whatever a caller's deadline).
"""

from __future__ import annotations

import re
from typing import Any

import grpc

from chaos_otel.config.destination import Destination, Signal
from chaos_otel.exporters.address import Address, address_of
from chaos_otel.exporters.answer import Answer, Later, Paused
from chaos_otel.exporters.deadline import Deadline
from chaos_otel.exporters.diagnosis import diagnosed
from chaos_otel.exporters.grpc_answer import GrpcStatus, answer_to
from chaos_otel.exporters.grpc_channel import open_channel
from chaos_otel.exporters.grpc_metadata import metadata_of, metadata_problem
from chaos_otel.exporters.guarded_send import guarded
from chaos_otel.exporters.http_request import proxy_of
from chaos_otel.exporters.network_fault import ConnectError, NetworkFault
from chaos_otel.exporters.otlp_response import from_protobuf
from chaos_otel.exporters.plain_text import plain_text_problem

_METHODS: dict[Signal, str] = {
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
}
# after one of these the connection may be gone
_BROKEN = ("CANCELLED", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE", "UNKNOWN")
# what gRPC itself says of a connection, where a server would speak of itself
_NO_CONNECTION = re.compile(
    "failed to connect|resolving|handshake|socket closed|connection reset|broken pipe|goaway|"
    "http1.x|parsing http/2|end of tcp stream",
    re.IGNORECASE,
)


class GrpcSender:
    """A `Sender`. For one thread; owns its channel."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination
        self._channel: grpc.Channel | None = None
        self._opened_for = ""
        self._has_answered = False

    def send(self, signal: Signal, body: bytes, *, timeout_s: float, key: str = "") -> Answer:
        """As `Sender.send`, and never longer than the destination's own timeout. OTLP has no
        idempotency key: the ids in `body` are the same whenever it is sent."""
        deadline = Deadline(min(timeout_s, self._destination.timeout_s))
        return guarded(self._destination, lambda: self._send(signal, body, deadline))

    def close(self) -> None:
        """Close the channel, at once; a later call opens another one."""
        if self._channel is not None:
            self._channel.close()
        self._channel = None
        self._has_answered = False

    def _send(self, signal: Signal, body: bytes, deadline: Deadline) -> Answer:
        url = self._destination.urls.get(signal)
        if url is None or signal not in _METHODS:
            return Paused(f"it has no address for {signal}; set one")
        try:
            address, proxy = self._checked(url)
            if url != self._opened_for:
                self.close()
            had_answered = self._has_answered
            said = self._call(signal, body, url, address, proxy, deadline)
            if had_answered and isinstance(said, GrpcStatus) and _is_connection(said):
                # it had closed a connection that stood idle: once more, on a new one
                said = self._call(signal, body, url, address, proxy, deadline)
            return self._answer(signal, said, address, proxy, deadline)
        except ConnectError as error:
            return _as_answer(error.fault)
        except TimeoutError:
            return Later(f"no answer within {deadline.timeout_s:g} s")

    def _checked(self, url: str) -> tuple[Address, Address | None]:
        """Where to send; ConnectError, lasting, if nothing must be sent there."""
        try:
            address = address_of(url)
            proxy = proxy_of(self._destination.proxy)
        except ValueError as error:
            raise _wrong(f"{error}; correct the setting") from error
        problem = plain_text_problem(address, proxy, self._destination.tls)
        problem = problem or metadata_problem(self._destination.headers)
        if problem:
            raise _wrong(problem)
        return address, proxy

    def _call(
        self,
        signal: Signal,
        body: bytes,
        url: str,
        address: Address,
        proxy: Address | None,
        deadline: Deadline,
    ) -> bytes | GrpcStatus:
        """The answer's bytes, or the status that came instead. The channel is kept or closed."""
        if self._channel is None:
            self._channel = open_channel(self._destination, address, proxy)
            self._opened_for = url
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(
            _METHODS[signal]
        )
        metadata = tuple(metadata_of(self._destination.headers, address))
        try:
            said = call(body, timeout=deadline.remaining_s(), metadata=metadata)
        except grpc.RpcError as error:
            status = _status(error)
            if status.code in _BROKEN:
                self.close()
            else:
                self._has_answered = True
            return status
        self._has_answered = True
        return said

    def _answer(
        self,
        signal: Signal,
        said: bytes | GrpcStatus,
        address: Address,
        proxy: Address | None,
        deadline: Deadline,
    ) -> Answer:
        if isinstance(said, bytes):
            understood = from_protobuf(signal, said)
            return understood or Paused("its answer is not OTLP; check its address")
        if said.code == "DEADLINE_EXCEEDED" and not said.details_bin:
            return Later(f"no answer within {deadline.timeout_s:g} s")
        answer = answer_to(said)
        if isinstance(answer, Later) and proxy is None and _is_connection(said):
            cause = diagnosed(address, self._destination.tls, deadline, speaks="h2")
            return _as_answer(cause) if cause is not None else answer
        return answer


def _status(error: Any) -> GrpcStatus:
    """Of a blocking call's `grpc.RpcError`, which is the call itself too."""
    trailing = dict(error.trailing_metadata() or ())
    details_bin = trailing.get("grpc-status-details-bin", b"")
    return GrpcStatus(
        error.code().name,
        error.details() or "",
        details_bin if isinstance(details_bin, bytes) else b"",
    )


def _is_connection(said: GrpcStatus) -> bool:
    return said.code in _BROKEN and _NO_CONNECTION.search(said.details) is not None


def _as_answer(fault: NetworkFault) -> Answer:
    return Paused(fault.reason) if fault.is_lasting else Later(fault.reason)


def _wrong(reason: str) -> ConnectError:
    return ConnectError(NetworkFault(reason, is_lasting=True))
