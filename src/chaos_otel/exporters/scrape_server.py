"""A small /metrics endpoint on loopback, for as long as its owner lives; the standard library does.

Knows how to answer a scrape, not where the metrics come from. `server/` is the one for a service.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from chaos_otel.errors import ChaosOtelError, MetricsError
from chaos_otel.exporters.prometheus_text import Exposition

HOST = "127.0.0.1"
PATH = "/metrics"
_PATIENCE_S = 10.0
_AGAIN_S = 0.1
_WORDS = "text/plain; charset=utf-8"


class ScrapeServer:
    """Answers GET and HEAD of /metrics, each in a thread of its own. Owns its socket."""

    def __init__(self, port: int, answer: Callable[[str], Exposition]) -> None:
        """Listen on loopback; `answer` is called with each request's Accept header, in any thread.

        MetricsError where the port cannot be had.
        """
        self._over = threading.Event()
        try:
            self._server = _Server((HOST, port), _handler(answer), over=self._over)
        except OSError as error:
            raise MetricsError(
                f"cannot serve metrics on {HOST}:{port} ({(error.strerror or str(error)).lower()})",
                hint="name another --prometheus-port",
            ) from error
        self.port = self._server.server_port
        threading.Thread(target=self._server.accept, name="scrapes", daemon=True).start()

    def close(self) -> None:
        """Answer nobody any more, at once."""
        self._over.set()
        try:
            self._server.socket.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept()
        except OSError:
            pass
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a scraper that is slow must not hold up who waits for the run's end

    def __init__(
        self,
        address: tuple[str, int],
        handler: type[BaseHTTPRequestHandler],
        *,
        over: threading.Event,
    ) -> None:
        super().__init__(address, handler)
        self._over = over

    def accept(self) -> None:
        """Until it is closed. The standard library's `serve_forever` looks twice a second whether
        it was: a run would wait for that."""
        while not self._over.is_set():
            try:
                connection, address = self.socket.accept()
            except OSError:  # closed, or a scraper has gone already, or there are no descriptors
                self._over.wait(_AGAIN_S)
                continue
            self.process_request(connection, address)

    def handle_error(self, request: object, client_address: object) -> None:
        """A scraper that went away is nobody to tell."""


def _handler(answer: Callable[[str], Exposition]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _PATIENCE_S
        server_version, sys_version = "chaos-otel", ""

        def do_GET(self) -> None:
            self._reply(with_body=True)

        def do_HEAD(self) -> None:
            self._reply(with_body=False)

        def _reply(self, *, with_body: bool) -> None:
            status, (content_type, body) = self._found()
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def _found(self) -> tuple[int, Exposition]:
            if self.path.partition("?")[0] != PATH:
                return 404, Exposition(_WORDS, f"the metrics are at {PATH}\n".encode("ascii"))
            try:
                return 200, answer(self.headers.get("Accept", ""))
            except ChaosOtelError as error:
                return 503, Exposition(_WORDS, f"{error}\n".encode())

        def log_message(self, format: str, *args: object) -> None:
            """Its stderr is nobody's."""

    return Handler
