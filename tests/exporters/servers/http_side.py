"""One connection of a test server that speaks HTTP/1.1."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple

from tests.exporters.servers import wire
from tests.exporters.servers.behaviour import Behaviour, refusal
from tests.exporters.servers.received import REJECTED, RESPONSES, Received, received

PAGE = b"<!DOCTYPE html><html><body>Please log in</body></html>"


class Situation(NamedTuple):
    """What a connection asks its server."""

    behaviour: Callable[[], Behaviour]
    is_over: Callable[[], bool]
    note: Callable[[Received], None]
    answer_headers: dict[str, str]


def serve_http(connection: socket.socket, situation: Situation) -> None:
    """Request after request, until one of both sides closes."""
    reader = connection.makefile("rb")
    while True:
        if situation.behaviour().name == "silent":
            return wire.wait(situation.is_over)
        line = reader.readline(65537)
        behaviour = situation.behaviour()
        if len(line.split()) != 3:
            return None
        fields = http.client.parse_headers(reader)
        headers = {name.lower(): value for name, value in fields.items()}
        if behaviour.name == "reset":
            return wire.reset(connection)
        raw = reader.read(int(headers.get("content-length", "0")))
        if not _answer(connection, line.split()[1].decode(), headers, raw, behaviour, situation):
            return None


def _answer(
    connection: socket.socket,
    path: str,
    headers: dict[str, str],
    raw: bytes,
    behaviour: Behaviour,
    situation: Situation,
) -> bool:
    """Whether the connection can go on."""
    try:
        said = received(path, headers, raw)
    except Exception as error:
        connection.sendall(_message(400, "text/plain", repr(error).encode()))
        return True
    situation.note(said)
    if _raw(connection, behaviour, situation):
        return False
    if behaviour.name == "slow":
        wire.wait(situation.is_over, float(behaviour.argument))
    status, kind, body = _said(said, behaviour)
    extra = situation.answer_headers if status != 200 else {}
    if behaviour.name == "redirect":
        extra = {"Location": "/elsewhere/v1/traces"}
    said.status = status
    connection.sendall(_message(status, kind, body, **extra))
    return True


def _raw(connection: socket.socket, behaviour: Behaviour, situation: Situation) -> bool:
    """Whether it was one of the ways to answer badly."""
    whole = _message(200, "application/x-protobuf", bytes(60))
    headers = whole[: -len(bytes(60))]
    if behaviour.name == "drip_headers":
        wire.drip(connection, whole, situation.is_over)
    elif behaviour.name == "drip_body":
        connection.sendall(headers)
        wire.drip(connection, bytes(60), situation.is_over)
    elif behaviour.name == "endless":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n\r\n")
        while not situation.is_over():
            connection.sendall(bytes(65536))
    elif behaviour.name == "garbage":
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    return behaviour.name in ("drip_headers", "drip_body", "endless", "garbage", "closes")


def _said(said: Received, behaviour: Behaviour) -> tuple[int, str, bytes]:
    """Status, content type, body."""
    if behaviour.name == "redirect":
        return 302, "text/plain", b""
    if behaviour.name == "html":
        return 200, "text/html; charset=utf-8", PAGE
    status = refusal(behaviour, said.records)
    if status:
        return status, "text/plain", b"no"
    if behaviour.name == "partial":
        said.rejected = behaviour.number
    return 200, *_taken(said)


def _taken(said: Received) -> tuple[str, bytes]:
    if said.signal == "events":
        return "application/json", b"{}"
    answer: Any = RESPONSES[said.signal]()
    if said.rejected:
        setattr(answer.partial_success, REJECTED[said.signal], said.rejected)
        answer.partial_success.error_message = "some were too old"
    if said.headers.get("content-type", "").startswith("application/json"):
        from google.protobuf.json_format import MessageToJson

        return "application/json", MessageToJson(answer).encode()
    return "application/x-protobuf", answer.SerializeToString()


def _message(status: int, kind: str, body: bytes, **headers: str) -> bytes:
    phrase = HTTPStatus(status).phrase if status in list(HTTPStatus) else "Unknown"
    fields = {"Content-Type": kind, "Content-Length": str(len(body)), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} {phrase}\r\n{lines}\r\n".encode() + body
