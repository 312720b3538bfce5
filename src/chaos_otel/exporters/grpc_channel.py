"""A gRPC channel to one address, from settings alone.

gRPC's C core would take a proxy, CAs, retries and a resolver's wishes from the environment or from
DNS, and would share a connection, with the waiting time after a failure, among all channels of the
process: each is turned off here. Its waiting time cannot be, so a channel is thrown away after a
failure (see `grpc_sender`).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import quote

import grpc

from chaos_otel.config.destination import Destination
from chaos_otel.exporters.address import Address
from chaos_otel.exporters.header_fields import USER_AGENT, proxy_fields
from chaos_otel.exporters.tls import pem_files

# an answer to an export is some bytes
MAX_ANSWER_BYTES = 1024 * 1024


def open_channel(destination: Destination, address: Address, proxy: Address | None) -> grpc.Channel:
    """A channel that connects when it is first used. ConnectError, lasting, for a file that
    cannot be used."""
    target = f"dns:///{_place(address)}"
    options = _options(proxy, proxy_fields(destination.headers, proxy) if proxy else {})
    compression = grpc.Compression.Gzip if destination.gzip else grpc.Compression.NoCompression
    if not address.is_secure:
        return grpc.insecure_channel(target, options=options, compression=compression)
    roots, key, chain = pem_files(destination.tls)
    credentials = grpc.ssl_channel_credentials(roots, key, chain)
    return grpc.secure_channel(target, credentials, options=options, compression=compression)


def _options(proxy: Address | None, for_proxy: Mapping[str, str]) -> list[tuple[str, str | int]]:
    options: list[tuple[str, str | int]] = [
        ("grpc.enable_http_proxy", 0 if proxy is None else 1),
        ("grpc.enable_retries", 0),
        ("grpc.service_config_disable_resolution", 1),
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_receive_message_length", MAX_ANSWER_BYTES),
        ("grpc.primary_user_agent", USER_AGENT),
    ]
    if proxy is not None:
        user = _user(for_proxy.get("Proxy-Authorization", ""))
        options.append(("grpc.http_proxy", f"http://{user}{_place(proxy)}"))
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


def _place(address: Address) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{host}:{address.port}"
