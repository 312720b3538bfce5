"""The HTTP side of the receiver: who may send, how much, how slowly, and what is answered.

Serves a socket that listens already. Whoever does not know the token learns nothing but that there
is a web server. Knows nothing of inbox and records: what arrives goes to `take`.
"""

from __future__ import annotations

import hmac
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Final, TypeAlias

from google.protobuf.message import Message

from chaos_otel.sources.otlp.body import Unreadable, read_body
from chaos_otel.sources.otlp.requests import JSON, PROTOBUF, SIGNALS, answer, decode, refusal

CONNECTIONS_MAX: Final = 32
CONNECTION_S: Final = 10.0
LOOK_S: Final = 0.2
REFUSED_READS_MAX: Final = 10_000

Taker: TypeAlias = Callable[[str, Message], tuple[int, str]]
"""Takes a signal's request; says how many of its items it did not take, and why."""


class Server(ThreadingMixIn, TCPServer):
    """Serves requests to `/TOKEN/v1/SIGNAL`, one a connection, each for at most `connection_s`.

    More than 32 at a time wait their turn. Owns `listening_fd`.
    """

    daemon_threads = True

    def __init__(
        self, listening_fd: int, *, token: str, take: Taker, connection_s: float = CONNECTION_S
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = socket.socket(fileno=listening_fd)
        self.server_address = self.socket.getsockname()
        self.token = token
        self.take = take
        self._connection_s = connection_s
        self._slots = threading.Semaphore(CONNECTIONS_MAX)
        self._since_s: dict[socket.socket, float] = {}

    def serve(self) -> None:
        """Serve until the process ends."""
        self.serve_forever(LOOK_S)

    def service_actions(self) -> None:
        """Between requests and at least every 0.2 s: end the connections that take too long."""
        until_s = time.monotonic() - self._connection_s
        for connection, since_s in list(self._since_s.items()):
            if since_s < until_s:
                _shut(connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Wait for a free place, then serve it in a thread."""
        while not self._slots.acquire(timeout=LOOK_S):
            self.service_actions()
        self._since_s[request] = time.monotonic()
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread to be had
            self.shutdown_request(request)

    def shutdown_request(self, request: Any) -> None:
        """The end of every connection."""
        if self._since_s.pop(request, None) is not None:
            self._slots.release()
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of ours, and there is nobody to tell."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "chaos-otel"
    sys_version = ""
    timeout = CONNECTION_S

    def do_POST(self) -> None:
        """Take a request in."""
        signal = self._signal()
        if signal is None:
            self._say(404)
            return
        content_type = self._header("content-type").partition(";")[0].strip()
        try:
            if content_type not in (PROTOBUF, JSON):
                raise Unreadable(415, f"send {PROTOBUF} or {JSON}")
            message = self._message(signal, content_type)
        except Unreadable as fault:
            kind = JSON if content_type == JSON else PROTOBUF
            self._say(fault.status, refusal(str(fault), kind), kind)
            self._let_finish()
            return
        rejected, reason = self.server.take(signal, message)
        body = answer(signal, content_type, rejected=rejected, reason=reason)
        self._say(200, body, content_type)

    def do_GET(self) -> None:
        """Nothing is given out."""
        self._say(404 if self._signal() is None else 405)

    do_HEAD = do_PUT = do_DELETE = do_OPTIONS = do_GET

    def _message(self, signal: str, content_type: str) -> Message:
        body = read_body(
            self.rfile,
            length=self.headers.get("content-length"),
            transfer=self._header("transfer-encoding"),
            encoding=self._header("content-encoding"),
        )
        try:
            return decode(signal, body, content_type)
        except ValueError as error:
            raise Unreadable(400, str(error)) from error

    def _signal(self) -> str | None:
        """The signal that the path names, if whoever asks knows the token."""
        token, _, rest = self.path.removeprefix("/").partition("/")
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self.server.token.encode()):
            return None
        version, _, signal = rest.partition("/")
        return signal if version == "v1" and signal in SIGNALS else None

    def _header(self, name: str) -> str:
        return (self.headers.get(name) or "").strip().lower()

    def _say(self, status: int, body: bytes = b"", content_type: str = "") -> None:
        """Answer, and end the connection: what it sent beyond this request is not read."""
        self.close_connection = True
        self.send_response(status)
        if content_type:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _let_finish(self) -> None:
        """Read what a refused client still sends: closing now would take the answer from it, and it
        would try again."""
        self.connection.shutdown(socket.SHUT_WR)
        for _ in range(REFUSED_READS_MAX):
            if not self.rfile.read1():
                break

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: a path holds the token."""


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it has just ended by itself
