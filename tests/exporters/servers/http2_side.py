"""One connection of a test server that answers a gRPC call with bytes of its own making: dripping,
endless, or with the HTTP status of a proxy in between. It reads no header of the call."""

from __future__ import annotations

import socket

from tests.exporters.servers import wire
from tests.exporters.servers.behaviour import Behaviour
from tests.exporters.servers.http_side import PAGE, Situation

_DATA, _HEADERS, _SETTINGS = 0, 1, 4
_ACK = _END_STREAM = 1
_END_HEADERS = 4
_HTTP_STATUS = {"redirect": 302, "html": 200}


def serve_http2(connection: socket.socket, situation: Situation) -> None:
    """One call, as the behaviour wants it."""
    behaviour = situation.behaviour()
    if behaviour.name == "silent":
        return wire.wait(situation.is_over)
    if behaviour.name == "garbage":
        connection.recv(24)
        return connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    if behaviour.name == "drip_headers":
        return wire.drip(connection, _frame(_SETTINGS) + bytes(60), situation.is_over)
    connection.sendall(_frame(_SETTINGS))
    stream = _stream_of_first_call(connection)
    connection.sendall(_frame(_SETTINGS, _ACK))
    if behaviour.name == "reset":
        return wire.reset(connection)
    if behaviour.name != "closes":
        _answer(connection, stream, behaviour, situation)
        wire.wait(situation.is_over, 2.0)
    return None


def _answer(
    connection: socket.socket, stream: int, behaviour: Behaviour, situation: Situation
) -> None:
    if behaviour.name in ("drip_body", "endless"):
        head = _block(200, "application/grpc")
        connection.sendall(_frame(_HEADERS, _END_HEADERS, stream, head))
        if behaviour.name == "drip_body":
            body = _frame(_DATA, 0, stream, bytes((0, 0, 0, 0, 60)) + bytes(60))
            return wire.drip(connection, body, situation.is_over)
        return _endless(connection, stream, situation)
    status = _HTTP_STATUS.get(behaviour.name) or behaviour.number
    head = _block(status, "text/html")
    connection.sendall(_frame(_HEADERS, _END_HEADERS, stream, head))
    return connection.sendall(_frame(_DATA, _END_STREAM, stream, PAGE))


def _endless(connection: socket.socket, stream: int, situation: Situation) -> None:
    """A message of two gigabytes, as far as the window goes."""
    connection.sendall(_frame(_DATA, 0, stream, bytes((0, 0x7F, 0xFF, 0xFF, 0xFF))))
    while not situation.is_over():
        connection.sendall(_frame(_DATA, 0, stream, bytes(8192)))
        wire.wait(situation.is_over, 0.01)


def _stream_of_first_call(connection: socket.socket) -> int:
    reader = connection.makefile("rb")
    reader.read(24)
    while True:
        head = reader.read(9)
        if len(head) < 9:
            raise ConnectionError("closed before a call")
        reader.read(int.from_bytes(head[:3], "big"))
        if head[3] == _HEADERS:
            return int.from_bytes(head[5:9], "big")


def _frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    length = len(payload).to_bytes(3, "big")
    return length + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def _block(status: int, content_type: str) -> bytes:
    """HPACK without compression: `:status` (name 8 of the static table), then a literal field."""
    code = str(status).encode()
    name, value = b"content-type", content_type.encode()
    return (
        bytes((0x08, len(code)))
        + code
        + bytes((0, len(name)))
        + name
        + bytes((len(value),))
        + value
    )
