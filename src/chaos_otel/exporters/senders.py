"""What exists to send with, by the protocol of a destination. Each is loaded where it is used:
gRPC alone takes a tenth of a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from chaos_otel.config.destination import Destination
from chaos_otel.exporters.answer import Sender


def open_sender(destination: Destination) -> Sender:
    """A sender for it, which connects when it first sends. For one thread; to be opened before
    there are others (see `grpc_surroundings`)."""
    way = destination.protocol if destination.kind == "otlp" else destination.kind
    return _SENDERS[way](destination)


def _http(destination: Destination) -> Sender:
    from chaos_otel.exporters.http_sender import HttpSender

    return HttpSender(destination)


def _grpc(destination: Destination) -> Sender:
    from chaos_otel.exporters.grpc_surroundings import set_apart

    set_apart()
    from chaos_otel.exporters.grpc_sender import GrpcSender

    return GrpcSender(destination)


def _endpoint(destination: Destination) -> Sender:
    from chaos_otel.exporters.endpoint_sender import EndpointSender

    return EndpointSender(destination)


_SENDERS: Mapping[str, Callable[[Destination], Sender]] = MappingProxyType(
    {
        "http/protobuf": _http,
        "http/json": _http,
        "grpc": _grpc,
        "endpoint": _endpoint,
    }
)
