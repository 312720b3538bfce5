"""A server for tests that takes OTLP (or event documents) on loopback, well or badly."""

from __future__ import annotations

import socket
import ssl
import threading
from types import TracebackType
from typing import Any, Literal

from tests.exporters.servers import wire
from tests.exporters.servers.behaviour import RAW_GRPC, UNCONNECTED, Behaviour, behaviour_of
from tests.exporters.servers.certificates import Certificate
from tests.exporters.servers.grpc_side import start_grpc
from tests.exporters.servers.http2_side import serve_http2
from tests.exporters.servers.http_side import Situation, serve_http
from tests.exporters.servers.received import Received


class OtlpServer:
    """On one port as long as it lives; `become` changes how it behaves, on the same port.

    `requests` has all that arrived, in order; `retry_after` goes with each refusal (as RetryInfo
    in gRPC, when it is a number).
    """

    def __init__(
        self,
        behaviour: str = "healthy",
        *,
        protocol: Literal["http", "grpc"] = "http",
        tls: Certificate | None = None,
        retry_after: str = "",
    ) -> None:
        self.protocol = protocol
        self.tls = tls
        self.retry_after = retry_after
        self.requests: list[Received] = []
        self.connections = 0
        self._reserved = wire.bound(0)
        self.port: int = self._reserved.getsockname()[1]
        self._behaviour = Behaviour("refused")
        self._epoch = 0
        self._sockets: list[socket.socket] = []
        self._grpc: Any = None
        self.become(behaviour)

    def __enter__(self) -> OtlpServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Its base address, by IP address (the certificates of this machine name it)."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def taken(self) -> list[Received]:
        """What it said it has."""
        return [one for one in self.requests if one.is_taken]

    def records(self, signal: str = "traces") -> list[Any]:
        """Spans, log records, metrics or event documents that it said it has."""
        return [record for one in self.taken if one.signal == signal for record in one.records]

    def span_ids(self) -> list[str]:
        """Of the spans that it said it has, in order, repeated ones repeated."""
        return [span.span_id.hex() for span in self.records("traces")]

    def become(self, behaviour: str) -> None:
        """Behave otherwise from now on. Connections are closed where the way of serving changes."""
        new = behaviour_of(behaviour)
        old_way, self._behaviour = self._way(self._behaviour), new
        if self._way(new) != old_way or new.name in UNCONNECTED:
            self._stop()
            self._start()

    def close(self) -> None:
        """Stop, and give the port back."""
        self._stop()
        self._reserved.close()

    def _way(self, behaviour: Behaviour) -> str:
        if behaviour.name in UNCONNECTED:
            return behaviour.name
        if self.protocol == "http":
            return "http"
        return "http2" if behaviour.name in RAW_GRPC else "grpc"

    def _situation(self) -> Situation:
        epoch = self._epoch
        headers = {"Retry-After": self.retry_after} if self.retry_after else {}
        return Situation(
            lambda: self._behaviour,
            lambda: self._epoch != epoch,
            self.requests.append,
            headers,
        )

    def _start(self) -> None:
        way = self._way(self._behaviour)
        if way == "hanging":
            self._sockets = wire.filled(self.port)
        elif way == "grpc":
            self._grpc = start_grpc(self.port, self.tls, self._situation())
        elif way != "refused":
            listener = wire.bound(self.port)
            listener.listen(128)
            self._sockets = [listener]
            serve = serve_http if way == "http" else serve_http2
            arguments = (listener, serve, self._situation())
            threading.Thread(target=self._accept, args=arguments, daemon=True).start()

    def _stop(self) -> None:
        self._epoch += 1
        for one in self._sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
        self._sockets = []
        if self._grpc is not None:
            self._grpc.stop(None).wait()
            self._grpc = None

    def _accept(self, listener: socket.socket, serve: Any, situation: Situation) -> None:
        while not situation.is_over():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(connection)
            arguments = (connection, serve, situation)
            threading.Thread(target=self._serve, args=arguments, daemon=True).start()

    def _serve(self, connection: socket.socket, serve: Any, situation: Situation) -> None:
        try:
            if self.tls is not None:
                connection = _secured(connection, self.tls, self.protocol)
                self._sockets.append(connection)
            serve(connection, situation)
        except (OSError, ValueError):
            pass
        finally:
            connection.close()


def _secured(
    connection: socket.socket, tls: Certificate, protocol: Literal["http", "grpc"]
) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.certificate_file, tls.key_file)
    context.set_alpn_protocols(["http/1.1" if protocol == "http" else "h2"])
    if tls.client_ca_file:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(tls.client_ca_file)
    return context.wrap_socket(connection, server_side=True)
